"""The SQL of signatures on texts of the newsroom."""

from collections.abc import Sequence

from feed.accounts.model import AccountId, Role
from feed.postgres import Connection, many
from feed.signoffs.model import Kind, Signoff


async def list_in_force(conn: Connection, kind: Kind, subject_id: int, content_sha256: bytes) -> list[Signoff]:
    """The signatures in force of a content, by stage."""
    rows = await conn.fetch(
        """
        SELECT id, stage, account_id, name, signed_at
        FROM signoffs_in_force
        WHERE kind = $1 AND subject_id = $2 AND content_sha256 = $3
        ORDER BY stage
        """,
        kind,
        subject_id,
        content_sha256,
    )
    return many(rows, Signoff)


async def add_signoff(
    conn: Connection,
    kind: Kind,
    subject_id: int,
    content_sha256: bytes,
    *,
    stage: int,
    by: AccountId,
    author_ids: Sequence[int],
    roles: Sequence[Role],
) -> int:
    """Adds a signature under the account's byline; returns its id. Signatures of the same stage that count no more are undone."""
    signoff_id: int = await conn.fetchval(
        """
        WITH replaced AS (
            UPDATE signoffs SET undone_at = clock_timestamp()
            WHERE kind = $1 AND subject_id = $2 AND content_sha256 = $3 AND undone_at IS NULL
              AND NOT EXISTS (SELECT FROM signoffs_in_force AS held WHERE held.id = signoffs.id)
            RETURNING id
        )
        INSERT INTO signoffs (kind, subject_id, content_sha256, stage, account_id, person, author_persons, roles, name)
        SELECT $1, $2, $3, $4, accounts.id, persons.person,
               ARRAY(SELECT DISTINCT author.person FROM persons AS author WHERE author.account_id = ANY ($6::bigint[])),
               $7, coalesce(bylines.name, accounts.name)
        FROM accounts
        JOIN persons ON persons.account_id = accounts.id
        LEFT JOIN bylines ON bylines.account_id = accounts.id
        -- The rows to replace first: the unique index would find them otherwise.
        WHERE accounts.id = $5 AND (SELECT count(*) FROM replaced) >= 0
        RETURNING id
        """,
        kind,
        subject_id,
        content_sha256,
        stage,
        by,
        author_ids,
        roles,
    )
    return signoff_id


async def undo_signoffs(conn: Connection, kind: Kind, subject_id: int, content_sha256: bytes) -> list[AccountId]:
    """Undoes all signatures of a content; returns the accounts that had signed, by stage."""
    rows = await conn.fetch(
        """
        WITH undone AS (
            UPDATE signoffs SET undone_at = clock_timestamp()
            WHERE kind = $1 AND subject_id = $2 AND content_sha256 = $3 AND undone_at IS NULL
            RETURNING stage, account_id
        )
        SELECT account_id FROM undone ORDER BY stage
        """,
        kind,
        subject_id,
        content_sha256,
    )
    return [row["account_id"] for row in rows]
