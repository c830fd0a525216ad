"""Training of Human-CLAP variants from human ratings."""
