"""Programs that measure and attack, run by nox."""
