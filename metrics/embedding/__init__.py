"""How work is done once: embeddings of clips and captions, in batches, prefetched, kept in a store."""
