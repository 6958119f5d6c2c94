"""The SQL that reads the texts that later checks look at, and who wrote them."""

from collections.abc import Sequence

from feed.postgres import Connection


async def list_texts(conn: Connection, case_ids: Sequence[int]) -> dict[int, str]:
    """The texts of the cases' revisions, by case."""
    rows = await conn.fetch(
        """
        SELECT cases.id,
               CASE WHEN cases.comment_id IS NULL THEN revisions.text ELSE coalesce(edits.text, comments.text) END AS text
        FROM cases
        LEFT JOIN post_revisions AS revisions
          ON revisions.post_id = cases.post_id AND revisions.revision = cases.revision AND cases.comment_id IS NULL
        LEFT JOIN comment_revisions AS edits
          ON edits.post_id = cases.post_id AND edits.comment_id = cases.comment_id AND edits.revision = cases.revision
        LEFT JOIN comments ON comments.post_id = cases.post_id AND comments.id = cases.comment_id
        WHERE cases.id = ANY ($1::bigint[])
        """,
        list(case_ids),
    )
    return {row["id"]: row["text"] for row in rows if row["text"]}


async def list_persons(conn: Connection, account_ids: Sequence[int]) -> dict[int, bytes]:
    """The keys of the persons behind accounts, by account."""
    rows = await conn.fetch(
        "SELECT account_id, person FROM persons WHERE account_id = ANY ($1::bigint[])", list(account_ids)
    )
    return {row["account_id"]: row["person"] for row in rows}
