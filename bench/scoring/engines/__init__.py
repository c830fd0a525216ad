"""Engines hand shards to workers that each hold the models; what a shard's scores are is no affair of theirs."""
