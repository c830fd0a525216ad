"""Everything that is written and read again, written and read again: see `tests.studies.round_trips.__main__`."""
