"""SQL of settlements and their results."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from feed.postgres import Connection, one
from feed.prizes.model import Forced, ResultNotFound, Settlement


class SettlementSummary(msgspec.Struct, frozen=True):
    """A settlement without its result document, which may have megabytes."""

    id: int
    rules_version: int


class AnnouncedResult(msgspec.Struct, frozen=True):
    """The result of an announced campaign by its hashes: what a served document consists of. `result_salt` is that of its pseudonyms."""

    id: int
    result_sha256: str
    result_salt: bytes
    amendments: list[str]


async def get_announced(conn: Connection, campaign_id: int) -> AnnouncedResult:
    """The announced result in force, without its document. Raises ResultNotFound before the announcement."""
    row = await conn.fetchrow(
        """
        SELECT settlements.id, settlements.result_sha256, campaigns.result_salt,
            ARRAY(
                SELECT document_sha256 FROM amendments WHERE settlement_id = settlements.id ORDER BY number
            ) AS amendments
        FROM campaigns
        JOIN settlements ON settlements.campaign_id = campaigns.id AND settlements.undone_at IS NULL
        WHERE campaigns.id = $1 AND campaigns.state IN ('announced', 'final', 'archived')
        """,
        campaign_id,
    )
    announced = one(row, AnnouncedResult)
    if announced is None:
        raise ResultNotFound
    return announced


async def find_settled(conn: Connection, campaign_id: int) -> SettlementSummary | None:
    """The campaign's settlement in force, if it has a result."""
    row = await conn.fetchrow(
        """
        SELECT id, rules_version
        FROM settlements
        WHERE campaign_id = $1 AND undone_at IS NULL AND result IS NOT NULL
        """,
        campaign_id,
    )
    return one(row, SettlementSummary)


async def add_settlement(
    conn: Connection,
    campaign_id: int,
    *,
    rules_version: int,
    frozen_at: datetime,
    skipped: Sequence[dict[str, Any]],
    voids: Sequence[dict[str, Any]],
    forced: Forced | None,
) -> int:
    """Adds a settlement, whose result will be in the second format, and returns its id. A unique index allows one in force per campaign."""
    settlement_id: int = await conn.fetchval(
        """
        INSERT INTO settlements (campaign_id, rules_version, frozen_at, skipped, forced, voids, unlinked, format)
        VALUES ($1, $2, $3, $4, $5, $6, true, 2)
        RETURNING id
        """,
        campaign_id,
        rules_version,
        frozen_at,
        list(skipped),
        None if forced is None else msgspec.to_builtins(forced),
        list(voids),
    )
    return settlement_id


async def find_settlement(conn: Connection, campaign_id: int) -> Settlement | None:
    """The campaign's settlement in force, with or without a result."""
    row = await conn.fetchrow(
        """
        SELECT settlements.id, campaign_id, settlements.rules_version, settlements.frozen_at, skipped, forced, unlinked,
            format, voids, result IS NOT NULL AS has_result,
            campaigns.result_salt AS salt,
            ARRAY (
                SELECT earlier.result_sha256
                FROM settlements AS earlier
                WHERE earlier.campaign_id = $1 AND earlier.withdrawn
                ORDER BY earlier.id
            ) AS withdrawn
        FROM settlements JOIN campaigns ON campaigns.id = campaign_id
        WHERE campaign_id = $1 AND undone_at IS NULL
        """,
        campaign_id,
    )
    return one(row, Settlement)


async def get_rules_document(conn: Connection, settlement_id: int) -> dict[str, Any]:
    """The rules that the settlement applied, as they were published."""
    document: dict[str, Any] = await conn.fetchval(
        """
        SELECT campaign_rules.rules
        FROM settlements
        JOIN campaign_rules ON campaign_rules.campaign_id = settlements.campaign_id
            AND campaign_rules.version = settlements.rules_version
        WHERE settlements.id = $1
        """,
        settlement_id,
    )
    return document


async def add_result(conn: Connection, settlement_id: int, result: bytes, sha256: str) -> bool:
    """Stores the result. False if the settlement has one already."""
    return bool(
        await conn.fetchval(
            """
            UPDATE settlements SET result = $2, result_sha256 = $3, settled_at = clock_timestamp()
            WHERE id = $1 AND result IS NULL
            RETURNING true
            """,
            settlement_id,
            result,
            sha256,
        )
    )


async def mark_undone(conn: Connection, settlement_id: int, *, by: int, reason: str, withdrawn: bool = False) -> None:
    """Takes the settlement out of force; the row stays. `withdrawn`: its result was announced."""
    await conn.execute(
        """
        UPDATE settlements
        SET undone_at = clock_timestamp(), undone_by = $2, undone_reason = $3, withdrawn = $4
        WHERE id = $1 AND undone_at IS NULL
        """,
        settlement_id,
        by,
        reason,
        withdrawn,
    )
