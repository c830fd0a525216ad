"""Benchmark of audio-text metrics against human ratings."""

__version__ = "0.1.0"
