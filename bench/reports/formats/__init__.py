"""A report as Markdown, on the terminal, as LaTeX, CSV and JSON."""
