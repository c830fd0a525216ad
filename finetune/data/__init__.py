"""Rated pairs, their features and their splits."""
