"""The SQL of key fingerprints."""

from collections.abc import Mapping

from feed.keys.fingerprints import Recorded, campaign_name
from feed.postgres import Connection


async def list_recorded(conn: Connection) -> dict[str, Recorded]:
    """All recorded keys by name."""
    rows = await conn.fetch(
        "SELECT name, fingerprint, destroyed_at IS NOT NULL AS is_destroyed FROM key_fingerprints ORDER BY name"
    )
    return {row["name"]: Recorded(row["fingerprint"], row["is_destroyed"]) for row in rows}


async def find_campaign_key(conn: Connection, campaign_id: int) -> Recorded | None:
    """The recorded key of a campaign."""
    row = await conn.fetchrow(
        "SELECT fingerprint, destroyed_at IS NOT NULL AS is_destroyed FROM key_fingerprints WHERE name = $1",
        campaign_name(campaign_id),
    )
    return None if row is None else Recorded(row["fingerprint"], row["is_destroyed"])


async def record_keys(conn: Connection, held: Mapping[str, str]) -> None:
    """Records the fingerprints of keys that are not known yet; waits for another process that records the same one."""
    names = sorted(held)
    await conn.execute(
        """
        INSERT INTO key_fingerprints (name, fingerprint)
        SELECT name, fingerprint FROM unnest($1::text[], $2::text[]) AS given (name, fingerprint)
        ON CONFLICT (name) DO NOTHING
        """,
        names,
        [held[name] for name in names],
    )


async def replace_keys(conn: Connection, held: Mapping[str, str]) -> None:
    """Records these fingerprints in place of others."""
    names = sorted(held)
    await conn.execute(
        """
        INSERT INTO key_fingerprints (name, fingerprint)
        SELECT name, fingerprint FROM unnest($1::text[], $2::text[]) AS given (name, fingerprint)
        ON CONFLICT (name) DO UPDATE SET fingerprint = excluded.fingerprint, recorded_at = now(), destroyed_at = NULL
        """,
        names,
        [held[name] for name in names],
    )


async def remove_keys(conn: Connection, names: list[str]) -> None:
    """Forgets keys that no store holds any more."""
    await conn.execute("DELETE FROM key_fingerprints WHERE name = ANY($1::text[]) AND destroyed_at IS NULL", names)


async def mark_destroyed(conn: Connection, campaign_id: int) -> None:
    """Records that a campaign's key was destroyed, if it was known."""
    await conn.execute(
        "UPDATE key_fingerprints SET destroyed_at = now() WHERE name = $1 AND destroyed_at IS NULL",
        campaign_name(campaign_id),
    )
