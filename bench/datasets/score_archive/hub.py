"""Entries of the archive of scores on the Hugging Face hub: a data set repository holds one, at its top.

What is pulled is a stranger's: the listing, the facts and every file are checked before anything is put in place.
What is pushed is what ``scores.json`` names, and nothing else that lies beside it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.datasets.fetching.hub import INCOMING, Source, asked, fetch_listed, listed_hash
from bench.datasets.score_archive.entries import (
    COMMIT,
    ORIGIN_NAME,
    REPO,
    Entry,
    check_entry_name,
    entry_names,
    entry_problems,
    find_entry,
    is_packaged,
    origin_of,
    read_entry,
    refuse_other_folder,
)
from bench.datasets.score_archive.facts import (
    FACTS_NAME,
    MOST_FACTS_BYTES,
    MOST_FILE_BYTES,
    MOST_FILES,
    MOST_TOTAL_BYTES,
    Facts,
    read_facts,
)
from bench.datasets.score_archive.write import changing
from bench.files.manifest import redact_text
from bench.files.paths import path_problem
from metrics.errors import DataError, UnavailableError, UsageError, reason_of
from metrics.files import replacing_folder, scores_folder, write_json
from metrics.types import ProgressCallback, no_progress

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoSibling

OF_THE_HUB = (".gitattributes", "README.md")
"""Files that a repository may hold beside its entry; they are not fetched."""

_REVISION = re.compile(r"(?!.*\.\.)[A-Za-z0-9][\w./-]{0,99}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was uploaded: where it can be looked at, and which files."""

    url: str
    files: tuple[str, ...]


def pull(address: str, name: str | None = None, progress: ProgressCallback = no_progress) -> Entry:
    """Fetch an entry into the user's folder, whole or not at all; an older one from the same repository is replaced.

    Args:
        address: ``OWNER/REPO``, ``OWNER/REPO@REVISION``, or the name of an entry that was pulled before.
        name: what the entry shall be called here; None takes the repository's name.
        progress: told ``("pulling", files done, files in all)``.

    Raises:
        UsageError: no such address can be, the name cannot be, or an entry of that name is not from there.
        UnavailableError: the hub cannot be reached or does not hand the files out.
        DataError: what came cannot be trusted; nothing of it is kept.
    """
    repo, revision, name = _destination(address, name)
    with changing():
        _refuse_other(name, repo)
        source, sizes = _listing(repo, revision)
        with replacing_folder(scores_folder() / name, overwrite=True) as part:
            facts = _fetch_facts(source, sizes, part)
            for done, path in enumerate(facts.files, start=1):
                fetch_listed(source, path, part)
                progress("pulling", done, len(facts.files))
            shutil.rmtree(part / INCOMING, ignore_errors=True)
            if problem := next(entry_problems(read_entry(part)), None):
                raise _refusal(repo, problem.replace(str(part), repo))
            write_json(part / ORIGIN_NAME, {"repo": repo, "commit": source.commit})
    return read_entry(scores_folder() / name)


def push(name: str, repo: str) -> Pushed:
    """Upload an entry to a data set repository, which is made, private, if there is none; old scores there go.

    Raises:
        UsageError: no entry of that name, or no such repository can be.
        DataError: the entry is not as its ``scores.json`` says.
        UnavailableError: the hub cannot be reached, or refuses.
    """
    if not REPO.fullmatch(repo):
        raise UsageError(f"--to is {redact_text(repo)!r}, expected OWNER/REPO; name a data set on the Hugging Face hub")
    entry = find_entry(name)
    if problem := next(entry_problems(entry), None):
        raise DataError(f"scores {name!r} are not pushed: {problem}")
    try:
        url = _upload(entry, repo)
    except Exception as error:
        raise UnavailableError(
            f"cannot push scores {name!r} to {repo} ({redact_text(reason_of(error))}); check the network, log in with "
            "'hf auth login' and give the command again"
        ) from error
    return Pushed(url, (FACTS_NAME, *entry.facts.files))


def _destination(address: str, name: str | None) -> tuple[str, str | None, str]:
    """Return repository, revision and the entry's name here."""
    repo, at, revision = address.partition("@")
    if REPO.fullmatch(repo):
        if at and not _REVISION.fullmatch(revision):
            raise UsageError(f"{address}: a revision is a branch, a tag or a commit; write OWNER/REPO@REVISION")
        name = repo.partition("/")[2] if name is None else name
        check_entry_name(name)
        return repo, revision or None, name
    if at or "/" in address:
        raise UsageError(
            f"{redact_text(address)!r} is not OWNER/REPO or OWNER/REPO@REVISION; give one of the Hugging Face hub"
        )
    if address not in entry_names():
        raise UsageError(f"unknown scores {address!r}; give OWNER/REPO, a data set on the Hugging Face hub")
    origin = None if is_packaged(address) else origin_of(scores_folder() / address)
    if origin is None:
        place = "the package" if is_packaged(address) else "this machine"
        raise UsageError(f"scores {address!r} are here already, from {place}: there is nothing to fetch")
    if name not in (None, address):
        raise UsageError(f"{address!r} is pulled again under its name; leave --name out, or give {origin.repo}")
    return origin.repo, None, address


