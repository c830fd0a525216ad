"""A scorer in a process of its own, whose packages do not go with ours."""
