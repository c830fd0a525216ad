"""Plugins are tried from the command line too, where users meet them."""

from tests.bench.conftest import _own_working_directory, ratings_csv

__all__ = ["_own_working_directory", "ratings_csv"]
