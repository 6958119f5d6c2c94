"""Reads of the texts that the newsroom signs: campaigns with their announcement and rules, and its own posts."""

from typing import Any, NamedTuple

from feed.campaigns import store as campaigns
from feed.campaigns.rules.draft import content_sha256, read_rules
from feed.campaigns.rules.site_terms import SiteTerms, with_site_terms
from feed.campaigns.rules.text import rules_text
from feed.campaigns.store import Campaign
from feed.postgres import Connection
from feed.signoffs.model import Kind

# The audited acts by which an account becomes an author of a campaign's text.
_AUTHORING = ["campaign_created", "campaign_copied", "campaign_changed", "campaign_change_proposed"]


class NewsroomText(NamedTuple):
    """A text to sign. `author_ids`: the accounts that have written it; `title` is empty for a post."""

    kind: Kind
    subject_id: int
    title: str
    text: str
    content_sha256: bytes
    author_ids: list[int]
    # The revision of a post.
    revision: int | None


async def find_text(conn: Connection, kind: Kind, subject_id: int, site: SiteTerms) -> NewsroomText | None:
    """The text as it would be published now: of a published campaign its proposed change. None if there is none to sign."""
    return await (_find_post(conn, subject_id) if kind == "post" else _find_campaign(conn, subject_id, site))


async def _find_campaign(conn: Connection, campaign_id: int, site: SiteTerms) -> NewsroomText | None:
    campaign = await campaigns.find_campaign(conn, campaign_id)
    draft = None if campaign is None else await _unpublished(conn, campaign)
    if draft is None:
        return None
    rules, problems = read_rules(draft, publishing=True)
    published = read_rules(campaign.draft, publishing=False)[0] if campaign and campaign.published_at else None
    missing = {error.field for error in problems if error.code == "required"}
    body = f"{rules.body}\n\n" if rules.body else ""
    return NewsroomText(
        "campaign",
        campaign_id,
        rules.title,
        body + rules_text(with_site_terms(rules, site, published), missing=missing),
        content_sha256(draft),
        await _list_authors(conn, campaign_id),
        None,
    )


async def _unpublished(conn: Connection, campaign: Campaign) -> dict[str, Any] | None:
    """The fields that are to be published: a draft, or the proposed change of rules that may change still."""
    if campaign.state == "draft":
        return campaign.draft
    return await campaigns.find_proposal(conn, campaign.id) if campaign.frozen_at is None else None


async def _list_authors(conn: Connection, campaign_id: int) -> list[int]:
    rows = await conn.fetch(
        """
        SELECT created_by AS id FROM campaigns WHERE id = $1
        UNION
        SELECT actor_id FROM audit
        WHERE subject_kind = 'campaign' AND subject_id = $1 AND action = ANY ($2::text[]) AND actor_id IS NOT NULL
        """,
        campaign_id,
        _AUTHORING,
    )
    return [row["id"] for row in rows]


async def _find_post(conn: Connection, post_id: int) -> NewsroomText | None:
    row = await conn.fetchrow(
        """
        SELECT revisions.revision, revisions.text, revisions.content_sha256,
               ARRAY(SELECT DISTINCT author_id FROM post_revisions WHERE post_id = $1) || posts.author_id AS author_ids
        FROM posts
        JOIN newsroom_accounts ON newsroom_accounts.account_id = posts.author_id
        JOIN post_revisions AS revisions ON revisions.post_id = posts.id AND revisions.revision = posts.latest_revision
        WHERE posts.id = $1 AND posts.state IN ('pending', 'published')
        """,
        post_id,
    )
    if row is None:
        return None
    return NewsroomText(
        "post", post_id, "", row["text"], row["content_sha256"], list(set(row["author_ids"])), row["revision"]
    )


async def is_unsigned(conn: Connection, post_id: int) -> bool:
    """Whether the post is the newsroom's and its shown revision lacks a signature."""
    return bool(
        await conn.fetchval(
            """
            SELECT EXISTS (
                SELECT FROM posts
                JOIN newsroom_accounts ON newsroom_accounts.account_id = posts.author_id
                JOIN post_revisions AS revisions ON revisions.post_id = posts.id AND revisions.revision = posts.revision
                WHERE posts.id = $1 AND revisions.credits = '[]'
            )
            """,
            post_id,
        )
    )
