"""Which campaigns a list names: those of a topic, and those that a user takes part in."""

import hashlib
from collections.abc import Sequence

from feed.postgres import Connection, many
from feed.screens.posts.cards import CampaignTag
from feed.topics import store as topics
from feed.topics.parse import MARKS, is_topic_name, shown_name, topic_key

_OPEN_MOST = 20


def list_name(state: str | None, topic: str | None, participant_id: int | None, *, ended: bool = False) -> str:
    """The name of a list with these filters, to which its cursors are bound."""
    parts = [state or ""]
    if topic is not None or participant_id is not None:
        key = "" if topic is None else hashlib.blake2b(topic_key(topic).encode(), digest_size=8).hexdigest()
        parts += [key, "" if participant_id is None else str(participant_id)]
    return ("ended-" if ended else "") + "campaigns:" + ":".join(parts)


async def list_ids(conn: Connection, *, topic: str | None, participant_id: int | None) -> list[int] | None:
    """The campaigns that the filters leave; None without a filter."""
    found: list[set[int]] = []
    if topic is not None:
        found.append(set(await list_ids_of_topic(conn, topic)))
    if participant_id is not None:
        found.append(set(await list_ids_of_participant(conn, participant_id)))
    return sorted(set.intersection(*found)) if found else None


async def list_ids_of_topic(conn: Connection, name: str) -> list[int]:
    """The published campaigns of a topic by any of its spellings and aliases, with or without marks; none of an unknown one."""
    bare = shown_name(name).strip().strip(MARKS)
    if not is_topic_name(bare):
        return []
    topic = await topics.find_resolved(conn, topic_key(bare))
    if topic is None:
        return []
    rows = await conn.fetch(
        "SELECT id FROM campaigns WHERE published_at IS NOT NULL AND entry_topic_ids && $1::bigint[]", topic.ids
    )
    return [row["id"] for row in rows]


async def list_ids_of_participant(conn: Connection, account_id: int) -> list[int]:
    """The published campaigns with an entry of the account's person: a post, or in a draw a comment or a like."""
    rows = await conn.fetch(
        """
        WITH mine AS MATERIALIZED (
            SELECT same_id AS id FROM same_person_accounts WHERE account_id = $1
        )
        SELECT campaigns.id
        FROM campaigns
        WHERE published_at IS NOT NULL AND entry_by = 'post'
            AND EXISTS (
                SELECT FROM entries
                WHERE entries.campaign_id = campaigns.id AND entries.author_id = ANY (ARRAY(SELECT mine.id FROM mine))
            )
        UNION ALL
        SELECT DISTINCT campaigns.id
        FROM draw_entries
        JOIN campaigns ON campaigns.id = draw_entries.campaign_id
        -- A like from before the opening is an entry only from the opening on.
        WHERE campaigns.published_at IS NOT NULL AND campaigns.starts_at <= clock_timestamp()
            AND draw_entries.account_id = ANY (ARRAY(SELECT mine.id FROM mine))
        """,
        account_id,
    )
    return [row["id"] for row in rows]


async def list_open_of_topics(conn: Connection, topic_ids: Sequence[int]) -> list[CampaignTag]:
    """The open campaigns of these topics, the first to end first, 20 at most."""
    rows = await conn.fetch(
        """
        SELECT campaigns.id::text AS id, rules.rules ->> 'title' AS title
        FROM campaigns
        JOIN campaign_rules AS rules ON rules.campaign_id = campaigns.id AND rules.version = campaigns.rules_version
        WHERE campaigns.state = 'scheduled' AND campaigns.entry_topic_ids && $1::bigint[]
            AND campaigns.starts_at <= clock_timestamp() AND campaigns.ends_at > clock_timestamp()
        ORDER BY campaigns.ends_at, campaigns.id
        LIMIT $2
        """,
        topic_ids,
        _OPEN_MOST,
    )
    return many(rows, CampaignTag)
