"""What every child process has inside; the only place that does I/O towards venues."""
