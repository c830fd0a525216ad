"""BRACE-Main, votes between captions of one clip, and scores that others published of its captions: data, and a reader.

The CSV files are made from the publishers' files by ``nox -s brace``; NOTICE says whose they are.
"""
