"""Random sequences of operations: counters, profiles and boards match a naive model."""

from collections.abc import AsyncIterator
from itertools import count
from typing import Any, NamedTuple

import asyncpg
import pytest
from asyncpg import Record
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from redis.asyncio import Redis

from feed.boards import redis_store
from feed.boards.model import HOT, board_of
from feed.keys.store import Keys
from feed.settings import Settings
from tests.support import make
from tests.support.boards import head_of, settle
from tests.support.square import Square, miscounted, square

PEOPLE = ("甲", "乙", "丙")
_scenes = count()


class WrittenComment(NamedTuple):
    """A comment; `root` is the index of its root comment."""

    post: int
    author: str
    root: int | None


class Model:
    """The expected state: two posts, the first by 甲, the second by 乙, with their likes and comments."""

    def __init__(self) -> None:
        self.authors = ("甲", "乙")
        self.states = ["published", "published"]
        self.likes: set[tuple[int, str]] = set()
        self.comments: list[WrittenComment] = []
        self.comment_states: list[str] = []
        self.comment_likes: set[tuple[int, str]] = set()
        self.banned: set[str] = set()

    def shown(self, comment: int) -> bool:
        return self.comment_states[comment] == "published"

    def allows(self, operation: str, actor: str, post: int, comment: int) -> bool:
        """Whether the operation succeeds."""
        writes, open_ = actor not in self.banned, self.states[post] == "published"
        match operation:
            case "like" | "unlike" | "comment":
                return writes and open_
            case "reply" | "like comment" | "unlike comment":
                return writes and self.shown(comment) and self.states[self.comments[comment].post] == "published"
            case "remove comment":
                return self.shown(comment)
            case "restore comment":
                return self.comment_states[comment] == "removed"
            case "remove post":
                return open_
            case "restore post":
                return self.states[post] == "removed"
        return True

    def apply(self, operation: str, actor: str, post: int, comment: int) -> None:
        match operation:
            case "like":
                self.likes.add((post, actor))
            case "unlike":
                self.likes.discard((post, actor))
            case "comment":
                self.comments.append(WrittenComment(post, actor, None))
                self.comment_states.append("published")
            case "reply":
                parent = self.comments[comment]
                self.comments.append(
                    WrittenComment(parent.post, actor, comment if parent.root is None else parent.root)
                )
                self.comment_states.append("published")
            case "like comment":
                self.comment_likes.add((comment, actor))
            case "unlike comment":
                self.comment_likes.discard((comment, actor))
            case "delete comment":
                self.comment_states[comment] = "deleted"
            case "remove comment":
                self.comment_states[comment] = "removed"
            case "restore comment":
                self.comment_states[comment] = "published"
            case "delete post":
                self.states[post] = "deleted"
            case "remove post":
                self.states[post] = "removed"
            case "restore post":
                self.states[post] = "published"
            case "ban":
                self.banned.add(actor)
            case "lift":
                self.banned.discard(actor)

    def numbers(self) -> dict[str, Any]:
        """All counters."""
        found: dict[str, Any] = {}
        visible = [state == "published" for state in self.states]
        for name, post in (("甲", 0), ("乙", 1)):
            found[f"posts of {name}"] = int(visible[post])
        for post, author in enumerate(self.authors):
            likers = {actor for liked, actor in self.likes if liked == post}
            thread = [each for place, each in enumerate(self.comments) if each.post == post and self.shown(place)]
            commenters = {each.author for each in thread}
            found[f"post {post}"] = (len(likers), len(thread))
            found[f"hot {post}"] = (len(likers), len(thread)) if visible[post] else None
            others = set(PEOPLE) - {author} - self.banned
            on_board = visible[post] and author not in self.banned
            found[f"board {post}"] = (len(likers & others), len(commenters & others)) if on_board else None
        for place in range(len(self.comments)):
            replies = [n for n, each in enumerate(self.comments) if each.root == place and self.shown(n)]
            likes = [actor for liked, actor in self.comment_likes if liked == place]
            found[f"comment {place}"] = (len(replies), len(likes))
        return found


