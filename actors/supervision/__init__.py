"""What keeps the processes alive."""
