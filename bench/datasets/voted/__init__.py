"""Data sets of votes: by name, or a user's own CSV file."""