def _refuse_other(name: str, repo: str) -> None:
    """Raise `UsageError` if what has that name, in any case, is not an entry from this repository."""
    refuse_other_folder(scores_folder() / name)
    other = next((one for one in entry_names() if one.casefold() == name.casefold()), None)
    if other is None:
        return
    origin = origin_of(scores_folder() / other)
    if origin is None or origin.repo != repo or other != name:
        place = origin or "this machine"
        raise UsageError(f"scores called {other!r} are here already, from {place}; give another --name")


def _listing(repo: str, revision: str | None) -> tuple[Source, dict[str, int]]:
    """Return commit, hashes and sizes of what a repository holds, all names looked at."""
    from huggingface_hub import HfApi

    listed = asked(lambda: HfApi().dataset_info(repo, revision=revision, files_metadata=True), repo)
    files: Sequence[RepoSibling] = listed.siblings or ()
    if not COMMIT.fullmatch(str(listed.sha)):
        raise _refusal(repo, f"its commit is {str(listed.sha)[:60]!r}, expected 40 hexadecimal digits")
    if len(files) > MOST_FILES:
        raise _refusal(repo, f"it holds {len(files):,} files, expected at most {MOST_FILES:,}")
    for file in files:
        if problem := path_problem(file.rfilename):
            raise _refusal(repo, f"its file {file.rfilename!r} {problem}")
    hashes = {file.rfilename: listed_hash(file) for file in files}
    return Source(repo, str(listed.sha), hashes), {file.rfilename: int(file.size or 0) for file in files}


def _fetch_facts(source: Source, sizes: dict[str, int], part: Path) -> Facts:
    """Fetch ``scores.json``, and see that the repository holds what it names, nothing else, and not too much."""
    if FACTS_NAME not in sizes:
        raise _refusal(source.repo, f"it has no {FACTS_NAME}, expected one at its top")
    if sizes[FACTS_NAME] > MOST_FACTS_BYTES:
        raise _refusal(source.repo, f"{FACTS_NAME} holds {sizes[FACTS_NAME]:,} bytes, more than {MOST_FACTS_BYTES:,}")
    fetch_listed(source, FACTS_NAME, part)
    try:
        facts = read_facts(part)
    except DataError as error:
        raise _refusal(source.repo, str(error).replace(str(part), source.repo)) from error
    _refuse_other_files(source.repo, facts, sizes)
    return facts


def _refuse_other_files(repo: str, facts: Facts, sizes: dict[str, int]) -> None:
    absent = next((name for name in facts.files if name not in sizes), None)
    if absent is not None:
        raise _refusal(repo, f"{FACTS_NAME} names {absent}, which is not there")
    strange = next((name for name in sizes if name not in (FACTS_NAME, *OF_THE_HUB, *facts.files)), None)
    if strange is not None:
        raise _refusal(repo, f"its file {strange!r} is not named in {FACTS_NAME}")
    large = next((name for name in facts.files if sizes[name] > MOST_FILE_BYTES), None)
    if large is not None:
        raise _refusal(repo, f"{large} holds {sizes[large]:,} bytes, more than {MOST_FILE_BYTES:,}")
    total = sum(sizes[name] for name in facts.files)
    if total > MOST_TOTAL_BYTES:
        raise _refusal(repo, f"its files hold {total:,} bytes, more than {MOST_TOTAL_BYTES:,}")


def _refusal(repo: str, problem: str) -> DataError:
    return DataError(f"{repo}: not pulled, because {problem}; nothing of it was kept: tell whoever made it")


def _upload(entry: Entry, repo: str) -> str:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    api = HfApi()
    api.create_repo(repo, repo_type="dataset", private=True, exist_ok=True)
    there = [file.rfilename for file in api.dataset_info(repo).siblings or ()]
    files = [FACTS_NAME, *entry.facts.files]
    operations: list[Any] = [CommitOperationAdd(name, str(entry.folder / name)) for name in files]
    # A repository holds one entry: what an older version of it named and this one does not would be refused by a pull.
    operations += [CommitOperationDelete(name) for name in there if name.endswith(".csv") and name not in files]
    commit = api.create_commit(repo, operations, commit_message=f"Scores {entry.name}", repo_type="dataset")
    return str(commit.commit_url)
