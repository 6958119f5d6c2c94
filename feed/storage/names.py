"""The names of objects: made by us of few ASCII characters, so that they are the same in URLs, paths and signatures. Pure."""

import re

# No part begins with a dot: there are no parent folders, and the temporary files of a folder have no name.
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_LONGEST = 200
# Objects that checks write and remove again.
PROBES = "probes/"
# Every object is below one of these: parts of originals, renditions, and what a check that was killed has left.
FOLDERS = ("incoming/", "media/", PROBES)


def require_name(name: str) -> str:
    """The name. Raises ValueError for one that is not of our making."""
    if len(name) > _LONGEST or _NAME.fullmatch(name) is None:
        raise ValueError("not the name of an object")
    return name


def require_prefix(prefix: str) -> str:
    """The folder, with its slash. Raises ValueError for another string."""
    if not prefix.endswith("/"):
        raise ValueError("not a folder of objects")
    require_name(prefix[:-1])
    return prefix
