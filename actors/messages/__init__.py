"""The vocabulary of the bus: frozen structs, no behaviour, no I/O."""
