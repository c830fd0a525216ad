"""Developer sessions: ``nox -s check tests`` is what every commit must pass.

All but ``isolated`` run in the environment that nox itself is installed in (see docs/decisions): an environment with
torch and both CLAP packages takes 6 GB, and one is enough.
"""

from __future__ import annotations

import shutil

import nox

nox.options.sessions = ["check", "tests"]

# A worker a core, of one thread each: those of two workers would wait for each other. A file's tests stay together,
# since they share what its fixtures build.
WORKERS = ("-n", "logical", "--maxprocesses", "8", "--dist", "loadfile")
ONE_THREAD = {"OMP_NUM_THREADS": "1"}

LOCK = "docs/reference-environment.txt"
REFERENCE = ("--python-version", "3.11", "--python-platform", "x86_64-unknown-linux-gnu", "--all-extras")


@nox.session(venv_backend="none")
def check(session: nox.Session) -> None:
    """Lint, format, types and the direction of imports."""
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """What is tested in minutes: something of every capability; arguments after ``--`` go to pytest."""
    session.run("pytest", *WORKERS, "-m", "not slow and not browser and not ray", *session.posargs, env=ONE_THREAD)


@nox.session(venv_backend="none")
def slow(session: nox.Session) -> None:
    """The other tests: models of full size, processes that are killed, whole demos, LaTeX, long simulations."""
    session.run("pytest", *WORKERS, "-m", "slow and not browser and not ray", *session.posargs, env=ONE_THREAD)


@nox.session(venv_backend="none")
def browser(session: nox.Session) -> None:
    """Open the HTML page in headless Chromium; pictures of it go to build/screenshots."""
    if not shutil.which("chromium") or not shutil.which("chromedriver"):
        session.skip("no chromium and chromedriver on PATH; on Debian: apt-get install chromium chromium-driver")
    session.run("pytest", "tests/browser", "-m", "browser", *session.posargs)


@nox.session(venv_backend="none")
def ray(session: nox.Session) -> None:
    """Score on a local Ray cluster of two workers (``pip install 'clap-bench[ray]'`` first), one of which is killed."""
    session.run("pytest", "tests/bench/scoring/test_ray.py", "-m", "ray", *session.posargs)


@nox.session(venv_backend="none")
def performance(session: nox.Session) -> None:
    """Measure speed and memory against named peers; the figures belong in docs/performance.md."""
    every = ("startup", "statistics_speed", "run_speed", "scorers_speed", "finetune_speed", "score_speed")
    for name in session.posargs or every:
        session.run("python", "-m", f"tests.studies.performance.{name}")


@nox.session(venv_backend="none")
def coverage(session: nox.Session) -> None:
    """Simulate the coverage of intervals and the error rates of tests; writes the tables of docs/statistics.md."""
    session.run("python", "-m", "tests.studies.simulations.coverage", *session.posargs)


@nox.session(venv_backend="venv")
def isolated(session: nox.Session) -> None:
    """Run ``isolated:ms`` under the newest core; builds two environments, of several GB each."""
    session.install(".")
    session.run(
        "python", "-m", "tests.studies.isolation", env={"CLAP_BENCH_CACHE_DIR": session.create_tmp(), "PYTHONPATH": "."}
    )


@nox.session(venv_backend="none")
def docs(session: nox.Session) -> None:
    """Write what the README shows of the demo; ``-- --check`` only says whether it is current."""
    session.run("python", "-m", "tests.studies.documents", *session.posargs)


@nox.session(venv_backend="none")
def results(session: nox.Session) -> None:
    """Make the worked example in results/brace; ``-- --check`` makes it again and compares it to the byte."""
    session.run("python", "-m", "tests.studies.example_results", *session.posargs)


@nox.session(venv_backend="none")
def fuzz(session: nox.Session) -> None:
    """Attack every parser (``pip install atheris`` first); writes the table of docs/reliability.md."""
    session.run("python", "-m", "tests.studies.fuzzing.fuzz", *session.posargs)


