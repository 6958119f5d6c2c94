"""The exact effects of deletions, removals, restorations, sanctions and unlikes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import asyncpg
import pytest
from asyncpg import Record
from redis.asyncio import Redis

from feed.boards.model import HOT, board_of
from feed.campaigns.scoring.engagement import count_engagement
from feed.keys.store import Keys
from feed.settings import Settings
from tests.support import make
from tests.support.square import Square, miscounted, square

Facts = dict[str, Any]


class Scene(NamedTuple):
    """小明's post with a like, a comment and a reply, beside another post with the same."""

    at: Square
    campaign: int
    post: str
    other: str
    root: str
    reply: str


@pytest.fixture
async def scene(settings: Settings, pool: "asyncpg.Pool[Record]", redis: Redis, keys: Keys) -> AsyncIterator[Scene]:
    async with square(settings, pool, redis, keys) as at:
        await at.id_of("reviewer")
        campaign = await make.campaign(pool)
        made = []
        for _ in range(2):
            post = await at.publish("小明")
            await at.do("小红", "PUT", f"/posts/{post}/like")
            _, root = await at.comment("小李", post)
            _, reply = await at.comment("小赵", post, reply_to=root)
            await at.do("小红", "PUT", f"/comments/{root}/like")
            made.append((post, root, reply))
        (post, root, reply), (other, _, _) = made
        yield Scene(at, campaign, post, other, root, reply)


async def facts(scene: Scene) -> Facts:
    """All counters that depend on the post, its comments and its people; also those of the other post."""
    pool = scene.at.app_state.pool
    result: Facts = {}
    for prefix, post_id in (("", scene.post), ("other ", scene.other)):
        row = await pool.fetchrow(
            """
            SELECT posts.state, stats.like_count AS likes, stats.comment_count AS comments,
                   (SELECT count(*) FROM topic_posts WHERE topic_posts.post_id = posts.id) AS topics,
                   (SELECT count(*) FROM past_likes WHERE past_likes.post_id = posts.id) AS past
            FROM posts JOIN post_stats AS stats ON stats.post_id = posts.id WHERE posts.id = $1
            """,
            int(post_id),
        )
        assert row is not None
        hot = await scene.at.board_row(HOT, post_id)
        board = await scene.at.board_row(board_of(scene.campaign), post_id)
        async with pool.acquire() as conn:
            (counted,) = await count_engagement(conn, scene.campaign, [int(post_id)])
        result |= {f"{prefix}{name}": value for name, value in row.items()}
        result[f"{prefix}hot"] = hot and (hot.likes, hot.comments)
        result[f"{prefix}board"] = board and (board.likes, board.comments)
        result[f"{prefix}counted"] = (counted.likes, counted.commenters)
    for name, comment_id in (("root", scene.root), ("reply", scene.reply)):
        row = await pool.fetchrow("SELECT state, reply_count, like_count FROM comments WHERE id = $1", int(comment_id))
        result[name] = tuple(row or ())
    for name in ("小明", "小红", "小李", "小赵"):
        result[name] = await pool.fetchval("SELECT post_count FROM accounts WHERE sub = $1", name)
    return result


# Returns the HTTP status.
Operation = Callable[[Scene], Awaitable[int]]


def by(name: str, method: str, path: str, body: Any = None) -> Operation:
    async def operation(scene: Scene) -> int:
        return (await scene.at.do(name, method, path.format(**scene._asdict()), body))[0]

    return operation


def judged(kind: str, target: str, verdict: str) -> Operation:
    return lambda scene: scene.at.judge(kind, getattr(scene, target), verdict)


def banned(name: str, kind: str = "ban") -> Operation:
    return lambda scene: scene.at.sanction(name, kind)


def lifted(name: str) -> Operation:
    return lambda scene: scene.at.lift(name)


def rejected(operation: Operation) -> Operation:
    """An operation that is rejected."""

    async def rejected_operation(scene: Scene) -> int:
        status = await operation(scene)
        assert 400 <= status < 500
        return 200

    return rejected_operation


