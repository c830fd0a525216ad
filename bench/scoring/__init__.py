"""Scores of clips that nobody rated, by the million: streamed in shards, resumable, on one worker or many."""
