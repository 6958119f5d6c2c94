"""Where a draw stands, for everybody: what it was committed to before anybody took part, and what it waits for."""

from datetime import datetime

import msgspec

from feed.campaigns import closing
from feed.postgres import Connection
from feed.prizes import draw_store
from feed.prizes.beacon import Source, window_at
from feed.prizes.model import Beacon, DrawNotFound

Id = str


class Awaited(msgspec.Struct, frozen=True, kw_only=True):
    """The source that is waited for: its first value from `not_before` on decides, if it is here before `until`."""

    source: Source
    name: str
    not_before: datetime
    until: datetime


class BeaconCard(msgspec.Struct, frozen=True, kw_only=True):
    """The value that decides. Of our own one nobody outside can tell where it came from."""

    source: Source
    name: str
    round: str
    value: str
    appeared_at: datetime | None


class DrawCard(msgspec.Struct, frozen=True, kw_only=True):
    """The commitments of a draw, in the order in which they become public; what has not come yet is null.

    `nonce_sha256` stands from the publication on, the list's hash from the freeze on. Hashes are lower-case hexadecimal.
    """

    campaign_id: Id
    algorithm: str
    nonce_sha256: str
    list_sha256: str | None
    tickets: int | None
    list_published_at: datetime | None
    awaits: Awaited | None
    beacon: BeaconCard | None
    publicly_verifiable: bool | None


async def get_draw(conn: Connection, campaign_id: int) -> DrawCard:
    """The draw of a published campaign. Raises DrawNotFound."""
    row = await conn.fetchrow(
        """
        SELECT nonces.nonce_sha256, settlements.id AS settlement_id,
            coalesce(settlements.rules_version, campaigns.rules_version) AS rules_version, clock_timestamp() AS now
        FROM campaigns
        JOIN draw_nonces AS nonces ON nonces.campaign_id = campaigns.id
        LEFT JOIN settlements ON settlements.campaign_id = campaigns.id AND settlements.undone_at IS NULL
        WHERE campaigns.id = $1
        """,
        campaign_id,
    )
    if row is None:
        raise DrawNotFound
    rules = await closing.get_rules(conn, campaign_id, row["rules_version"])
    found = None if row["settlement_id"] is None else await draw_store.find_draw(conn, row["settlement_id"])
    beacon = None if found is None else found.beacon
    names = {"public_number": rules.beacon or "", "drand": "drand quicknet"}
    awaits = None
    if found is not None and beacon is None and found.list_published_at is not None:
        window = window_at(rules, found.list_published_at, row["now"])
        if window is not None:
            awaits = Awaited(
                source=window.source,
                name=names.get(window.source, ""),
                not_before=window.not_before,
                until=window.until,
            )
    return DrawCard(
        campaign_id=str(campaign_id),
        algorithm="feed-draw-1",
        nonce_sha256=row["nonce_sha256"].hex(),
        list_sha256=None if found is None else found.list_sha256.hex(),
        tickets=None if found is None else found.ticket_count,
        list_published_at=None if found is None else found.list_published_at,
        awaits=awaits,
        beacon=None if beacon is None else _card(beacon, names.get(beacon.source, "")),
        publicly_verifiable=None if beacon is None else beacon.source != "own",
    )


def _card(beacon: Beacon, name: str) -> BeaconCard:
    return BeaconCard(
        source=beacon.source, name=name, round=beacon.round, value=beacon.value, appeared_at=beacon.appeared_at
    )
