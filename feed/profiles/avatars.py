"""The picture of a profile: a photo of the account's own, which nothing else uses, stored as the path of its smallest file."""

from collections.abc import Sequence

from feed.accounts.model import Account
from feed.errors import FieldError, Invalid
from feed.media import attachment_store, purges
from feed.media.model import MediaInUse, MediaNotReady
from feed.media.removal_store import mark_removed
from feed.postgres import Connection
from feed.profiles import store


async def use_as_avatar(conn: Connection, account: Account, media_id: int) -> str:
    """Attaches the photo as an avatar, and returns its path. One that the account has had, and that is not removed, is taken again.

    Raises Invalid, also for another person's photo, MediaNotReady, MediaInUse.
    """
    medium = (await attachment_store.lock_for_use(conn, [media_id], owner_ids=[account.id])).get(media_id)
    if medium is None:
        raise Invalid(FieldError("avatar_media_id", "not_found"))
    if medium.kind != "image":
        raise Invalid(FieldError("avatar_media_id", "not_image"))
    if medium.used_as not in (None, "avatar"):
        raise MediaInUse
    # Its name is another one after the first attempt to process the photo.
    if medium.state != "ready" or medium.list_file is None:
        raise MediaNotReady
    return f"{await attachment_store.attach_as(conn, media_id, 'avatar')}/{medium.list_file}"


async def settle_avatars(conn: Connection, account_id: int, former: str | None) -> None:
    """After the shown picture has changed from `former`: copies of it are purged, and what can not be shown again is removed."""
    if former is not None:
        await purges.enqueue(conn, await store.list_hidden_avatars(conn, account_id, path=former), "replaced")
    await remove_unused(conn, account_id)


async def purge_of_leaving(conn: Connection, account_id: int) -> None:
    """Purges copies of the picture of an account that has begun to leave, and shows none."""
    if (former := await store.find_avatar(conn, account_id)) is not None:
        await purges.enqueue(conn, await store.list_hidden_avatars(conn, account_id, path=former), "hidden")


async def purge_of_taken_down(conn: Connection, account_ids: Sequence[int]) -> None:
    """Purges copies of the pictures of accounts that are taken down. They stay: an undo shows them again."""
    if account_ids:
        await purges.enqueue(conn, await store.list_shown_avatars(conn, account_ids), "taken_down")


async def remove_unused(conn: Connection, account_id: int, *, decided: int | None = None) -> None:
    """Removes the pictures that are shown nowhere any more. `decided`: the case that is being closed.

    A picture can be shown again while a reviewer may still decide about it: it is part of a change with an open case, or of the last
    change, which was rejected.
    """
    await mark_removed(conn, await store.list_unused_avatars(conn, account_id, decided=decided), "replaced")
