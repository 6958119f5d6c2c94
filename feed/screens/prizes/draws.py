"""The public state of a draw: its commitments, and the beacon that it waits for or has used."""

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from typing import Literal

import msgspec

from feed.campaigns import lifecycle_store as lifecycle
from feed.campaigns.model import Rules
from feed.postgres import Connection, many
from feed.prizes.draw import correction_store
from feed.prizes.draw import store as draw_store
from feed.prizes.draw.beacon import Source, window_at
from feed.prizes.draw.model import AgreedNumber, Beacon, CorrectionReason, Draw, DrawNotFound

Id = str


class Awaited(msgspec.Struct, frozen=True, kw_only=True):
    """The awaited source: its first value from `not_before` on decides, if it is recorded before `until`."""

    source: Source
    name: str
    not_before: datetime
    until: datetime


class BeaconCard(msgspec.Struct, frozen=True, kw_only=True):
    """The deciding value. The origin of one of our own (`own`) is not publicly verifiable."""

    source: Source
    name: str
    round: str
    value: str
    appeared_at: datetime | None


class WrongNumberCard(msgspec.Struct, frozen=True, kw_only=True):
    """A public number that was entered wrongly and corrected by two people."""

    round: str
    value: str
    appeared_at: datetime
    reason_code: CorrectionReason
    corrected_at: datetime


class EnteredCard(msgspec.Struct, frozen=True):
    """An editor's entry of a number. The number itself is not shown before two editors have entered the same."""

    user_id: Id
    entered_at: datetime


class NumberCard(msgspec.Struct, frozen=True):
    """Whether a draw waits for its public number or for a correction of it, and which editors have entered one."""

    wanted: Literal["number", "correction"] | None
    entered: list[EnteredCard]


class DrawCard(msgspec.Struct, frozen=True, kw_only=True):
    """The commitments of a draw in the order of their publication; later ones are null. Hashes are lower-case hexadecimal.

    `nonce_sha256` is public from the publication of the campaign on, the list's hash from the freeze on. Once a value has
    decided, it and its list stay while the settlement is repeated; `corrected` are the wrong numbers.
    """

    campaign_id: Id
    algorithm: Literal["feed-draw-1"]
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
    names = {"public_number": rules.beacon or "", "drand": "drand quicknet"}
    draw = None if row["settlement_id"] is None else await draw_store.find_draw(conn, row["settlement_id"])
    beacon = None if draw is None else draw.beacon
    numbers = []
    if draw is not None and beacon is not None and beacon.source == "public_number":
        numbers = await correction_store.list_numbers(conn, draw.listed_in or row["settlement_id"])
    return DrawCard(
        campaign_id=str(campaign_id),
        algorithm="feed-draw-1",
        nonce_sha256=row["nonce_sha256"].hex(),
        list_sha256=None if draw is None else draw.list_sha256.hex(),
        tickets=None if draw is None else draw.ticket_count,
        list_published_at=None if draw is None else draw.list_published_at,
        awaits=_awaited(draw, rules, row["now"], names),
        beacon=None if beacon is None else _card(numbers[-1] if numbers else beacon, beacon.source, names),
        corrected=[_wrong(wrong, right) for wrong, right in pairwise(numbers)],
        publicly_verifiable=None if beacon is None else beacon.source != "own",
    )


def _awaited(draw: Draw | None, rules: Rules, now: datetime, names: Mapping[str, str]) -> Awaited | None:
    """The source that the draw waits for now; None before its list is published and once it has a value."""
    if draw is None or draw.beacon is not None or draw.list_published_at is None:
        return None
    window = window_at(rules, draw.list_published_at, now)
    if window is None:
        return None
    return Awaited(
        source=window.source,
        name=names.get(window.source, ""),
        not_before=window.not_before,
        until=window.until,
    )


async def get_number(conn: Connection, campaign_id: int) -> NumberCard:
    """The state of the public number's entry, for editors. Raises DrawNotFound."""
    card = await get_draw(conn, campaign_id)
    if card.awaits is not None:
        wanted = card.awaits.source == "public_number"
        return NumberCard("number" if wanted else None, await _list_entered(conn, campaign_id))
    drawn = await correction_store.find_undone_draw(conn, campaign_id)
    if drawn is None or drawn.source != "public_number":
        return NumberCard(None, await _list_entered(conn, campaign_id))
    return NumberCard("correction", await _list_correcting(conn, drawn.settlement_id, len(card.corrected) + 1))


async def _list_entered(conn: Connection, campaign_id: int) -> list[EnteredCard]:
    rows = await conn.fetch(
        """
        SELECT editor_id::text AS user_id, entered_at
        FROM beacon_entries
        JOIN settlements ON settlements.id = beacon_entries.settlement_id AND settlements.undone_at IS NULL
        JOIN draws ON draws.settlement_id = settlements.id
        WHERE settlements.campaign_id = $1 AND (
            draws.source IS NOT NULL
            OR EXISTS (
                SELECT FROM approvals_in_force AS approvals
                WHERE approvals.act = 'enter_number' AND approvals.subject_id = settlements.id AND approvals.account_id = editor_id
            )
        )
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
        WHERE settlement_id = $1 AND number = $2 AND EXISTS (
            SELECT FROM approvals_in_force AS approvals
            WHERE approvals.act = 'correct_number' AND approvals.subject_id = settlement_id AND approvals.account_id = editor_id
        )
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
