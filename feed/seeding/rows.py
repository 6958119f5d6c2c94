"""Rows of planned posts with their counters."""

from collections import Counter
from collections.abc import Iterable, Mapping
from math import isqrt

import msgspec

from feed.changes.bulk import PostCounters
from feed.comments.bulk import PublishedComment
from feed.likes.bulk import DatedLike
from feed.posts.bulk import PublishedPost
from feed.posts.model import TopicAt
from feed.seeding.plan import Plan, PlannedPost
from feed.seeding.texts import comment_text, post_wording

_REGION = "广东"


class Rows(msgspec.Struct):
    """The rows that one transaction writes: some posts with all that belongs to them."""

    posts: list[PublishedPost]
    likes: list[DatedLike]
    comments: list[PublishedComment]
    counted: list[PostCounters]
    posts_by_author: Counter[int]

    @property
    def count(self) -> int:
        return len(self.posts) + len(self.likes) + len(self.comments)


def rows_of(plan: Plan, posts: Iterable[PlannedPost], topic_ids: Mapping[str, int], *, comments_before: int) -> Rows:
    """All rows of these posts. `comments_before` is the number of comments on earlier posts."""
    rows = Rows([], [], [], [], Counter())
    for post in posts:
        post_id, author_id = plan.post_id(post), plan.account_id(post.author)
        wording = post_wording(post.number, post.topic)
        topics = [TopicAt(topic_ids[each.key], each.name, each.start, each.length) for each in wording.mentions]
        rows.posts.append(
            PublishedPost(post_id, author_id, wording.text, topics, wording.content_sha256, post.published_at, _REGION)
        )
        likes = [DatedLike(post_id, plan.account_id(each.account), each.at) for each in plan.likes_of(post)]
        comments = _comments_of(plan, post, post_id, comments_before + len(rows.comments))
        rows.likes += likes
        rows.comments += comments
        rows.counted.append(
            PostCounters(
                post_id,
                len(likes),
                sum(like.account_id == author_id for like in likes),
                len(comments),
                sum(comment.author_id == author_id for comment in comments),
            )
        )
        rows.posts_by_author[author_id] += 1
    return rows


def _comments_of(plan: Plan, post: PlannedPost, post_id: int, before: int) -> list[PublishedComment]:
    """The comments of a post. Every third one is a reply to an earlier root comment, mostly to the earliest ones."""
    comments: list[PublishedComment] = []
    roots: list[int] = []
    replies: Counter[int] = Counter()
    for nth, each in enumerate(plan.comments_of(post)):
        comment_id, at = plan.comment(before + nth, each.at)
        root_id = roots[isqrt(len(roots)) - 1] if nth % 3 == 2 else None
        if root_id is None:
            roots.append(comment_id)
        else:
            replies[root_id] += 1
        comments.append(
            PublishedComment(
                post_id, comment_id, plan.account_id(each.account), root_id, root_id, comment_text(before + nth), 0, at
            )
        )
    return [
        comment._replace(reply_count=replies[comment.id]) if comment.id in replies else comment for comment in comments
    ]
