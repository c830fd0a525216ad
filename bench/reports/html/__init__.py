"""One self-contained HTML page of a run: tables, figures, manifest, and every pair to listen to."""
