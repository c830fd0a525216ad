"""Joins data, scores and statistics: what a run's tables are made of."""
