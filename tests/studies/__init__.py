"""Programs that nox runs: measurements, simulations, attacks; pytest collects only their tests."""
