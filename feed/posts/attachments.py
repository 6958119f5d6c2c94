"""Whether media may be attached to a post. Pure."""

from collections.abc import Mapping, Sequence

from feed.errors import FieldError, Invalid
from feed.media.attachment_store import UsableMedium
from feed.media.model import VIDEOS_MOST, MediaInUse, MediaNotReady


def require_attachable(
    media_ids: Sequence[int],
    found: Mapping[int, UsableMedium],
    *,
    owner_id: int,
    post_id: int | None = None,
    ready: bool = False,
) -> None:
    """Raises Invalid, MediaInUse or MediaNotReady unless the account may show these media in a post, `post_id` if it exists.

    Media of others are like unknown ones. `ready`: the post is visible or was, so none of them may have to be awaited.
    """
    media = [found.get(each) for each in media_ids]
    unknown = [place for place, each in enumerate(media) if each is None or each.owner_id != owner_id]
    if unknown:
        raise Invalid(*(FieldError(f"media_ids[{place}]", "not_found") for place in unknown))
    given = [each for each in media if each is not None]
    videos = sum(each.kind == "video" for each in given)
    if videos and videos < len(given):
        raise Invalid(FieldError("media_ids", "media_mixed"))
    if videos > VIDEOS_MOST:
        raise Invalid(FieldError("media_ids", "too_many", {"most": VIDEOS_MOST}))
    for each in given:
        if each.used_as is not None and not is_of_post(each, post_id):
            raise MediaInUse(media_id=str(each.id))
    for each in given:
        if not may_be_awaited(each, post_id) and each.state != "ready":
            raise MediaNotReady(media_id=str(each.id))
        if ready and each.state != "ready":
            raise MediaNotReady(media_id=str(each.id))


def is_of_post(medium: UsableMedium, post_id: int | None) -> bool:
    """Whether the medium belongs to the post already, with this revision or an earlier one."""
    return post_id is not None and medium.post_id == post_id


def may_be_awaited(medium: UsableMedium, post_id: int | None) -> bool:
    """Whether a post may wait for the medium.

    It has to have arrived: no entry before the deadline of a campaign has what is photographed after it. One that has failed
    stays in a post that has it, until its author replaces it.
    """
    return is_of_post(medium, post_id) or (medium.state == "processing" and medium.is_uploaded)


def awaits_any(media_ids: Sequence[int], found: Mapping[int, UsableMedium]) -> bool:
    """Whether any of these media is not ready."""
    return any(found[each].state != "ready" for each in media_ids)


def has_video(media_ids: Sequence[int], found: Mapping[int, UsableMedium]) -> bool:
    """Whether any of these media is a video."""
    return any(found[each].kind == "video" for each in media_ids)
