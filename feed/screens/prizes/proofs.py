"""Proofs that an entry's row belongs to a published result, read without the other rows."""

import msgspec

from feed.keys.merkle import siblings_of
from feed.postgres import Connection, one
from feed.prizes import settlement_store
from feed.prizes.model import ProofNotFound
from feed.prizes.result.proof import write_proof
from feed.screens.posts.page_render import tag_of


class ProofVersion(msgspec.Struct, frozen=True):
    """Which proof it is: an entry's row, at this position on a sheet of `size` rows; `tag`: its entity tag, without quotes."""

    settlement_id: int
    entry_id: int
    position: int
    size: int
    amendment_count: int
    tag: bytes


class _Located(msgspec.Struct, frozen=True):
    entry_id: int
    position: int
    size: int


async def find_version(
    conn: Connection, campaign_id: int, *, post_id: int | None, comment_id: int | None, account_id: int | None
) -> ProofVersion:
    """The proof of the entry of this post or comment, or without either of the best entry of this account's person.

    Raises ResultNotFound before the announcement, ProofNotFound where there is no such entry, and for a result of the first format.
    """
    announced = await settlement_store.get_announced(conn, campaign_id)
    located = await (
        _locate_own(conn, announced.id, account_id)
        if post_id is None and comment_id is None
        else _locate(conn, announced.id, post_id, comment_id)
    )
    if located is None:
        raise ProofNotFound
    parts = [announced.result_sha256, announced.amendments, located.position]
    tag = tag_of(msgspec.json.encode(parts))
    return ProofVersion(announced.id, located.entry_id, located.position, located.size, len(announced.amendments), tag)


async def _locate(conn: Connection, settlement_id: int, post_id: int | None, comment_id: int | None) -> _Located | None:
    # By the ids of the sheet: an entry that is neither post nor comment has the id of an account, which finds nothing.
    row = await conn.fetchrow(
        """
        SELECT result_rows.entry_id, result_rows.position, octet_length(result_hashes.hashes) / 32 AS size
        FROM result_rows
        JOIN sheet_rows ON sheet_rows.settlement_id = $1 AND sheet_rows.entry_id = result_rows.entry_id
        JOIN result_hashes ON result_hashes.settlement_id = $1 AND result_hashes.level = 0
        WHERE result_rows.settlement_id = $1 AND result_rows.entry_id = coalesce($2::bigint, $3::bigint)
            AND (sheet_rows.post_id = $2::bigint OR sheet_rows.comment_id = $3::bigint)
        """,
        settlement_id,
        post_id,
        comment_id,
    )
    return one(row, _Located)


async def _locate_own(conn: Connection, settlement_id: int, account_id: int | None) -> _Located | None:
    row = await conn.fetchrow(
        """
        SELECT result_rows.entry_id, result_rows.position, octet_length(result_hashes.hashes) / 32 AS size
        FROM same_person_accounts AS own
        JOIN result_rows ON result_rows.settlement_id = $1 AND result_rows.account_id = own.same_id
        JOIN result_hashes ON result_hashes.settlement_id = $1 AND result_hashes.level = 0
        WHERE own.account_id = $2
        ORDER BY result_rows.position
        LIMIT 1
        """,
        settlement_id,
        account_id,
    )
    return one(row, _Located)


async def read_proof(conn: Connection, version: ProofVersion) -> bytes:
    """The proof as JSON, its signed parts byte for byte as they are stored."""
    siblings = siblings_of(version.position, version.size)
    stored = await conn.fetchrow(
        """
        SELECT result_heads.document AS head, result_rows.document AS row,
            ARRAY(
                SELECT document FROM amendments WHERE settlement_id = $1 AND number <= $3 ORDER BY number
            ) AS amendments
        FROM result_heads JOIN result_rows ON result_rows.settlement_id = $1 AND result_rows.entry_id = $2
        WHERE result_heads.settlement_id = $1
        """,
        version.settlement_id,
        version.entry_id,
        version.amendment_count,
    )
    assert stored is not None
    hashes = await conn.fetch(
        """
        SELECT substring(result_hashes.hashes FROM 32 * sibling.position + 1 FOR 32) AS hash
        FROM unnest($2::integer[], $3::integer[]) AS sibling (level, position)
        JOIN result_hashes ON result_hashes.settlement_id = $1 AND result_hashes.level = sibling.level
        ORDER BY sibling.level
        """,
        version.settlement_id,
        [level for level, _ in siblings],
        [position for _, position in siblings],
    )
    return write_proof(
        stored["head"], version.position, stored["row"], [each["hash"] for each in hashes], stored["amendments"]
    )
