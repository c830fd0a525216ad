"""What lies in the folder of a run, and how each file is written and read."""
