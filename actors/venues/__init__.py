"""Venues as pure protocol code: bytes in, events out; no socket, loop, clock or logger."""
