"""The endpoint with the limits and rules that the app reads at its start."""

from typing import get_args

import msgspec
from litestar import Response, Router, get

from feed.accounts.model import BIO, NAME
from feed.api.dependencies import InjectedAppState
from feed.boards.diversity import AUTHOR_MOST, TOPIC_MOST, WINDOW
from feed.boards.hot_score import COMMENT_WEIGHT, PERIOD
from feed.campaigns.rules.site_terms import Licence
from feed.comments.model import TEXT as COMMENT_TEXT
from feed.curation.trends import HALF_LIFE, REACH
from feed.links import PHONE_PAGE
from feed.media.inputs import ALT, IMAGE_BYTES_MOST, UNUSED_MOST, VIDEO_BYTES_MOST, VIDEO_MS_MOST
from feed.media.model import DIRECT_BYTES_MOST, IMAGES_MOST, VIDEOS_MOST
from feed.posts.model import PLACE, TOPICS_MOST, AiLabelSource, CommentPolicy
from feed.posts.model import TEXT as POST_TEXT
from feed.ranking_snapshots import MAX_RANKED
from feed.screens.posts.new_count import MAX_NEW_COUNT
from feed.screens.reasons import ReasonCard, reason_cards
from feed.topics.parse import MARKS
from feed.topics.parse import NAME_LONGEST as TOPIC_LONGEST

_CACHE_CONTROL = "public, max-age=300"


class TextLimits(msgspec.Struct, frozen=True):
    """The greatest lengths of texts, in code points."""

    post: int = POST_TEXT.longest
    comment: int = COMMENT_TEXT.longest
    name: int = NAME.longest
    bio: int = BIO.longest
    place: int = PLACE.longest
    alt: int = ALT.longest


class MediaRules(msgspec.Struct, frozen=True):
    """What of photos and videos is accepted. A post has photos or videos, not both; sizes are in bytes."""

    images_per_post: int = IMAGES_MOST
    videos_per_post: int = VIDEOS_MOST
    direct_bytes: int = DIRECT_BYTES_MOST
    image_bytes: int = IMAGE_BYTES_MOST
    video_bytes: int = VIDEO_BYTES_MOST
    video_ms: int = VIDEO_MS_MOST
    unused_most: int = UNUSED_MOST


class TopicRules(msgspec.Struct, frozen=True):
    """The syntax of a topic: between two marks, or from one mark to the next white space or punctuation."""

    marks: list[str]
    name_longest: int = TOPIC_LONGEST
    per_post: int = TOPICS_MOST


class HotRules(msgspec.Struct, frozen=True):
    """The hot score and its diversity rule. Ten times the engagement is worth one period; any `window` consecutive posts contain
    at most `per_author` of one author and `per_topic` of one topic, as long as there are others."""

    period_ms: int = int(PERIOD.total_seconds() * 1000)
    comment_weight: int = COMMENT_WEIGHT
    window: int = WINDOW
    per_author: int = AUTHOR_MOST
    per_topic: int = TOPIC_MOST


class TrendRules(msgspec.Struct, frozen=True):
    """The trend score of a topic: the authors of the last `reach_ms`, each by the best post, halved every `half_life_ms`."""

    reach_ms: int = int(REACH.total_seconds() * 1000)
    half_life_ms: int = int(HALF_LIFE.total_seconds() * 1000)


class PrivacyText(msgspec.Struct, frozen=True):
    """The privacy text that winners agree to. `url` is null where the app has the text itself."""

    version: str
    url: str | None


class AiLabelWords(msgspec.Struct, frozen=True):
    """The label of a post that AI has made, in both languages, by the source that says so."""

    source: AiLabelSource
    zh: str
    en: str


_AI_LABELS = [
    AiLabelWords("declared", "内容由AI生成（作者声明）", "Made by AI, as its author says"),
    AiLabelWords("reviewer", "内容由AI生成（审核标注）", "Made by AI, as a reviewer has found"),
    AiLabelWords("metadata", "疑似AI生成（依据文件标识）", "Probably made by AI, as its files say"),
]


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Limits, rules and texts of this server."""

    limits: TextLimits
    media: MediaRules = MediaRules()
    page_most: int = 50
    ranked_most: int = MAX_RANKED
    new_posts_most: int = MAX_NEW_COUNT
    posts_at_once: int = 50
    comment_policies: list[CommentPolicy]
    topics: TopicRules
    hot: HotRules
    trends: TrendRules
    reason_codes: list[ReasonCard]
    privacy: PrivacyText
    licences: list[Licence]
    minimum_app_version: str | None
    phone_page: str | None
    ai_labels: list[AiLabelWords]


@get("/config", conditional=True)
async def get_config(app_state: InjectedAppState) -> Response[Config]:
    """Limits, topic rules, the texts of reason codes, the privacy text, and the oldest supported version of the app."""
    config = Config(
        limits=TextLimits(),
        comment_policies=list(get_args(CommentPolicy)),
        topics=TopicRules(list(MARKS)),
        hot=HotRules(),
        trends=TrendRules(),
        reason_codes=reason_cards(),
        privacy=PrivacyText(app_state.settings.privacy_version, app_state.settings.privacy_url or None),
        licences=list(app_state.site_terms.licences),
        minimum_app_version=app_state.settings.minimum_app_version or None,
        ai_labels=_AI_LABELS,
        phone_page=app_state.links.deep_link(PHONE_PAGE) if app_state.settings.require_phone else None,
    )
    return Response(config, headers={"cache-control": _CACHE_CONTROL})


config = Router("/", route_handlers=[get_config])
