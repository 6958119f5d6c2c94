"""What an app has to know before it asks anything else."""

from typing import get_args

import msgspec
from litestar import Response, Router, get

from feed.accounts.model import BIO_LONGEST, NAME_LONGEST
from feed.api.inputs import GivenWorld
from feed.comments.model import TEXT_LONGEST as COMMENT_LONGEST
from feed.posts.model import PLACE_LONGEST, TEXT_LONGEST, TOPICS_MOST, CommentPolicy
from feed.screens.review import ReasonCard, reason_cards
from feed.topics.parse import MARKS
from feed.topics.parse import NAME_LONGEST as TOPIC_LONGEST

_FRESH = "public, max-age=300"


class TextLimits(msgspec.Struct, frozen=True):
    """How long things may be, in code points."""

    post: int = TEXT_LONGEST
    comment: int = COMMENT_LONGEST
    name: int = NAME_LONGEST
    bio: int = BIO_LONGEST
    place: int = PLACE_LONGEST


class TopicRules(msgspec.Struct, frozen=True):
    """How a topic is written: between two marks, or from one to the next white space or punctuation."""

    marks: list[str]
    name_longest: int = TOPIC_LONGEST
    per_post: int = TOPICS_MOST


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Limits, rules and words that this server goes by."""

    limits: TextLimits
    page_most: int = 50
    posts_at_once: int = 50
    comment_policies: list[CommentPolicy]
    topics: TopicRules
    reason_codes: list[ReasonCard]
    minimum_app_version: str | None


@get("/config", conditional=True)
async def get_config(world: GivenWorld) -> Response[Config]:
    """Limits, topic rules, the words of reason codes, and the oldest version of the app that may go on."""
    config = Config(
        limits=TextLimits(),
        comment_policies=list(get_args(CommentPolicy)),
        topics=TopicRules(list(MARKS)),
        reason_codes=reason_cards(),
        minimum_app_version=world.settings.minimum_app_version or None,
    )
    return Response(config, headers={"cache-control": _FRESH, "vary": "Authorization"})


config = Router("/", route_handlers=[get_config])