class Scene:
    """The same two posts through the API."""

    def __init__(self, at: Square, campaign: int) -> None:
        self.at = at
        self.campaign = campaign
        self.number = next(_scenes)
        self.posts: list[str] = []
        self.comments: list[str] = []

    def name(self, actor: str) -> str:
        return f"{actor}{self.number}"

    async def begin(self) -> None:
        for actor in PEOPLE:
            await self.at.id_of(self.name(actor))
        self.posts = [await self.at.publish(self.name(actor)) for actor in ("甲", "乙")]

    async def do(self, model: Model, operation: str, actor: str, post: int, comment: int) -> int:
        at, name, post_id = self.at, self.name(actor), self.posts[post]
        comment_id = self.comments[comment] if self.comments else ""
        match operation:
            case "like" | "unlike":
                return (await at.do(name, "PUT" if operation == "like" else "DELETE", f"/posts/{post_id}/like"))[0]
            case "like comment" | "unlike comment":
                method = "PUT" if operation == "like comment" else "DELETE"
                return (await at.do(name, method, f"/comments/{comment_id}/like"))[0]
            case "comment" | "reply":
                if operation == "reply":
                    status, made = await at.comment(name, self.posts[model.comments[comment].post], reply_to=comment_id)
                else:
                    status, made = await at.comment(name, post_id)
                self.comments += [made] if made else []
                return status
            case "delete comment":
                author = self.name(model.comments[comment].author)
                return (await at.do(author, "DELETE", f"/comments/{comment_id}"))[0]
            case "delete post":
                return (await at.do(self.name(model.authors[post]), "DELETE", f"/posts/{post_id}"))[0]
            case "remove comment" | "restore comment":
                return await at.judge("comment", comment_id, operation.split()[0])
            case "remove post" | "restore post":
                return await at.judge("post", post_id, operation.split()[0])
            case "ban":
                return await at.sanction(name)
        return await at.lift(name)

    async def numbers(self) -> dict[str, Any]:
        """The counters in Postgres, and on the boards after projection."""
        pool = self.at.app_state.pool
        found: dict[str, Any] = {}
        for actor in ("甲", "乙"):
            found[f"posts of {actor}"] = await pool.fetchval(
                "SELECT post_count FROM accounts WHERE sub = $1", self.name(actor)
            )
        for place, post_id in enumerate(self.posts):
            row = await pool.fetchrow(
                "SELECT like_count, comment_count FROM post_stats WHERE post_id = $1", int(post_id)
            )
            assert row is not None
            found[f"post {place}"] = tuple(row)
        for place, comment_id in enumerate(self.comments):
            row = await pool.fetchrow("SELECT reply_count, like_count FROM comments WHERE id = $1", int(comment_id))
            assert row is not None
            found[f"comment {place}"] = tuple(row)
        epoch = (await head_of(pool)).epoch
        for what, board in (("hot", HOT), ("board", board_of(self.campaign))):
            held = await redis_store.list_rows(
                self.at.app_state.redis, board, epoch, [int(post_id) for post_id in self.posts]
            )
            for place, post_id in enumerate(self.posts):
                _, ranked = held.get(int(post_id), (0, None))
                found[f"{what} {place}"] = None if ranked is None else (ranked.likes, ranked.comments)
        return found


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(
            # Mostly operations that increment counters, rarely those that reset them.
            ["like"] * 3
            + ["comment", "reply"] * 3
            + ["unlike", "like comment", "unlike comment", "delete comment", "remove comment", "restore comment"] * 2
            + ["delete post", "remove post", "restore post", "restore post", "ban", "lift"]
        ),
        st.sampled_from(PEOPLE),
        st.integers(0, 1),
        st.integers(0, 30),
    ),
    min_size=5,
    max_size=30,
)


@pytest.fixture
async def at(settings: Settings, pool: "asyncpg.Pool[Record]", redis: Redis, keys: Keys) -> AsyncIterator[Square]:
    async with square(settings, pool, redis, keys) as opened:
        await opened.id_of("reviewer")
        yield opened


@pytest.fixture
async def campaign(at: Square) -> int:
    made = await make.campaign(at.app_state.pool)
    await settle(at.app_state.pool, at.app_state.redis)
    return made


# One database for all examples: each has its own people and posts.
@examples(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=OPERATIONS)
async def test_counters_match_a_naive_model(
    at: Square, campaign: int, operations: list[tuple[str, str, int, int]]
) -> None:
    model, scene = Model(), Scene(at, campaign)
    await scene.begin()
    for operation, actor, post, place in operations:
        if not model.comments and operation.split()[-1] in ("comment", "reply") and operation != "comment":
            continue
        comment = place % len(model.comments) if model.comments else 0
        allowed = model.allows(operation, actor, post, comment)
        status = await scene.do(model, operation, actor, post, comment)
        assert (status < 300) == allowed, (operation, actor, post, comment, status)
        assert status < 500
        if allowed:
            model.apply(operation, actor, post, comment)
        # As the process does after an operation; a ban is carried over by the change log only.
        await at.project(scene.posts)
        if operation in ("ban", "lift"):
            await settle(at.app_state.pool, at.app_state.redis)
        assert await scene.numbers() == model.numbers(), (operation, actor, post, comment)
    await settle(at.app_state.pool, at.app_state.redis)
    assert await scene.numbers() == model.numbers()
    assert await miscounted(at.app_state.pool) == []