async def disqualified(scene: Scene) -> int:
    return await _enter(scene, "disqualified_at = now(), disqualified_reason = 'x'")


async def reinstated(scene: Scene) -> int:
    return await _enter(scene, "disqualified_at = NULL, disqualified_reason = NULL")


async def _enter(scene: Scene, change: str) -> int:
    pool = scene.at.app_state.pool
    await pool.execute(f"UPDATE entries SET {change} WHERE post_id = $1", int(scene.post))
    await pool.execute("UPDATE post_stats SET version = version + 1 WHERE post_id = $1", int(scene.post))
    await pool.execute(
        "INSERT INTO changes (post_id, version) SELECT post_id, version FROM post_stats WHERE post_id = $1",
        int(scene.post),
    )
    return 200


BEFORE: Facts = {
    "state": "published",
    "likes": 1,
    "comments": 2,
    "topics": 1,
    "past": 0,
    "hot": (1, 2),
    "board": (1, 2),
    "counted": (1, 2),
    "root": ("published", 1, 1),
    "reply": ("published", 0, 0),
    "小明": 2,
    "小红": 0,
    "小李": 0,
    "小赵": 0,
}
GONE: Facts = {"topics": 0, "hot": None, "board": None, "小明": 1}
DELETED: Facts = {"state": "deleted"} | GONE
REMOVED: Facts = {"state": "removed"} | GONE
ONE_COMMENT: Facts = {"comments": 1, "hot": (1, 1), "board": (1, 1), "counted": (1, 1)}

