"""Where a draw stands, for everybody: what it was committed to before anybody took part, and what it waits for."""

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from typing import Literal

import msgspec

from feed.campaigns import lifecycle_store as lifecycle
from feed.postgres import Connection, many
from feed.prizes.draw import correction_store as corrections_store
from feed.prizes.draw import store as draw_store
from feed.prizes.draw.beacon import Source, window_at
from feed.prizes.draw.model import AgreedNumber, Beacon, CorrectionReason, DrawNotFound

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


class WrongNumberCard(msgspec.Struct, frozen=True, kw_only=True):
    """A public number that was entered wrongly, and corrected by two people."""

    round: str
    value: str
    appeared_at: datetime
    reason_code: CorrectionReason
    corrected_at: datetime


class EnteredCard(msgspec.Struct, frozen=True):
    """Somebody has entered a number. What it is others learn when two have entered the same."""

    user_id: Id
    entered_at: datetime


class NumberCard(msgspec.Struct, frozen=True):
    """Whether the public number of a draw, or a correction of it, is waited for, and who has entered one."""

    wanted: Literal["number", "correction"] | None
    entered: list[EnteredCard]


class DrawCard(msgspec.Struct, frozen=True, kw_only=True):
    """The commitments of a draw, in the order in which they become public; what has not come yet is null.

    `nonce_sha256` stands from the publication on, the list's hash from the freeze on. Hashes are lower-case hexadecimal.
    Once a value has decided, it and its list stay while a settlement is made again; `corrected` are numbers that were wrong.
    """

    campaign_id: Id
    algorithm: str
    nonce_sha256: str
    list_sha256: str | None
    tickets: int | None
    list_published_at: datetime | None
    awaits: Awaited | None
    beacon: BeaconCard | None
    corrected: list[WrongNumberCard]
    publicly_verifiable: bool | None


async def get_draw(conn: Connection, campaign_id: int) -> DrawCard:
    """The draw of a published campaign. Raises DrawNotFound."""
    row = await conn.fetchrow(
        """
        SELECT nonces.nonce_sha256, settled.id AS settlement_id,
            coalesce(settled.rules_version, campaigns.rules_version) AS rules_version, clock_timestamp() AS now
        FROM campaigns
        JOIN draw_nonces AS nonces ON nonces.campaign_id = campaigns.id
        LEFT JOIN LATERAL (
            SELECT settlements.id, settlements.rules_version
            FROM settlements JOIN draws ON draws.settlement_id = settlements.id
            WHERE settlements.campaign_id = campaigns.id
                AND (settlements.undone_at IS NULL OR draws.source IS NOT NULL)
            ORDER BY settlements.undone_at IS NULL DESC, settlements.id
            LIMIT 1
        ) AS settled ON true
        WHERE campaigns.id = $1
        """,
        campaign_id,
    )
    if row is None:
        raise DrawNotFound
    rules = await lifecycle.get_rules(conn, campaign_id, row["rules_version"])
    found = None if row["settlement_id"] is None else await draw_store.find_draw(conn, row["settlement_id"])
    beacon = None if found is None else found.beacon
    numbers = []
    if found is not None and beacon is not None and beacon.source == "public_number":
        numbers = await corrections_store.list_numbers(conn, found.listed_in or row["settlement_id"])
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
        beacon=None if beacon is None else _card(numbers[-1] if numbers else beacon, beacon.source, names),
        corrected=[_wrong(wrong, right) for wrong, right in pairwise(numbers)],
        publicly_verifiable=None if beacon is None else beacon.source != "own",
    )


async def get_number(conn: Connection, campaign_id: int) -> NumberCard:
    """What editors need to know of the public number before it is there. Raises DrawNotFound."""
    card = await get_draw(conn, campaign_id)
    if card.awaits is not None:
        wanted = card.awaits.source == "public_number"
        return NumberCard("number" if wanted else None, await _list_entered(conn, campaign_id))
    drawn = await corrections_store.find_undone_draw(conn, campaign_id)
    if drawn is None or drawn.source != "public_number":
        return NumberCard(None, await _list_entered(conn, campaign_id))
    return NumberCard("correction", await _list_correcting(conn, drawn.settlement_id, len(card.corrected) + 1))


async def _list_entered(conn: Connection, campaign_id: int) -> list[EnteredCard]:
    rows = await conn.fetch(
        """
        SELECT editor_id::text AS user_id, entered_at
        FROM beacon_entries
        JOIN settlements ON settlements.id = beacon_entries.settlement_id AND settlements.undone_at IS NULL
        WHERE settlements.campaign_id = $1
        ORDER BY entered_at, editor_id
        """,
        campaign_id,
    )
    return many(rows, EnteredCard)


async def _list_correcting(conn: Connection, settlement_id: int, number: int) -> list[EnteredCard]:
    rows = await conn.fetch(
        """
        SELECT editor_id::text AS user_id, entered_at
        FROM number_corrections
        WHERE settlement_id = $1 AND number = $2
        ORDER BY entered_at, editor_id
        """,
        settlement_id,
        number,
    )
    return many(rows, EnteredCard)


def _card(value: Beacon | AgreedNumber, source: Source, names: Mapping[str, str]) -> BeaconCard:
    return BeaconCard(
        source=source,
        name=names.get(source, ""),
        round=value.round,
        value=value.value,
        appeared_at=value.appeared_at,
    )


def _wrong(wrong: AgreedNumber, right: AgreedNumber) -> WrongNumberCard:
    assert right.reason_code is not None
    return WrongNumberCard(
        round=wrong.round,
        value=wrong.value,
        appeared_at=wrong.appeared_at,
        reason_code=right.reason_code,
        corrected_at=right.entered_at,
    )
