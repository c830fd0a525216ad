"""Captions altered by rule, each against the original for the same clip: comparisons that nobody was asked about."""