@nox.session(venv_backend="none")
def run_folders(session: nox.Session) -> None:
    """Damage a finished run in 2,000 ways, and read each with every command that reads runs; needs Linux."""
    session.run("python", "-m", "tests.studies.attacks.run_folders", *session.posargs)


@nox.session(venv_backend="none")
def round_trips(session: nox.Session) -> None:
    """Write and read again 100,000 values of every kind of file; writes the table of docs/reliability.md."""
    session.run("python", "-m", "tests.studies.round_trips", *session.posargs)


@nox.session(venv_backend="none")
def faults(session: nox.Session) -> None:
    """Kill every long command at random moments, 50 times each; writes the table of docs/reliability.md."""
    session.run("python", "-m", "tests.studies.faults.kills", *session.posargs)


@nox.session(venv_backend="none")
def disturbances(session: nox.Session) -> None:
    """Fill disks, lock and damage stores, run twice at once; needs root; writes the table of docs/reliability.md."""
    session.run("python", "-m", "tests.studies.faults.disturbances", *session.posargs)


@nox.session(venv_backend="none")
def mutation(session: nox.Session) -> None:
    """Plant small faults in the numerical core (``pip install cosmic-ray`` first) and see that the tests notice."""
    session.run("python", "-m", "tests.studies.mutation.check", *session.posargs)


@nox.session(venv_backend="none")
def branches(session: nox.Session) -> None:
    """Branch coverage of the same files, of each at least 95 %; compiled kernels run once more as plain Python."""
    session.run("python", "-m", "tests.studies.mutation.branches", *session.posargs)


@nox.session(venv_backend="none")
def tiny(session: nox.Session) -> None:
    """Train the shipped models anew in build/, with three seeds; ``-- --ship`` puts them into the package."""
    session.run("python", "-m", "tests.studies.retraining", *session.posargs)


@nox.session(venv_backend="venv")
@nox.parametrize("end", ["lowest", "newest"])
def dependencies(session: nox.Session, end: str) -> None:
    """Test the core, without both CLAP packages, with the lowest and the newest versions that pyproject.toml allows."""
    session.install("uv")
    versions = f"{session.create_tmp()}/{end}.txt"
    resolution = "lowest-direct" if end == "lowest" else "highest"
    compile_ = ("uv", "pip", "compile", "pyproject.toml", "--quiet", "--python", session.virtualenv.location)
    session.run(*compile_, "--resolution", resolution, "--output-file", versions)
    session.install("-r", versions)
    session.install("--no-deps", "-e", ".")
    session.run("bench", "demo", "--out", f"{session.create_tmp()}/demo")
    # The tests check shapes at run time, and jaxtyping's import hook spares compiled kernels from 0.3.11 on.
    session.install("beartype", "hypothesis", "pytest", "--upgrade", "jaxtyping")
    # Old versions of libraries among new ones of what these need: their deprecation warnings are not ours.
    quiet = ("-W", "ignore::DeprecationWarning", "-W", "ignore::FutureWarning")
    session.run("pytest", "-m", "not browser and not slow and not ray", *quiet, *session.posargs)


@nox.session(venv_backend="venv")
def lock(session: nox.Session) -> None:
    """Write the reference environment, every package with its hashes; ``-- --upgrade`` takes the newest versions."""
    session.install("uv")
    options = ("--generate-hashes", "--no-annotate", "--custom-compile-command", "nox -s lock", "--quiet")
    session.run("uv", "pip", "compile", "pyproject.toml", *REFERENCE, *options, "-o", LOCK, *session.posargs)


@nox.session(venv_backend="venv")
def audit(session: nox.Session) -> None:
    """Ask PyPI for known vulnerabilities of the reference environment; fails where PyPI cannot answer."""
    session.install("pip-audit")
    session.run("pip-audit", "--strict", "--no-deps", "--disable-pip", "--requirement", LOCK, *session.posargs)


@nox.session(venv_backend="none")
def brace(session: nox.Session) -> None:
    """Write the data of BRACE, and scores of them, from the publishers' files: ``nox -s brace -- FOLDER [--check]``."""
    session.run("python", "-m", "tests.studies.brace", *session.posargs)
