"""The pictures of campaigns on the wire: with public addresses once their campaign is published, before with ones that expire."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from feed.campaigns.rules.pictures import named_pictures
from feed.media.addresses import MediaAddresses
from feed.postgres import Connection, many
from feed.screens.media.cards import MediaCard, MediaRow, granted_addresses, media_card, public_addresses

# By campaign and medium: the id of a picture that is not the campaign's shows nothing.
Pictures = Mapping[tuple[int, str], MediaCard]


class Pictured(Protocol):
    """A campaign as it was read."""

    @property
    def id(self) -> int: ...
    @property
    def draft(self) -> dict[str, Any]: ...
    @property
    def published_at(self) -> datetime | None: ...


class _PictureRow(MediaRow, frozen=True):
    campaign_id: int


async def list_pictures(conn: Connection, campaigns: Sequence[Pictured], addresses: MediaAddresses) -> Pictures:
    """The pictures of all of these campaigns with one statement, and none if no campaign names one. The caller may see each campaign."""
    pictured = {each.id: each for each in campaigns if named_pictures(each.draft)}
    if not pictured:
        return {}
    rows = await conn.fetch(
        """
        SELECT id, kind, state, error_code, progress, key, alt, width, height, duration_ms, placeholder, renditions, campaign_id
        FROM media
        WHERE campaign_id = ANY ($1::bigint[]) AND removed_at IS NULL
            AND NOT EXISTS (SELECT FROM blocked_media AS blocked WHERE blocked.media_id = media.id)
        """,
        list(pictured),
    )
    shown = {}
    for row in many(rows, _PictureRow):
        campaign = pictured[row.campaign_id]
        is_public = campaign.published_at is not None
        address = public_addresses(addresses) if is_public else granted_addresses(addresses, datetime.now(UTC))
        shown[campaign.id, str(row.id)] = media_card(row, address)
    return shown
