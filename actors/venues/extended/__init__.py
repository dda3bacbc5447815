"""Extended (Starknet perpetuals): its wire, read and written."""