# Operations in order, each with the facts that then differ from the beginning.
TRANSITIONS: dict[str, list[tuple[Operation, Facts]]] = {
    "a post is deleted, twice": [
        (by("小明", "DELETE", "/posts/{post}"), DELETED),
        (by("小明", "DELETE", "/posts/{post}"), DELETED),
    ],
    "a post is removed and restored": [
        (judged("post", "post", "remove"), REMOVED),
        (judged("post", "post", "restore"), {}),
    ],
    "a post is removed and deleted, and cannot be restored": [
        (judged("post", "post", "remove"), REMOVED),
        (by("小明", "DELETE", "/posts/{post}"), DELETED),
        (rejected(judged("post", "post", "restore")), DELETED),
    ],
    "a post is deleted and cannot be removed": [
        (by("小明", "DELETE", "/posts/{post}"), DELETED),
        (rejected(judged("post", "post", "remove")), DELETED),
    ],
    "a removed post takes no likes and no comments": [
        (judged("post", "post", "remove"), REMOVED),
        (rejected(by("小赵", "PUT", "/posts/{post}/like")), REMOVED),
        (rejected(by("小红", "DELETE", "/posts/{post}/like")), REMOVED),
        (rejected(by("小红", "POST", "/posts/{post}/comments", {"text": "好"})), REMOVED),
        (judged("post", "post", "restore"), {}),
    ],
    "below a removed post a comment is deleted": [
        (judged("post", "post", "remove"), REMOVED),
        (
            by("小赵", "DELETE", "/comments/{reply}"),
            REMOVED | {"comments": 1, "counted": (1, 1), "reply": ("deleted", 0, 0), "root": ("published", 0, 1)},
        ),
        (
            judged("post", "post", "restore"),
            ONE_COMMENT | {"reply": ("deleted", 0, 0), "root": ("published", 0, 1)},
        ),
    ],
    "a comment that was answered is deleted, twice": [
        (by("小李", "DELETE", "/comments/{root}"), ONE_COMMENT | {"root": ("deleted", 1, 1)}),
        (by("小李", "DELETE", "/comments/{root}"), ONE_COMMENT | {"root": ("deleted", 1, 1)}),
    ],
    "a comment is removed and restored": [
        (judged("comment", "root", "remove"), ONE_COMMENT | {"root": ("removed", 1, 1)}),
        (judged("comment", "root", "restore"), {}),
    ],
    "a comment is removed, then deleted, and cannot be restored": [
        (judged("comment", "root", "remove"), ONE_COMMENT | {"root": ("removed", 1, 1)}),
        (by("小李", "DELETE", "/comments/{root}"), ONE_COMMENT | {"root": ("deleted", 1, 1)}),
        (rejected(judged("comment", "root", "restore")), ONE_COMMENT | {"root": ("deleted", 1, 1)}),
    ],
    "a comment is deleted, and cannot be removed": [
        (by("小李", "DELETE", "/comments/{root}"), ONE_COMMENT | {"root": ("deleted", 1, 1)}),
        (rejected(judged("comment", "root", "remove")), ONE_COMMENT | {"root": ("deleted", 1, 1)}),
    ],
    "a reply is deleted": [
        (
            by("小赵", "DELETE", "/comments/{reply}"),
            ONE_COMMENT | {"reply": ("deleted", 0, 0), "root": ("published", 0, 1)},
        ),
    ],
    "a reply is removed, restored and removed": [
        (
            judged("comment", "reply", "remove"),
            ONE_COMMENT | {"reply": ("removed", 0, 0), "root": ("published", 0, 1)},
        ),
        (judged("comment", "reply", "restore"), {}),
        (
            judged("comment", "reply", "remove"),
            ONE_COMMENT | {"reply": ("removed", 0, 0), "root": ("published", 0, 1)},
        ),
    ],
    "a like is taken back, twice, and given again": [
        (
            by("小红", "DELETE", "/posts/{post}/like"),
            {"likes": 0, "past": 1, "hot": (0, 2), "board": (0, 2), "counted": (0, 2)},
        ),
        (
            by("小红", "DELETE", "/posts/{post}/like"),
            {"likes": 0, "past": 1, "hot": (0, 2), "board": (0, 2), "counted": (0, 2)},
        ),
        (by("小红", "PUT", "/posts/{post}/like"), {"past": 1}),
        (by("小红", "PUT", "/posts/{post}/like"), {"past": 1}),
    ],
    "an author likes their own post": [
        (by("小明", "PUT", "/posts/{post}/like"), {"likes": 2, "hot": (2, 2)}),
        (by("小明", "DELETE", "/posts/{post}/like"), {"past": 1}),
    ],
    "the like of a comment is taken back": [
        (by("小红", "DELETE", "/comments/{root}/like"), {"root": ("published", 1, 0)}),
        (by("小红", "DELETE", "/comments/{root}/like"), {"root": ("published", 1, 0)}),
        (by("小红", "PUT", "/comments/{root}/like"), {}),
    ],
    # A ban changes what counts in campaigns, for both posts, but no displayed counter.
    "a liker is banned": [
        (
            banned("小红"),
            {"board": (0, 2), "counted": (0, 2), "other board": (0, 2), "other counted": (0, 2)},
        ),
        (lifted("小红"), {}),
    ],
    "a commenter is banned": [
        (
            banned("小赵"),
            {"board": (1, 1), "counted": (1, 1), "other board": (1, 1), "other counted": (1, 1)},
        ),
        (lifted("小赵"), {}),
    ],
    "the author is banned": [
        (banned("小明"), {"board": None, "other board": None}),
        (lifted("小明"), {}),
    ],
    "people are muted": [
        (banned("小明", "mute"), {}),
        (banned("小红", "mute"), {}),
        (banned("小李", "mute"), {}),
    ],
    "an entry is disqualified and reinstated": [(disqualified, {"board": None}), (reinstated, {})],
}


@pytest.mark.parametrize("name", TRANSITIONS)
async def test_a_transition_changes_the_expected_facts_only(scene: Scene, name: str) -> None:
    before = BEFORE | {f"other {fact}": BEFORE[fact] for fact in list(BEFORE)[:8]}
    assert await facts(scene) == before
    for step, (operation, changed) in enumerate(TRANSITIONS[name]):
        assert await operation(scene) < 300, f"step {step + 1}"
        assert await facts(scene) == before | changed, f"after step {step + 1}"
        assert await miscounted(scene.at.app_state.pool) == []
