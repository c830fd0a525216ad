"""Why a file may not be there: its path was written on another system, or copied with something around it."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path


def hint_for(path: Path) -> str:
    """Return, to be put behind "no such file", what is likely wrong with a path; nothing where that is not known."""
    text = str(path)
    if re.search(r"(^|/)\w{2,}:/", text):
        return ": this is a URL; fetch it and give a local path"
    if os.sep == "/" and "\\" in text:
        return ": this is a path of Windows; write it with / and as it is on this machine"
    if any(part != part.strip() for part in path.parts) and _exists(Path(*(part.strip() for part in path.parts))):
        return ": there is one without the spaces around its name; remove them"
    for form in ("NFC", "NFD"):
        other = unicodedata.normalize(form, text)
        if other != text and _exists(Path(other)):
            return f": there is one whose accents are written in the Unicode form {form}; write its name so"
    return ""


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
