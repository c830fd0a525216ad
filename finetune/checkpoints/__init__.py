"""Models in folders: bases, conversions, cards, evaluation."""
