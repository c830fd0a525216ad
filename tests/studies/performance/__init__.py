"""Measurements against named peers, run by ``nox -s performance``; figures are kept in docs/performance.md."""
