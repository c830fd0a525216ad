"""Names of files that a stranger chose: in a zip archive, in the facts of an archive of scores, on a hub."""

from __future__ import annotations

import re
from pathlib import PurePosixPath, PureWindowsPath

_DEVICE_NAME = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.ASCII | re.IGNORECASE)  # files on no Windows


def path_problem(name: str) -> str | None:
    """Return why a path, with forward slashes, cannot be that of a file under a folder of ours; None if it can.

    No path that passes leads out of the folder, on any system.
    """
    path = PurePosixPath(name)
    if not name or "\\" in name or not name.isprintable():
        return "has a name that no file should have"
    if path.is_absolute() or ".." in path.parts or PureWindowsPath(name).drive:
        return "leads out of the folder"
    if any(_DEVICE_NAME.fullmatch(part) for part in path.parts):
        return "has the name of a device"
    return None
