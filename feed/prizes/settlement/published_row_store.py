"""SQL of what proofs are made of: the signed part of a result, its published rows, and the hashes of the tree over them."""

from collections.abc import Sequence

from feed.postgres import Connection
from feed.prizes.result.decision import PublishedRow


async def add_published_rows(
    conn: Connection, settlement_id: int, head: bytes, rows: Sequence[PublishedRow], levels: Sequence[bytes]
) -> None:
    """Adds the signed part of a result, its rows in the order of the sheet, and the hashes of each level of the tree."""
    await conn.execute("INSERT INTO result_heads (settlement_id, document) VALUES ($1, $2)", settlement_id, head)
    await conn.executemany(
        "INSERT INTO result_hashes (settlement_id, level, hashes) VALUES ($1, $2, $3)",
        [(settlement_id, level, hashes) for level, hashes in enumerate(levels)],
    )
    await conn.copy_records_to_table(
        "result_rows",
        columns=("settlement_id", "entry_id", "account_id", "position", "document"),
        records=(
            (settlement_id, row.entry_id, row.account_id, position, row.document) for position, row in enumerate(rows)
        ),
    )
