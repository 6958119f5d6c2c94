"""The preview of a campaign before publication: points of engagement, rules text, problems and advice."""

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
    """The points (of 100) that a number of likes, and of commenters, gives."""

    count: int
    likes: str
    comments: str


class Preview(msgspec.Struct, frozen=True):
    """A preview; `worth` is empty for a draw.

    `problems` prevent publication; `advice` names optional fields in whose place the text has a general wording.
    """

    worth: list[Worth]
    text: str
    problems: list[FieldError]
    advice: list[FieldError]


async def preview_campaign(conn: Connection, campaign_id: int) -> Preview:
    """The preview of a draft, or of a published campaign with its present rules. Raises CampaignNotFound."""
    campaign = await campaigns.find_campaign(conn, campaign_id)
    if campaign is None:
        raise CampaignNotFound
    rules, problems = await check_publishable(
        conn, campaign.draft, now=campaign.now, checks_end=campaign.published_at is None
    )
    missing = {error.field for error in problems if error.code == "required"}
    return Preview(
        worth=[] if rules.method == "draw" else list(_worth(rules)),
        text=rules_text(rules, missing=missing),
        problems=problems,
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
    # Without a shortlist the settlement does not wait for marks.
    if rules.method == "ranked" and rules.weights.quality and rules.shortlist_size is None:
        yield FieldError("shortlist_size", "advised")
