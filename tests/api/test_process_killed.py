"""An API process that is killed under load: acknowledged writes are kept, and retries act once."""

import asyncio
from pathlib import Path
from random import Random

import httpx

from feed.auth.tokens import issue_token
from feed.keys.store import open_keys
from feed.postgres import Pool
from tests.support import make
from tests.support.api_process import Server, server
from tests.support.waiting import HANG_SECONDS

__all__ = ["server"]

PEOPLE = 24
POSTS = 4
KILLS = 2


class Clients:
    """Clients that like, unlike and comment, and retry until they get a response."""

    def __init__(self, url: str, posts: list[int], keys_dir: Path) -> None:
        key = open_keys(keys_dir, create=False).token_key
        self.answered = 0
        self.failed = 0
        self.liked: dict[tuple[int, int], bool] = {}  # The last acknowledged state for each person and post.
        self.comments: list[str] = []
        self._posts = posts
        self._client = httpx.AsyncClient(base_url=url, trust_env=False, timeout=HANG_SECONDS)
        self._tokens = [issue_token(key, sub=f"p{n}", name=f"p{n}", phone=f"+8613{n:09}") for n in range(PEOPLE)]

    async def until(self, answered: int) -> None:
        async with asyncio.timeout(HANG_SECONDS):
            while self.answered < answered:
                await asyncio.sleep(0.005)

    async def run(self, person: int, stop: asyncio.Event) -> None:
        random = Random(person)
        operations = 0
        while not stop.is_set():
            operations += 1
            post_id = random.choice(self._posts)
            if random.random() < 0.6:
                liked = random.random() < 0.7
                await self._retry(person, "PUT" if liked else "DELETE", f"/v1/posts/{post_id}/like")
                self.liked[person, post_id] = liked
            else:
                key = f"{person}-{operations}"
                await self._retry(person, "POST", f"/v1/posts/{post_id}/comments", key)
                self.comments.append(key)

    async def _retry(self, person: int, method: str, path: str, key: str = "") -> None:
        headers = {"authorization": f"Bearer {self._tokens[person]}"} | ({"idempotency-key": key} if key else {})
        while True:
            try:
                answer = await self._client.request(
                    method, path, headers=headers, json={"text": f"评论 {key}"} if key else None
                )
            except httpx.TransportError:
                self.failed += 1
                await asyncio.sleep(0.05)
                continue
            if answer.status_code in (409, 429, 503) and "retry-after" in answer.headers:
                await asyncio.sleep(0.05)
                continue
            assert answer.status_code < 300, answer.text
            self.answered += 1
            return

    async def close(self) -> None:
        await self._client.aclose()


async def test_a_kill_under_load_loses_nothing_acknowledged_and_counts_nothing_twice(
    pool: Pool, server: Server, tmp_path: Path
) -> None:
    posts = [await make.post(pool) for _ in range(POSTS)]
    clients = Clients(server.url, posts, tmp_path / "keys")
    stop = asyncio.Event()
    tasks = [asyncio.create_task(clients.run(person, stop)) for person in range(PEOPLE)]
    for _ in range(KILLS):
        await clients.until(clients.answered + 300)
        await server.kill()
        await server.start()
    await clients.until(clients.answered + 300)
    stop.set()
    await asyncio.gather(*tasks)
    await clients.close()
    assert clients.failed >= KILLS

    rows = await pool.fetch(
        "SELECT accounts.sub, likes.post_id FROM likes JOIN accounts ON accounts.id = likes.account_id"
    )
    assert {(int(row["sub"][1:]), row["post_id"]) for row in rows} == {
        pair for pair, liked in clients.liked.items() if liked
    }
    texts = [row["text"] for row in await pool.fetch("SELECT text FROM comments ORDER BY id")]
    assert sorted(texts) == sorted(f"评论 {key}" for key in clients.comments)
    counters = await pool.fetch(
        """
        SELECT like_count, comment_count,
            (SELECT count(*) FROM likes WHERE likes.post_id = post_stats.post_id) AS likes,
            (SELECT count(*) FROM comments WHERE comments.post_id = post_stats.post_id AND state = 'published') AS comments
        FROM post_stats
        """
    )
    assert [(row["like_count"], row["comment_count"]) for row in counters] == [
        (row["likes"], row["comments"]) for row in counters
    ]
