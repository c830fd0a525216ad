"""The embedded data set: synthesised sounds and simulated listeners."""
