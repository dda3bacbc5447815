"""Where account events go to stay: the recorder, its stores, and how they are read back."""
