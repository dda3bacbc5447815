"""FRONTEND_ONLY: serves the dashboard here and relays all else to one remote collector."""
