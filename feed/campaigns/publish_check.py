"""The publish check: what keeps a draft from being published now, including what only the database knows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from feed.campaigns.entries import draw_entry_store
from feed.campaigns.model import Rules
from feed.campaigns.rules.draft import read_rules
from feed.errors import FieldError
from feed.postgres import Connection
from feed.topics import store as topics
from feed.topics.parse import topic_key


async def check_publishable(
    conn: Connection, draft: Mapping[str, Any], *, now: datetime, checks_end: bool = True
) -> tuple[Rules, list[FieldError]]:
    """The rules of the draft, and every field that is missing or wrong. `now` is the database's clock."""
    rules, problems = read_rules(draft, publishing=True)
    named = {error.field for error in problems}
    if checks_end and "ends_at" not in named and rules.ends_at <= now:
        problems.append(FieldError("ends_at", "in_the_past"))
    post_id = rules.announcement_post_id
    if post_id is not None and "announcement_post_id" not in named:
        problems += await _announcement_problems(conn, rules, int(post_id))
    if "topic" not in named:
        topic = await topics.find_by_key(conn, topic_key(rules.topic))
        if topic is not None and topic.is_closed:
            # A closed topic takes no posts, so that no user could take part.
            problems.append(FieldError("topic", "closed_topic"))
        elif topic is not None and topic.is_hidden:
            problems.append(FieldError("topic", "hidden_topic"))
    return rules, problems


async def _announcement_problems(conn: Connection, rules: Rules, post_id: int) -> list[FieldError]:
    announcement = await draw_entry_store.find_announcement(conn, post_id)
    if announcement is None:
        return [FieldError("announcement_post_id", "not_found")]
    problems = []
    if rules.entry_by != "post" and not announcement.is_by_staff:
        problems.append(FieldError("announcement_post_id", "not_by_staff"))
    if rules.entry_by == "comment" and not announcement.takes_comments:
        problems.append(FieldError("announcement_post_id", "takes_no_comments"))
    return problems
