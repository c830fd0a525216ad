"""What goes wrong on users' machines, and what strangers send."""
