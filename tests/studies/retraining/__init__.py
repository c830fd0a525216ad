"""How the shipped models were made: ``tiny`` from scratch, and from it a metric fine-tuned on the demo's ratings."""
