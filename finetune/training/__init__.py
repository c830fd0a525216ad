"""One step of training, its losses, order, state and validation."""
