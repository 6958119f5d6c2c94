"""SQL of blocks and mutes between accounts."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from feed.postgres import Connection

RelationKind = Literal["block", "mute"]


class HiddenAccounts(NamedTuple):
    """Accounts hidden by a block in either direction, accounts left out of lists, and accounts with a block that hides nothing."""

    blocked: frozenset[int]
    muted: frozenset[int]
    apart: frozenset[int]


async def add_relation(conn: Connection, account_id: int, target_id: int, kind: RelationKind) -> bool:
    """Adds a relation. Returns whether it is new."""
    added = await conn.fetchval(
        "INSERT INTO relations (account_id, target_id, kind) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING true",
        account_id,
        target_id,
        kind,
    )
    return added is not None


async def remove_relation(conn: Connection, account_id: int, target_id: int, kind: RelationKind) -> bool:
    """Removes a relation. Returns whether there was one."""
    removed = await conn.fetchval(
        "DELETE FROM relations WHERE account_id = $1 AND target_id = $2 AND kind = $3 RETURNING true",
        account_id,
        target_id,
        kind,
    )
    return removed is not None


async def count_relations(conn: Connection, account_id: int, kind: RelationKind) -> int:
    """The number of the account's relations of this kind."""
    return int(
        await conn.fetchval("SELECT count(*) FROM relations WHERE account_id = $1 AND kind = $2", account_id, kind)
    )


async def list_relation_kinds(conn: Connection, account_id: int, target_id: int) -> set[RelationKind]:
    """The account's relations to the other account."""
    rows = await conn.fetch(
        "SELECT kind FROM relations WHERE account_id = $1 AND target_id = $2 AND kind = ANY ('{block,mute}')",
        account_id,
        target_id,
    )
    return {row["kind"] for row in rows}


async def get_hidden_accounts(conn: Connection, account_id: int) -> HiddenAccounts:
    """The accounts that are hidden from the account."""
    rows = await conn.fetch("SELECT other_id, kind FROM hidden_accounts WHERE account_id = $1", account_id)
    return HiddenAccounts(
        frozenset(row["other_id"] for row in rows if row["kind"] == "block"),
        frozenset(row["other_id"] for row in rows if row["kind"] == "mute"),
        frozenset(row["other_id"] for row in rows if row["kind"] == "apart"),
    )


async def is_hidden_by_block(conn: Connection, viewer_id: int, account_id: int) -> bool:
    """Whether the account has blocked the viewer, and this hides it: staff and jurors see whom they judge."""
    return bool(
        await conn.fetchval(
            """
            SELECT EXISTS (SELECT FROM relations WHERE account_id = $2 AND target_id = $1 AND kind = 'block')
                AND EXISTS (SELECT FROM hidden_accounts WHERE account_id = $1 AND other_id = $2 AND kind = 'block')
            """,
            viewer_id,
            account_id,
        )
    )


async def list_blocked_pairs(conn: Connection, pairs: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """The pairs with a block in either direction."""
    rows = await conn.fetch(
        """
        SELECT given.one, given.other
        FROM unnest($1::bigint[], $2::bigint[]) AS given (one, other)
        -- OFFSET: looked up for each pair, where a join would read all blocks.
        WHERE EXISTS (SELECT FROM kept_apart WHERE account_id = one AND other_id = other AND kind = 'block' OFFSET 0)
        """,
        [one for one, _ in pairs],
        [other for _, other in pairs],
    )
    return {(row["one"], row["other"]) for row in rows}


async def list_hidden_pairs(conn: Connection, pairs: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """The pairs (recipient, actor) in which the recipient has muted the actor, or with a block in either direction."""
    rows = await conn.fetch(
        """
        SELECT given.recipient, given.actor
        FROM unnest($1::bigint[], $2::bigint[]) AS given (recipient, actor)
        WHERE EXISTS (SELECT FROM kept_apart WHERE account_id = recipient AND other_id = actor OFFSET 0)
        """,
        [recipient for recipient, _ in pairs],
        [actor for _, actor in pairs],
    )
    return {(row["recipient"], row["actor"]) for row in rows}
