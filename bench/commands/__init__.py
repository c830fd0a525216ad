"""The parts of the command line: each module parses, calls what does the work, and prints."""
