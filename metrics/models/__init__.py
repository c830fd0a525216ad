"""One upstream model a pair of files: a description that loads no torch, and the code that runs it."""
