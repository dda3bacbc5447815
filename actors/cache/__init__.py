"""The one writer of state, its journal, and the web's read side."""
