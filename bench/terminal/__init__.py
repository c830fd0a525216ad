"""What commands share: the console, progress bars, the log file, options."""
