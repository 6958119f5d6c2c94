"""The pictures that a draft names: its cover, and one of each prize. Pure."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from feed.ids import parse_id

PictureUse = Literal["cover", "prize"]


class Picture(NamedTuple):
    """A picture that a draft names. `field`: the path of the field that names it."""

    field: str
    media_id: int
    use: PictureUse


def named_pictures(draft: Mapping[str, Any]) -> list[Picture]:
    """The pictures that the draft names, the cover first; what is no id is left out."""
    named: list[tuple[str, Any, PictureUse]] = [("cover_media_id", draft.get("cover_media_id"), "cover")]
    named += [
        (f"prizes[{i}].image_media_id", prize.get("image_media_id"), "prize")
        for i, prize in enumerate(draft.get("prizes") or ())
    ]
    return [
        Picture(field, media_id, use)
        for field, value, use in named
        if value is not None and (media_id := parse_id(value)) is not None
    ]
