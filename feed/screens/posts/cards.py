"""A post on the wire: a fragment encoded once per read, and the members that each viewer's card adds.

`SharedPost` and `PostCard` are the only declaration of a card's members: they are read, encoded and documented from it. A new
member that is a column of `list_posts` under the same name is one line in `SharedPost` and that column.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, cast

import msgspec
from msgspec.structs import fields

from feed.accounts.model import CHILD_NAME
from feed.cases.chain import ALWAYS, OfficeHours
from feed.cases.holds import State
from feed.links import Links
from feed.postgres import Connection
from feed.posts.model import AiLabelSource, CommentPolicy, Location
from feed.reasons import VerdictReason
from feed.screens.media.cards import MediaCard
from feed.screens.posts.media import NONE as NO_MEDIA
from feed.screens.posts.media import EncodedMedia
from feed.screens.posts.viewer import ViewerRights, ViewerState, rights_of
from feed.signoffs.model import Credit

Id = str


class AuthorCard(msgspec.Struct, frozen=True):
    """The author of a post or a comment."""

    id: Id
    name: str
    avatar_url: str | None
    badge: str | None


class TopicPlace(msgspec.Struct, frozen=True):
    """A topic in the text: start and length in code points, the `#` signs included."""

    name: str
    start: int
    length: int


class CampaignTag(msgspec.Struct, frozen=True):
    """A campaign that the post has entered."""

    id: Id
    title: str


class Review(msgspec.Struct, frozen=True):
    """The review of a post that is not public, or of an edit while the former text is.

    `expected_at`: when a reviewer is due to have decided it. `text` and `media`: those of the edit, where the post shows another one.
    """

    stage: int | None
    stages: int
    reason_code: VerdictReason | None
    expected_at: datetime | None
    revision: int
    text: str | None
    media: list[MediaCard] | None


class SharedPost(msgspec.Struct, frozen=True, kw_only=True):
    """The members of a post that are the same for every viewer."""

    id: Id
    author: AuthorCard
    text: str
    topics: list[TopicPlace]
    media: list[MediaCard]
    location: Location | None
    ip_region: str | None
    ai_label: AiLabelSource | None
    comment_policy: CommentPolicy
    state: State
    revision: int
    campaigns: list[CampaignTag]
    # Who signed a text of the newsroom.
    credits: list[Credit]
    share_url: str
    created_at: datetime
    published_at: datetime | None
    edited_at: datetime | None
    like_count: int
    comment_count: int


class PostCard(SharedPost, frozen=True, kw_only=True):
    """A post as one viewer sees it. `review` is set for its author only, while the post or its latest edit is not public."""

    liked_by_me: bool
    viewer: ViewerRights
    review: Review | msgspec.UnsetType = msgspec.UNSET


class Fragment(msgspec.Struct, frozen=True):
    """An encoded post without the viewer's members: `json_prefix` is the JSON object of `SharedPost` without its closing brace."""

    post_id: int
    author_id: int
    state: State
    is_visible: bool
    takes_comments: bool
    is_protected: bool  # Strangers to the author cannot comment now.
    json_prefix: bytes
    # The same for public rankings, in which a child has a neutral name.
    ranked_prefix: bytes
    review: Review | msgspec.UnsetType = msgspec.UNSET


