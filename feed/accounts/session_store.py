"""SQL of sign-ins: one row for each family of refresh tokens, with the kind of its device and when it was used."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.accounts.devices import Device
from feed.accounts.model import AccountId
from feed.postgres import Connection, many


class SignIn(msgspec.Struct, frozen=True):
    """A sign-in that has not ended. `region` is where its tokens were last renewed; None if unknown."""

    family: int
    device: Device
    region: str | None
    created_at: datetime
    used_at: datetime


async def mark_used(
    conn: Connection, family: int, account_id: AccountId, *, device: Device, region: str | None
) -> None:
    """Records that a family has got a new token: with the first one, that it exists."""
    await conn.execute(
        """
        INSERT INTO sign_ins (family, account_id, device, region) VALUES ($1, $2, $3, $4)
        ON CONFLICT (family) DO UPDATE
        SET device = excluded.device, region = excluded.region, used_at = clock_timestamp()
        """,
        family,
        account_id,
        device,
        region,
    )


async def list_sign_ins(conn: Connection, account_id: int, *, before: int, limit: int, days: int) -> list[SignIn]:
    """The sign-ins of the account with ids below `before`, newest first, that have not ended and were used in the last `days`."""
    rows = await conn.fetch(
        """
        SELECT family, device, region, created_at, used_at FROM sign_ins
        WHERE account_id = $1 AND family < $2 AND ended_at IS NULL AND used_at > now() - make_interval(days => $4)
        ORDER BY family DESC
        LIMIT $3
        """,
        account_id,
        before,
        limit,
        days,
    )
    return many(rows, SignIn)


async def end_sign_in(conn: Connection, account_id: int, family: int) -> bool:
    """Ends a sign-in of the account and revokes its tokens; a second time changes nothing. False if the account has no such sign-in."""
    return bool(
        await conn.fetchval(
            """
            WITH known AS (
                UPDATE sign_ins SET ended_at = coalesce(ended_at, clock_timestamp())
                WHERE account_id = $1 AND family = $2
                RETURNING family
            ), revoked AS (
                UPDATE refresh_tokens SET revoked_at = now()
                FROM known WHERE refresh_tokens.family = known.family AND revoked_at IS NULL
            )
            SELECT true FROM known
            """,
            account_id,
            family,
        )
    )


async def list_ended(conn: Connection, families: Sequence[int]) -> set[int]:
    """Those of the families whose sign-in has ended, or is not known any more."""
    rows = await conn.fetch(
        """
        SELECT given.family FROM unnest($1::bigint[]) AS given (family)
        WHERE NOT EXISTS (SELECT FROM sign_ins WHERE sign_ins.family = given.family AND ended_at IS NULL)
        """,
        families,
    )
    return {row["family"] for row in rows}


async def list_recently_ended(conn: Connection, *, seconds: int) -> list[int]:
    """The families whose sign-ins ended in the last `seconds`, for caches of tokens."""
    rows = await conn.fetch(
        "SELECT family FROM sign_ins WHERE ended_at > clock_timestamp() - make_interval(secs => $1)", seconds
    )
    return [row["family"] for row in rows]


async def remove_old_sign_ins(conn: Connection, *, hours: int, days: int) -> int:
    """Removes sign-ins that ended `hours` ago, or were not used for `days`, and returns their number."""
    tag = await conn.execute(
        """
        DELETE FROM sign_ins
        WHERE ended_at < now() - make_interval(hours => $1) OR used_at < now() - make_interval(days => $2)
        """,
        hours,
        days,
    )
    return int(tag.split()[-1])
