"""The publish check: what keeps a draft from being published now, including what only the database knows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from feed.campaigns import store
from feed.campaigns.entries import draw_entry_store
from feed.campaigns.model import Rules, rules_document
from feed.campaigns.rules.draft import content_sha256, read_rules
from feed.campaigns.rules.site_terms import SiteTerms, site_problems, with_site_terms
from feed.errors import FieldError
from feed.postgres import Connection
from feed.signoffs import store as signoffs
from feed.signoffs.model import CREDIT_ROLES, credits_of, next_stage
from feed.texts import quoted
from feed.topics import store as topics
from feed.topics.parse import topic_key


async def check_publishable(
    conn: Connection,
    draft: Mapping[str, Any],
    site: SiteTerms,
    *,
    campaign_id: int,
    now: datetime,
    published: Rules | None = None,
    checks_end: bool = True,
) -> tuple[Rules, list[FieldError]]:
    """The rules of the draft with the terms of the site, and every field that is missing or wrong.

    `now` is the database's clock; `published`: the rules in force of a campaign that is published.
    """
    rules, problems = read_rules(draft, publishing=True)
    named = {error.field for error in problems}
    if "licence" not in named:
        problems += site_problems(rules, site, published)
    rules = with_site_terms(rules, site, published)
    rules, unsigned = await _with_credits(conn, rules, draft, site, campaign_id=campaign_id, published=published)
    problems += unsigned
    if checks_end and "ends_at" not in named and rules.ends_at <= now:
        problems.append(FieldError("ends_at", "in_the_past"))
    post_id = rules.announcement_post_id
    if post_id is not None and "announcement_post_id" not in named:
        problems += await _announcement_problems(conn, rules, int(post_id), site)
    if "topic" not in named:
        topic = await topics.find_by_key(conn, topic_key(rules.topic))
        if topic is not None and topic.is_closed:
            # A closed topic takes no posts, so that no user could take part.
            problems.append(FieldError("topic", "closed_topic"))
        elif topic is not None and topic.is_hidden:
            problems.append(FieldError("topic", "hidden_topic"))
    if rules.method == "draw" and published is None and await store.has_jury(conn, campaign_id):
        problems.append(FieldError("method", "draw_without_jury"))
    # Draws by comment or like take no posts.
    if rules.entry_by == "post" and not rules.shares_topic and not named & {"topic", "starts_at", "ends_at"}:
        problems += await _shared_topic(conn, rules, campaign_id)
    return rules, problems


async def _with_credits(
    conn: Connection,
    rules: Rules,
    draft: Mapping[str, Any],
    site: SiteTerms,
    *,
    campaign_id: int,
    published: Rules | None,
) -> tuple[Rules, list[FieldError]]:
    """The rules with the credits of who signed the draft, and a problem if the site asks for signatures that are missing.

    What is published already keeps its credits, and needs none that it was published without.
    """
    content = content_sha256(draft)
    if published is not None and content == content_sha256(rules_document(published)):
        return msgspec.structs.replace(rules, credits=published.credits), []
    signed = await signoffs.list_in_force(conn, "campaign", campaign_id, content)
    problems = []
    if site.editorial_chain and (stage := next_stage(signed)) is not None:
        problems.append(FieldError("credits", "not_signed", {"stage": CREDIT_ROLES[stage - 1]}))
    return msgspec.structs.replace(rules, credits=credits_of(signed)), problems


async def _announcement_problems(conn: Connection, rules: Rules, post_id: int, site: SiteTerms) -> list[FieldError]:
    announcement = await draw_entry_store.find_announcement(conn, post_id)
    if announcement is None:
        return [FieldError("announcement_post_id", "not_found")]
    problems = []
    if rules.entry_by != "post" and not announcement.is_by_staff:
        problems.append(FieldError("announcement_post_id", "not_by_staff"))
    if rules.entry_by == "comment" and not announcement.takes_comments:
        problems.append(FieldError("announcement_post_id", "takes_no_comments"))
    if site.editorial_chain and not announcement.is_signed:
        problems.append(FieldError("announcement_post_id", "unsigned_post"))
    return problems


async def _shared_topic(conn: Connection, rules: Rules, campaign_id: int) -> list[FieldError]:
    """A problem if posts with the topic, or an alias of it, would enter another campaign of the same time as well."""
    topic_ids = await topics.list_ids_under(conn, topic_key(rules.topic))
    other = await store.find_overlapping(
        conn, topic_ids, starts_at=rules.starts_at, ends_at=rules.ends_at, besides=campaign_id
    )
    if other is None:
        return []
    return [FieldError("topic", "topic_in_use", {"title": quoted(other.title), "campaign_id": str(other.id)})]