async def list_posts(conn: Connection, post_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Rows for `fragment` in the order of the ids, whatever the posts' states: the caller decides who may see them."""
    rows = await conn.fetch(
        """
        SELECT posts.id, posts.author_id, accounts.name AS author_name, avatar_address(accounts.avatar_url) AS avatar_url, accounts.badge,
               coalesce(accounts.protected_until > clock_timestamp(), false) AS is_protected,
               revisions.text, revisions.topics, revisions.credits,
               CASE WHEN accounts.age_band IS DISTINCT FROM 'under_14' THEN posts.location END AS location,
               CASE WHEN accounts.age_band IS DISTINCT FROM 'under_14' THEN posts.ip_region END AS ip_region,
               CASE WHEN posts.ai_generated THEN coalesce(posts.ai_label_source, 'declared') END AS ai_label,
               accounts.age_band = 'under_14' AS of_child, posts.comment_policy,
               shown_state(posts.state, held.holds) AS state, posts.state = 'published' AND held.holds = 0 AS is_visible,
               posts.revision, posts.created_at, posts.edited_at,
               -- Null until a post that waits for its media is visible for the first time.
               CASE WHEN posts.holds & 32 = 0 OR EXISTS (
                   SELECT FROM post_states
                   WHERE post_id = posts.id AND state_before = 'published' AND holds_before = 0
               ) THEN posts.published_at END AS published_at,
               stats.like_count, stats.comment_count,
               coalesce(
                   (
                       SELECT jsonb_agg(jsonb_build_object('id', campaigns.id::text, 'title', campaigns.draft ->> 'title')
                                        ORDER BY campaigns.id)
                       FROM entries JOIN campaigns ON campaigns.id = entries.campaign_id
                       WHERE entries.post_id = posts.id AND campaigns.state NOT IN ('draft', 'cancelled')
                   ),
                   '[]'
               ) AS campaigns,
               posts.latest_revision, reviews.stage AS review_stage, reviews.stages AS review_stages,
               reviews.reason_code AS review_reason, reviews.expected_at AS review_expected_at,
               newest.text AS review_text, newest.media_ids AS review_media_ids,
               shown_media.ids AS media_ids, shown_media.versions AS media_versions
        -- Not as plain parameters: the planner would look at their lengths and plan each call anew, for 5 ms against 0.2 of the statement.
        FROM unnest((SELECT $1::bigint[])) WITH ORDINALITY AS wanted (id, position)
        JOIN posts ON posts.id = wanted.id
        JOIN post_revisions AS revisions ON revisions.post_id = posts.id AND revisions.revision = posts.revision
        JOIN post_stats AS stats ON stats.post_id = posts.id
        JOIN accounts ON accounts.id = posts.author_id
        CROSS JOIN LATERAL (
            -- With what has been taken down, but is not written to each post yet: feed/cases/holds.py has the bits.
            SELECT posts.holds
                | CASE WHEN EXISTS (SELECT FROM taken_down_accounts AS down WHERE down.account_id = posts.author_id) THEN 4 ELSE 0 END
                | -- As the chunks of a takedown: what is not visible anyway keeps the state that its author knows.
                  CASE WHEN posts.state = 'published' AND posts.holds = 0
                      AND EXISTS (SELECT FROM taken_down_topics AS down WHERE down.topic_id = ANY (revisions.topic_ids)) THEN 8 ELSE 0 END
                AS holds
        ) AS held
        CROSS JOIN LATERAL (
            SELECT CASE WHEN posts.state NOT IN ('rejected', 'removed')
                THEN takedown_reason(held.holds, 'post', posts.id, posts.author_id, revisions.topic_ids) END AS reason_code
        ) AS taken_down
        LEFT JOIN LATERAL (
            -- The open case, or else the one that was closed last; the reason is that of the latest verdict that is not undone, or
            -- of the machine check that has blocked it. A takedown hides what verdicts have not: then it has the reason, and a review
            -- ends nothing but an appeal does. Nor does one end the wait for media.
            SELECT (array_agg(cases.stage ORDER BY cases.state = 'open' DESC, cases.id DESC))[1] AS stage,
                   (array_agg(cases.stages ORDER BY cases.state = 'open' DESC, cases.id DESC))[1] AS stages,
                   min(cases.due_at) FILTER (
                       WHERE cases.state = 'open' AND (taken_down.reason_code IS NULL OR cases.kind = 'appeal')
                           AND NOT (posts.holds = 32 AND posts.state <> 'pending')
                   )
                       AS expected_at,
                   coalesce(
                       taken_down.reason_code,
                       (array_agg(verdicts.reason_code ORDER BY verdicts.id DESC) FILTER (WHERE verdicts.id IS NOT NULL))[1],
                       (array_agg(blocked_for(cases.machine) ORDER BY cases.id DESC)
                           FILTER (WHERE blocked_for(cases.machine) IS NOT NULL))[1]
                   ) AS reason_code
            FROM cases
            LEFT JOIN verdicts
              ON verdicts.case_id = cases.id AND verdicts.undone_at IS NULL AND verdicts.verdict IN ('reject', 'remove')
            WHERE (
                    shown_state(posts.state, held.holds) IN ('pending', 'rejected', 'removed')
                    OR (posts.latest_revision <> posts.revision AND cases.revision = posts.latest_revision)
                )
              AND cases.post_id = posts.id AND cases.comment_id IS NULL
        ) AS reviews ON true
        LEFT JOIN post_revisions AS newest
          ON newest.post_id = posts.id AND newest.revision = posts.latest_revision AND posts.latest_revision <> posts.revision
        CROSS JOIN LATERAL (
            -- With the transaction that has changed each medium last: a version of what is encoded of it.
            SELECT array_agg(media.id ORDER BY given.place) AS ids, array_agg(media.xmin ORDER BY given.place) AS versions
            FROM unnest(revisions.media_ids) WITH ORDINALITY AS given (id, place)
            JOIN media ON media.id = given.id AND media.removed_at IS NULL
        ) AS shown_media
        ORDER BY wanted.position
        """,
        post_ids,
    )
    return [dict(row) for row in rows]


_encoder = msgspec.json.Encoder()
# The members that `PostCard` adds: the suffix of each card.
_ViewerMembers: Any = msgspec.defstruct(
    "_ViewerMembers",
    [
        (field.name, field.type, field.default)
        for field in fields(PostCard)
        if field.name not in SharedPost.__struct_fields__
    ],
    kw_only=True,
)


def fragment(row: Mapping[str, Any], media: EncodedMedia, links: Links, hours: OfficeHours = ALWAYS) -> Fragment:
    """The fragment of a row of `list_posts` and its media. Reviews are expected in the `hours` of the staff."""
    post_id, author_id, state = row["id"], row["author_id"], row["state"]
    shared = msgspec.convert(
        {
            **row,
            "id": str(post_id),
            "author": AuthorCard(str(author_id), row["author_name"], row["avatar_url"], row["badge"]),
            "media": [],
            "share_url": links.share_url(post_id),
        },
        SharedPost,
    )
    if media.shown != NO_MEDIA:
        shared = msgspec.structs.replace(shared, media=encoded_media(media.shown))
    encoded = _encoder.encode(shared)[:-1]
    child = AuthorCard(str(author_id), CHILD_NAME, None, None)
    ranked = _encoder.encode(msgspec.structs.replace(shared, author=child))[:-1] if row["of_child"] else encoded
    takes_comments = shared.comment_policy == "everyone"
    return Fragment(
        post_id,
        author_id,
        state,
        row["is_visible"],
        takes_comments,
        row["is_protected"],
        encoded,
        ranked,
        _review(row, media, hours),
    )


def _review(row: Mapping[str, Any], media: EncodedMedia, hours: OfficeHours) -> Review | msgspec.UnsetType:
    is_newer = row["latest_revision"] != row["revision"]
    if row["state"] not in ("pending", "rejected", "removed") and not (is_newer and row["state"] == "published"):
        return msgspec.UNSET
    due_at = row["review_expected_at"]
    # The reason of an earlier verdict does not apply to what waits.
    waits = row["state"] == "pending" or (row["state"] == "published" and due_at is not None)
    return Review(
        row["review_stage"],
        row["review_stages"] or 0,
        None if waits else row["review_reason"],
        None if due_at is None else hours.next_from(due_at),
        row["latest_revision"],
        row["review_text"],
        None if media.waiting is None else encoded_media(media.waiting),
    )


def _suffix(liked: bool, rights: ViewerRights, review: Review | msgspec.UnsetType = msgspec.UNSET) -> bytes:
    encoded = _encoder.encode(_ViewerMembers(liked_by_me=liked, viewer=rights, review=review))
    return b"," + encoded[1:]


# There are few different suffixes, by `liked` and the rights; those with a review are not cached.
_cached_suffix = cache(_suffix)


def card(part: Fragment, viewer_state: ViewerState) -> bytes:
    """The post's complete JSON for one viewer."""
    return part.json_prefix + suffix(part, viewer_state)


def suffix(part: Fragment, viewer_state: ViewerState) -> bytes:
    """The part of the JSON that differs between viewers."""
    rights = rights_of(
        viewer_state,
        author_id=part.author_id,
        state=part.state,
        is_visible=part.is_visible,
        takes_comments=part.takes_comments,
    )
    liked = part.post_id in viewer_state.liked_ids
    if part.review is not msgspec.UNSET and viewer_state.viewer_id == part.author_id:
        return _suffix(liked, rights, part.review)
    return _cached_suffix(liked, rights)


def encoded_post(encoded: bytes) -> PostCard:
    """An encoded card as the member of a Struct: the encoder copies it."""
    return cast(PostCard, msgspec.Raw(encoded))


def encoded_media(encoded: bytes) -> list[MediaCard]:
    """An encoded list of media as the member of a Struct."""
    return cast(list[MediaCard], msgspec.Raw(encoded))


def page(cards: Sequence[bytes], next_cursor: str | None) -> bytes:
    """The JSON of a list from its encoded items."""
    cursor: Any = _encoder.encode(next_cursor)
    return b'{"items":[%b],"next_cursor":%b}' % (b",".join(cards), cursor)
