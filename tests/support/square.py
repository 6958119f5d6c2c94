"""People who write, judge and like at the doors of one or several processes, and every number recounted from its rows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from zlib import crc32

import asyncpg
import httpx
from asyncpg import Record
from redis.asyncio import Redis

from feed.api.state import AppState, build_app_state
from feed.auth.tokens import issue_token
from feed.boards import actions as boards
from feed.boards import redis_store
from feed.boards.model import Row
from feed.keys.store import Keys
from feed.settings import Settings
from tests.support.api import Person
from tests.support.app import app_over
from tests.support.boards import head_of, settle
from tests.support.waiting import HANG_SECONDS

# What is kept as a number, beside the same number counted anew: rows are where the two differ.
_RECOUNTS = {
    "likes of posts": """
        SELECT stats.post_id, like_count, own_like_count, counted.all, counted.own
        FROM post_stats AS stats JOIN posts ON posts.id = stats.post_id
        CROSS JOIN LATERAL (
            SELECT count(*) AS all, count(*) FILTER (WHERE account_id = posts.author_id) AS own
            FROM likes WHERE likes.post_id = stats.post_id
        ) AS counted
        WHERE (like_count, own_like_count) <> (counted.all, counted.own)
    """,
    "comments of posts": """
        SELECT stats.post_id, comment_count, own_comment_count, counted.all, counted.own
        FROM post_stats AS stats JOIN posts ON posts.id = stats.post_id
        CROSS JOIN LATERAL (
            SELECT count(*) AS all, count(*) FILTER (WHERE comments.author_id = posts.author_id) AS own
            FROM visible_comments AS comments WHERE comments.post_id = stats.post_id
        ) AS counted
        WHERE (comment_count, own_comment_count) <> (counted.all, counted.own)
    """,
    "replies and likes of comments": """
        SELECT comments.id, reply_count, like_count, counted.replies, counted.likes
        FROM comments CROSS JOIN LATERAL (
            SELECT (SELECT count(*) FROM visible_comments AS reply WHERE reply.root_id = comments.id) AS replies,
                   (SELECT count(*) FROM comment_likes WHERE comment_id = comments.id) AS likes
        ) AS counted
        WHERE (reply_count, like_count) <> (counted.replies, counted.likes)
    """,
    "posts of people": """
        SELECT id, post_count FROM accounts
        WHERE post_count <> (SELECT count(*) FROM visible_posts WHERE visible_posts.author_id = accounts.id)
    """,
    "places under topics": """
        SELECT post_id, topic_id FROM (
            (SELECT post_id, topic_id, published_at FROM topic_posts EXCEPT ALL SELECT * FROM wanted)
            UNION ALL
            (SELECT * FROM wanted EXCEPT ALL SELECT post_id, topic_id, published_at FROM topic_posts)
        ) AS different
    """,
    # The last change of a post bears its version, whether it has got its number or not.
    "versions in the log": """
        SELECT stats.post_id, stats.version
        FROM post_stats AS stats LEFT JOIN LATERAL (
            SELECT max(version) AS version FROM (
                SELECT version FROM changes WHERE changes.post_id = stats.post_id
                UNION ALL
                SELECT version FROM change_log WHERE change_log.post_id = stats.post_id
            ) AS said
        ) AS last ON true
        WHERE stats.version <> last.version
    """,
}
_WANTED = """
WITH wanted AS (
    SELECT posts.id AS post_id, unnest(revisions.topic_ids) AS topic_id, posts.published_at
    FROM visible_posts AS posts
    JOIN post_revisions AS revisions ON revisions.post_id = posts.id AND revisions.revision = posts.revision
)
"""


async def miscounted(pool: "asyncpg.Pool[Record]") -> list[str]:
    """Where a number is not what its rows come to."""
    return [
        f"{what}: {tuple(row)}"
        for what, query in _RECOUNTS.items()
        for row in await pool.fetch((_WANTED if "wanted" in query else "") + query)
    ]


class Square:
    """A process and who comes to its doors. Each deed returns the answer's status and the id of what it made."""

    def __init__(self, app_state: AppState, client: httpx.AsyncClient) -> None:
        self.app_state = app_state
        self.client = client
        self._people: dict[str, Person] = {}

    def person(self, name: str) -> Person:
        """The user of this name, the same at every process; a reviewer by its name."""
        if name not in self._people:
            roles = ("reviewer",) if name.startswith("reviewer") else ()
            token = issue_token(
                self.app_state.keys.token_key,
                sub=name,
                name=name,
                phone=f"+86138{crc32(name.encode()) % 10**8:08}",
                roles=roles,
            )
            self._people[name] = Person(self.client, token)
        return self._people[name]

    async def id_of(self, name: str) -> str:
        """Whose account it is; at its first request it is made."""
        return str((await self.person(name)("GET", "/me")).json()["id"])

    async def do(self, name: str, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """A request of a user."""
        answer = await self.person(name)(method, path, body)
        made = answer.json().get("id", "") if answer.status_code == 201 else ""
        return answer.status_code, made

    async def publish(self, name: str, text: str = "今天读完一本书 #读书#") -> str:
        """The id of a new post."""
        return (await self.do(name, "POST", "/posts", {"text": text}))[1]

    async def comment(self, name: str, post_id: str, *, reply_to: str | None = None) -> tuple[int, str]:
        """A comment or a reply."""
        return await self.do(name, "POST", f"/posts/{post_id}/comments", {"text": "好", "reply_to_id": reply_to})

    async def judge(self, kind: str, id_: str, verdict: str, *, by: str = "reviewer") -> int:
        """A verdict on the newest case of a post or a comment."""
        column = "post_id" if kind == "post" else "comment_id"
        case = await self.app_state.pool.fetchrow(
            f"SELECT id, version FROM cases WHERE kind = $1 AND {column} = $2 ORDER BY id DESC LIMIT 1", kind, int(id_)
        )
        assert case is not None
        body = {
            "verdict": verdict,
            "reason_code": "spam" if verdict == "remove" else "fine",
            "version": case["version"],
        }
        return (await self.do(by, "POST", f"/moderation/cases/{case['id']}/verdict", body))[0]

    async def sanction(self, name: str, kind: str = "ban") -> int:
        """Bans a user."""
        path = f"/moderation/users/{await self.id_of(name)}/sanction"
        return (await self.do("reviewer", "PUT", path, {"kind": kind, "reason_code": "spam"}))[0]

    async def lift(self, name: str) -> int:
        """Lifts the ban of a user."""
        return (await self.do("reviewer", "DELETE", f"/moderation/users/{await self.id_of(name)}/sanction"))[0]

    async def board_row(self, board: str, post_id: str) -> Row | None:
        """The post's row on a board, once the board has followed everything."""
        await settle(self.app_state.pool, self.app_state.redis)
        epoch = (await head_of(self.app_state.pool)).epoch
        held = await redis_store.list_rows(self.app_state.redis, board, epoch, [int(post_id)])
        return held[int(post_id)][1] if int(post_id) in held else None

    async def project(self, post_ids: list[str]) -> None:
        """What a process does a moment after it has touched posts."""
        await boards.project_posts(self.app_state.pool, self.app_state.redis, [int(post_id) for post_id in post_ids])
        await settle(self.app_state.pool, self.app_state.redis)


@asynccontextmanager
async def square(settings: Settings, pool: "asyncpg.Pool[Record]", redis: Redis, keys: Keys) -> AsyncIterator[Square]:
    """One process, without the tasks that work by themselves."""
    app_state = build_app_state(settings, pool, redis, keys)
    transport = httpx.ASGITransport(app=app_over(app_state), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://feed.test/v1", timeout=HANG_SECONDS) as client:
        yield Square(app_state, client)
