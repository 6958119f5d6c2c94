"""The preview of a campaign before publication: points of engagement, rules text, problems and advice."""

from collections.abc import Iterator

import msgspec

from feed.campaigns import store as campaigns
from feed.campaigns.errors import CampaignNotFound
from feed.campaigns.model import Rules
from feed.campaigns.publish_check import check_publishable
from feed.campaigns.rules.advice import rules_advice
from feed.campaigns.rules.draft import read_rules
from feed.campaigns.rules.site_terms import SiteTerms
from feed.campaigns.rules.text import rules_text
from feed.campaigns.scoring.score import points_by_count
from feed.errors import FieldError
from feed.postgres import Connection
from feed.screens.staff.chains import count_persons


class Worth(msgspec.Struct, frozen=True):
    """The points (of 100) that a number of likes, and of commenters, gives."""

    count: int
    likes: str
    comments: str


class Preview(msgspec.Struct, frozen=True):
    """A preview; `worth` is empty for a draw.

    `problems` prevent publication; `advice` names fields that an editor may have meant otherwise.
    """

    worth: list[Worth]
    text: str
    problems: list[FieldError]
    advice: list[FieldError]


async def preview_campaign(conn: Connection, campaign_id: int, site: SiteTerms) -> Preview:
    """The preview of a draft, or of a published campaign with its present rules. Raises CampaignNotFound."""
    campaign = await campaigns.find_campaign(conn, campaign_id)
    if campaign is None:
        raise CampaignNotFound
    is_published = campaign.published_at is not None
    rules, problems = await check_publishable(
        conn,
        campaign.draft,
        site,
        campaign_id=campaign_id,
        now=campaign.now,
        published=read_rules(campaign.draft, publishing=False)[0] if is_published else None,
        checks_end=not is_published,
    )
    missing = {error.field for error in problems if error.code == "required"}
    return Preview(
        worth=[] if rules.method == "draw" else list(_worth(rules)),
        text=rules_text(rules, missing=missing),
        problems=problems,
        advice=await list_advice(conn, campaign_id, rules),
    )


async def list_advice(conn: Connection, campaign_id: int, rules: Rules) -> list[FieldError]:
    """The advice on these rules of the campaign."""
    has_judges = await campaigns.has_judges(conn, campaign_id)
    reviewers = await count_persons(conn, campaign_id) if rules.review_stages else 0
    return list(rules_advice(rules, has_judges=has_judges, reviewers=reviewers))


async def get_advice(conn: Connection, campaign_id: int) -> list[FieldError]:
    """The advice on a campaign with its present rules. Raises CampaignNotFound."""
    campaign = await campaigns.find_campaign(conn, campaign_id)
    if campaign is None:
        raise CampaignNotFound
    return await list_advice(conn, campaign_id, read_rules(campaign.draft, publishing=False)[0])


def _worth(rules: Rules) -> Iterator[Worth]:
    for count, likes, comments in points_by_count(rules.weights, rules.caps):
        yield Worth(count, f"{likes:f}", f"{comments:f}")
