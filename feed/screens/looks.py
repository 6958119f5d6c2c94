"""What pages need to know of those who look at them: one reading for many viewers."""

from collections.abc import Sequence

import msgspec

from feed.accounts.model import Standing
from feed.postgres import Connection
from feed.screens.rights import Look


class Asked(msgspec.Struct, frozen=True):
    """Somebody looks at these posts."""

    viewer_id: int
    post_ids: Sequence[int]


async def list_looks(conn: Connection, asked: Sequence[Asked]) -> list[Look]:
    """For each: which of the posts he likes, and what he is forbidden at this moment; in their order."""
    rows = await conn.fetch(
        """
        SELECT likes.account_id, likes.post_id, NULL AS sanction
        FROM unnest($1::bigint[], $2::bigint[]) AS given (post_id, account_id)
        JOIN likes ON likes.post_id = given.post_id AND likes.account_id = given.account_id
        UNION ALL
        SELECT account_id, NULL, kind
        FROM sanctions
        WHERE account_id = ANY ($3::bigint[]) AND lifted_at IS NULL
          AND starts_at <= clock_timestamp() AND (until IS NULL OR until > clock_timestamp())
        """,
        [post_id for each in asked for post_id in each.post_ids],
        [each.viewer_id for each in asked for _ in each.post_ids],
        list({each.viewer_id for each in asked}),
    )
    liked: dict[int, set[int]] = {}
    sanctions: dict[int, set[str]] = {}
    for account_id, post_id, sanction in rows:
        if sanction is None:
            liked.setdefault(account_id, set()).add(post_id)
        else:
            sanctions.setdefault(account_id, set()).add(sanction)
    return [
        Look(
            each.viewer_id,
            frozenset(liked.get(each.viewer_id, ())),
            Standing(
                banned="ban" in sanctions.get(each.viewer_id, ()), muted="mute" in sanctions.get(each.viewer_id, ())
            ),
        )
        for each in asked
    ]
