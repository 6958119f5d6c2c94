"""A campaign as it would be published: what engagement is worth, the text, and all that stands in the way."""

from collections.abc import Iterator

import msgspec

from feed.campaigns import store as campaigns
from feed.campaigns.errors import CampaignNotFound
from feed.campaigns.model import Rules
from feed.campaigns.prize_kinds import kinds_of
from feed.campaigns.publish_check import check_publishable
from feed.campaigns.rules.text import rules_text
from feed.campaigns.scoring.score import points_by_count
from feed.errors import FieldError
from feed.postgres import Connection


class Worth(msgspec.Struct, frozen=True):
    """What so many likes, and so many commenters, are worth in points of 100; in a draw nothing is."""

    count: int
    likes: str
    comments: str


class Preview(msgspec.Struct, frozen=True):
    """`problems` keep it from being published; `advice` names what a general wording stands for meanwhile."""

    worth: list[Worth]
    text: str
    problems: list[FieldError]
    advice: list[FieldError]


async def preview_campaign(conn: Connection, campaign_id: int) -> Preview:
    """Of a draft, and of a published campaign as its rules stand. Raises CampaignNotFound."""
    campaign = await campaigns.find_campaign(conn, campaign_id)
    if campaign is None:
        raise CampaignNotFound
    rules, found = await check_publishable(
        conn, campaign.draft, now=campaign.now, checks_end=campaign.published_at is None
    )
    missing = {error.field for error in found if error.code == "required"}
    return Preview(
        worth=[] if rules.method == "draw" else list(_worth(rules)),
        text=rules_text(rules, missing=missing),
        problems=found,
        advice=list(_advice(rules)),
    )


def _worth(rules: Rules) -> Iterator[Worth]:
    for count, likes, comments in points_by_count(rules.weights, rules.caps):
        yield Worth(count, f"{likes:f}", f"{comments:f}")


def _advice(rules: Rules) -> Iterator[FieldError]:
    if (
        any(kind.is_collected for kind in kinds_of(prize.kind for prize in rules.prizes))
        and rules.delivery.place is None
    ):
        yield FieldError("delivery.place", "advised")
    # Without a shortlist no mark is ever waited for.
    if rules.method == "ranked" and rules.weights.quality and rules.shortlist_size is None:
        yield FieldError("shortlist_size", "advised")
