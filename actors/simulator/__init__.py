"""Venues on loopback that speak their real wire protocols; they share no code with the venues."""
