"""What a form for a post holds: the text, photos or a video in their order, and what is said about them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, call
from feed.api.pages.community.submitting import submit
from feed.api.pages.form import Form
from feed.api.pages.sessions import Session
from feed.ids import parse_id

# More than a post may have, so that the operation can say that they are too many.
_LISTED_MOST = 12
# A pressed button that changes the list of photos: what it does, and the id of the photo.
_MOVES = {"earlier": -1, "later": 1}


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of the form. `alts` are texts for people who do not see the photos, by id."""

    text: str = ""
    media_ids: tuple[str, ...] = ()
    alts: dict[str, str] = {}
    ai_generated: bool = False
    location: str = ""
    comment_policy: str = "everyone"


def media_ids_of(given: str | None) -> tuple[str, ...]:
    """The ids in an address, separated by commas, each once."""
    found = dict.fromkeys(each for each in (given or "").split(",") if parse_id(each) is not None)
    return tuple(found)[:_LISTED_MOST]


def draft_of(form: Form) -> Draft:
    """What the form was sent with."""
    media_ids = media_ids_of(",".join(form.all("media")))
    return Draft(
        text=form.text("text"),
        media_ids=media_ids,
        alts={each: form.text(f"alt-{each}") for each in media_ids},
        ai_generated=form.checked("ai_generated"),
        location=form.text("location").strip(),
        comment_policy="nobody" if form.checked("no_comments") else "everyone",
    )


def rearranged(draft: Draft, action: str) -> Draft:
    """The draft after a button of a photo: `earlier:1`, `later:1` or `remove:1`."""
    name, _, media_id = action.partition(":")
    ids = list(draft.media_ids)
    if media_id not in ids:
        return draft
    at = ids.index(media_id)
    ids.pop(at)
    if name in _MOVES:
        ids.insert(max(0, at + _MOVES[name]), media_id)
    return msgspec.structs.replace(draft, media_ids=tuple(ids))


async def read_media(request: AnyRequest, session: Session, media_ids: Sequence[str]) -> list[Any]:
    """The viewer's photos and videos in the order of the ids; those that are gone are left out."""
    found = []
    for media_id in media_ids:
        try:
            answer = await call(request, session.viewer, "GET", f"/v1/media/{media_id}")
        except OperationFailed as error:
            if error.status != 404:
                raise
        else:
            found.append(answer.json())
    return found


async def describe_media(request: AnyRequest, session: Session, draft: Draft, shown: Sequence[Any]) -> None:
    """Stores the texts of photos that have changed. Raises OperationFailed, of the field `alt-<id>`."""
    for medium in shown:
        alt = draft.alts.get(medium["id"], medium["alt"])
        if alt == medium["alt"]:
            continue
        try:
            await submit(request, session, "PATCH", f"/v1/media/{medium['id']}", {"alt": alt}, None)
        except OperationFailed as error:
            for each in error.problem.errors:
                each.field = f"alt-{medium['id']}"
            raise
