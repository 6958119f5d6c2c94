"""The examples: requests and responses of one story, from the draft of a campaign to the last receipt of a prize.

Each file was recorded from a running server (`make examples`), so that a reader can follow the same people, posts and prizes
from operation to operation. A test plays the story again and compares.
"""

from pathlib import Path
from typing import Any

import msgspec

FOLDER = Path(__file__).with_name("played")


class Played(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """An operation of the story: its parameters of path, query and headers by name, its body, and its responses.

    `answers`: the content by status and media type; a response without content has none. `others`: further examples by name.
    """

    parameters: dict[str, Any] = {}
    body: Any = None
    answers: dict[str, dict[str, Any]] = {}
    others: dict[str, "Played"] = {}


def read_played() -> dict[str, Played]:
    """The recorded operations by their ids."""
    return {path.stem: msgspec.json.decode(path.read_bytes(), type=Played) for path in sorted(FOLDER.glob("*.json"))}
