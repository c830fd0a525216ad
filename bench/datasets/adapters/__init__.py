"""One file a data set: what it is, where its files are, how they are read."""
