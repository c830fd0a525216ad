"""One file a command (or family of commands) of ``bench``; `bench.cli` puts them together."""
