"""The pictures of campaigns: which ones a draft may name, attaching them, and removing those that are replaced.

A picture is attached in the transaction that saves the draft, or that changes published rules: from then on it is used for nothing else
and does not expire. A proposed change attaches nothing: what is attached to a published campaign is public.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from feed.campaigns import picture_store as store
from feed.campaigns.rules.pictures import Picture, PictureUse, named_pictures
from feed.errors import FieldError
from feed.media import attachment_store as attachments
from feed.media.model import MediaInUse, MediaNotReady
from feed.media.removal_store import mark_removed
from feed.postgres import Connection


class CheckedPictures(msgspec.Struct, frozen=True):
    """The pictures of a draft. `problems`: fields that name no usable photo; `conflict`: an error of the state that others were found in."""

    problems: list[FieldError]
    conflict: MediaInUse | MediaNotReady | None
    to_attach: list[tuple[int, PictureUse]]

    def require_usable(self) -> None:
        """Raises MediaInUse or MediaNotReady, with the fields."""
        if self.conflict is not None:
            raise self.conflict


async def check_pictures(
    conn: Connection,
    draft: Mapping[str, Any],
    *,
    campaign_id: int | None = None,
    former: Mapping[str, Any] | None = None,
) -> CheckedPictures:
    """Checks the pictures that the draft names, and locks them until the transaction ends. `former`: the draft as it was saved before.

    Each is a ready photo whose owner may edit campaigns, used for nothing else than this campaign. What `former` names, of
    a version that checked nothing, is no problem until it is published, and is not attached.
    """
    named = named_pictures(draft)
    known = Counter(each.media_id for each in named_pictures(former or {}))
    found = await store.lock_usable(conn, [each.media_id for each in named], campaign_id=campaign_id)
    problems = _repeated(named, known)
    used: list[Picture] = []
    unready: list[Picture] = []
    to_attach: list[tuple[int, PictureUse]] = []
    for picture in named:
        medium = found.get(picture.media_id)
        if medium is not None and medium.campaign_id is not None and medium.campaign_id == campaign_id:
            to_attach.append((medium.id, picture.use))
        elif picture.media_id in known:
            continue
        elif medium is None:
            problems.append(FieldError(picture.field, "not_found"))
        elif medium.kind != "image":
            problems.append(FieldError(picture.field, "not_image"))
        elif medium.used_as is not None:
            used.append(picture)
        elif medium.state != "ready":
            unready.append(picture)
        else:
            to_attach.append((medium.id, picture.use))
    conflict = _conflict(MediaInUse, "in_use", used) or _conflict(MediaNotReady, "not_ready", unready)
    return CheckedPictures(problems, conflict, to_attach)


async def attach_pictures(
    conn: Connection, campaign_id: int, draft: Mapping[str, Any], checked: CheckedPictures
) -> None:
    """Attaches the pictures of a checked draft that is saved in this transaction, and removes those that it names no more."""
    for media_id, use in checked.to_attach:
        await attachments.attach_as(conn, media_id, use, campaign_id=campaign_id)
    kept = {each.media_id for each in named_pictures(draft)}
    dropped = [each for each in await store.list_attached(conn, campaign_id) if each not in kept]
    if dropped:
        await mark_removed(conn, dropped, "replaced")


def _repeated(named: Sequence[Picture], known: Mapping[int, int]) -> list[FieldError]:
    """A problem for each picture that is named again, more often than before."""
    times: Counter[int] = Counter()
    problems = []
    for picture in named:
        times[picture.media_id] += 1
        if times[picture.media_id] > max(1, known.get(picture.media_id, 0)):
            problems.append(FieldError(picture.field, "repeated"))
    return problems


def _conflict(
    kind: type[MediaInUse] | type[MediaNotReady], code: str, pictures: Sequence[Picture]
) -> MediaInUse | MediaNotReady | None:
    if not pictures:
        return None
    error = kind(media_id=str(pictures[0].media_id))
    error.errors = tuple(FieldError(each.field, code) for each in pictures)
    return error
