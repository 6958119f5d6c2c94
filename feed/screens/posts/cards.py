"""What a post looks like on the wire: a fragment encoded once per reading, and what each viewer sees of it.

`SharedPost` and `PostCard` are the one declaration of a card's members: they are what is read, encoded and documented. A new
member that is a column of `list_posts` under its own name is a line in `SharedPost` and that column.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, cast

import msgspec
from msgspec.structs import fields

from feed.postgres import Connection
from feed.posts.model import Location, State
from feed.screens.posts.viewer import ViewerRights, ViewerState, rights_of

Id = str


class AuthorCard(msgspec.Struct, frozen=True):
    """Who wrote something."""

    id: Id
    name: str
    avatar_url: str | None
    badge: str | None


class TopicPlace(msgspec.Struct, frozen=True):
    """A topic and where it stands in the text: code points, marks included."""

    name: str
    start: int
    length: int


class MediaVariant(msgspec.Struct, frozen=True):
    """One size of a medium."""

    name: str
    url: str
    width: int
    height: int


class MediaCard(msgspec.Struct, frozen=True, kw_only=True):
    """A photo or a video of a post."""

    id: Id
    kind: str
    state: str
    error_code: str | None = None
    url: str
    thumb_url: str
    variants: list[MediaVariant]
    width: int
    height: int
    duration_ms: int | None = None
    placeholder: str | None = None


class CampaignTag(msgspec.Struct, frozen=True):
    """A campaign that the post has entered."""

    id: Id
    title: str


class Review(msgspec.Struct, frozen=True):
    """Where the review of a post that others do not see stands. `expected_at`: by when somebody is to look at it."""

    stage: int | None
    reason_code: str | None
    expected_at: datetime | None


class SharedPost(msgspec.Struct, frozen=True, kw_only=True):
    """Of a post, what is the same for every viewer."""

    id: Id
    author: AuthorCard
    text: str
    topics: list[TopicPlace]
    media: list[MediaCard]
    location: Location | None
    ip_region: str | None
    comment_policy: str
    state: State
    revision: int
    campaigns: list[CampaignTag]
    share_url: str
    created_at: datetime
    published_at: datetime | None
    edited_at: datetime | None
    like_count: int
    comment_count: int


class PostCard(SharedPost, frozen=True, kw_only=True):
    """A post as one viewer sees it. `review` is for its author, while others do not see the post."""

    liked_by_me: bool
    viewer: ViewerRights
    review: Review | msgspec.UnsetType = msgspec.UNSET


class Fragment(msgspec.Struct, frozen=True):
    """A post encoded up to what differs between viewers: `stem` is the object with the members of `SharedPost`, still open."""

    post_id: int
    author_id: int
    state: State
    takes_comments: bool
    json_prefix: bytes
    review: Review | msgspec.UnsetType = msgspec.UNSET


async def list_posts(conn: Connection, post_ids: Sequence[int]) -> list[dict[str, Any]]:
    """The rows that `fragment` takes, in the order of the ids, in whatever state the posts are: the caller decides who may see them."""
    rows = await conn.fetch(
        """
        SELECT posts.id, posts.author_id, accounts.name AS author_name, accounts.avatar_url, accounts.badge,
               revisions.text, revisions.topics, posts.location, posts.ip_region, posts.comment_policy, posts.state,
               posts.revision, posts.created_at, posts.published_at, posts.edited_at,
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
               reviews.stage AS review_stage, reviews.reason_code AS review_reason,
               reviews.expected_at AS review_expected_at
        FROM unnest($1::bigint[]) WITH ORDINALITY AS asked (id, place)
        JOIN posts ON posts.id = asked.id
        JOIN post_revisions AS revisions ON revisions.post_id = posts.id AND revisions.revision = posts.revision
        JOIN post_stats AS stats ON stats.post_id = posts.id
        JOIN accounts ON accounts.id = posts.author_id
        LEFT JOIN LATERAL (
            -- The case that waits, or else the one that was closed last; the reason is the latest that still stands.
            SELECT (array_agg(cases.stage ORDER BY cases.state = 'open' DESC, cases.id DESC))[1] AS stage,
                   min(cases.due_at) FILTER (WHERE cases.state = 'open') AS expected_at,
                   (array_agg(said.reason_code ORDER BY said.id DESC) FILTER (WHERE said.id IS NOT NULL))[1] AS reason_code
            FROM cases
            LEFT JOIN verdicts AS said
              ON said.case_id = cases.id AND said.undone_at IS NULL AND said.verdict IN ('reject', 'remove')
            WHERE posts.state IN ('pending', 'rejected', 'removed')
              AND cases.post_id = posts.id AND cases.comment_id IS NULL
        ) AS reviews ON true
        ORDER BY asked.place
        """,
        post_ids,
    )
    return [dict(row) for row in rows]


_encoder = msgspec.json.Encoder()
# The members that `PostCard` adds, by themselves: the end of each card.
_ViewerMembers: Any = msgspec.defstruct(
    "_ViewerMembers",
    [
        (field.name, field.type, field.default)
        for field in fields(PostCard)
        if field.name not in SharedPost.__struct_fields__
    ],
    kw_only=True,
)


def fragment(row: Mapping[str, Any], public_url: str) -> Fragment:
    """The post's JSON, open at the end, where the viewer's part is appended."""
    post_id, author_id, state = row["id"], row["author_id"], row["state"]
    face = msgspec.convert(
        {
            **row,
            "id": str(post_id),
            "author": AuthorCard(str(author_id), row["author_name"], row["avatar_url"], row["badge"]),
            "media": [],
            "share_url": f"{public_url}/p/{post_id}",
        },
        SharedPost,
    )
    takes_comments = face.comment_policy == "everyone"
    return Fragment(post_id, author_id, state, takes_comments, _encoder.encode(face)[:-1], _review(row))


def _review(row: Mapping[str, Any]) -> Review | msgspec.UnsetType:
    if row["state"] not in ("pending", "rejected", "removed"):
        return msgspec.UNSET
    # A pending post is not rejected; the reason of an earlier verdict does not hold now.
    reason_code = None if row["state"] == "pending" else row["review_reason"]
    return Review(row["review_stage"], reason_code, row["review_expected_at"])


def _end(liked: bool, rights: ViewerRights, review: Review | msgspec.UnsetType = msgspec.UNSET) -> bytes:
    encoded = _encoder.encode(_ViewerMembers(liked_by_me=liked, viewer=rights, review=review))
    return b"," + encoded[1:]


# Few ends differ: liked or not, and which rights; those with a review are each author's own.
_shared_end = cache(_end)


def card(part: Fragment, viewer_state: ViewerState) -> bytes:
    """The post's whole JSON as one viewer sees it."""
    rights = rights_of(viewer_state, author_id=part.author_id, state=part.state, takes_comments=part.takes_comments)
    liked = part.post_id in viewer_state.liked_ids
    if part.review is not msgspec.UNSET and viewer_state.viewer_id == part.author_id:
        return part.json_prefix + _end(liked, rights, part.review)
    return part.json_prefix + _shared_end(liked, rights)


def encoded_post(encoded: bytes) -> PostCard:
    """A card that is encoded already, where a Struct holds a post: the encoder takes it over as it is."""
    return cast(PostCard, msgspec.Raw(encoded))


def page(cards: Sequence[bytes], next_cursor: str | None) -> bytes:
    """A list's JSON from its encoded items."""
    cursor: Any = _encoder.encode(next_cursor)
    return b'{"items":[%b],"next_cursor":%b}' % (b",".join(cards), cursor)
