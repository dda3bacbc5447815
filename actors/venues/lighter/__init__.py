"""Venue Lighter (zkLighter): perpetuals and spot, prices in USDC."""
