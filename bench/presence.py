"""Whether what a line measures is there: a page with all of its items, and writes that have been made."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import httpx

from feed.postgres import Pool

ITEMS = 20
# Boards are computed from the change log after an installation has been filled.
_SECONDS = 120.0
# What each post of a page for people begins with.
_CARD = '<article class="card post"'
# The frame of a page for people has it where its reader is signed in.
_SIGNED_IN = 'href="/me"'
_PAUSE_SECONDS = 0.25
# Requests in flight at the end of a run may be missing from its number or from the table.
_WRITTEN_SHARE = 0.9
_FAILED_SHARE = 0.01


class NothingToMeasure(Exception):
    """A page is empty, a write has had no effect, or requests fail: their figures would be those of something else."""


async def until_pages(
    base_url: str, paths: Mapping[str, str], token: str, *, seconds: float = _SECONDS
) -> dict[str, int]:
    """Waits until every page has all of its items; `paths` are by key. Returns the bytes of each page.

    Raises NothingToMeasure, which names the pages, if that takes longer.
    """
    deadline = time.monotonic() + seconds
    async with _client(base_url, {"authorization": f"Bearer {token}"}) as client:
        while True:
            found = {key: await _page(client, _Look(path, {})) for key, path in paths.items()}
            wrong = [problem for problem in found.values() if isinstance(problem, str)]
            if not wrong:
                return {key: length for key, length in found.items() if isinstance(length, int)}
            if time.monotonic() > deadline:
                raise NothingToMeasure(f"after {seconds:.0f} s: {'; '.join(wrong)}")
            await asyncio.sleep(_PAUSE_SECONDS)


class _Look(NamedTuple):
    """A page, the headers of its reader, its number of items, and a text that it has."""

    path: str
    headers: Mapping[str, str]
    items: int = ITEMS
    has: str = ""


def _client(base_url: str, headers: Mapping[str, str]) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=30, headers=headers)


async def _page(client: httpx.AsyncClient, look: _Look) -> int | str:
    """The bytes of the page, or what is wrong with it."""
    path = look.path
    answer = await client.get(path)
    if answer.status_code != 200:
        return f"{path} answers {answer.status_code}"
    if look.has not in answer.text:
        return f"{path} does not have {look.has}"
    is_html = answer.headers.get("content-type", "").startswith("text/html")
    count = answer.text.count(_CARD) if is_html else len(answer.json()["items"])
    return len(answer.content) if count == look.items else f"{path} has {count} items, not {look.items}"


def require_answers(key: str, *, requests: int, failed: int) -> None:
    """Raises NothingToMeasure if no requests were answered, or if more than a few failed."""
    if not requests or failed > _FAILED_SHARE * requests:
        raise NothingToMeasure(f"{key}: {failed} of {requests} requests failed")


class Presence:
    """Looks at what a line measures before and after each of its runs."""

    def __init__(
        self,
        base_url: str,
        pool: Pool,
        *,
        paths: Mapping[str, str],
        token: str,
        post_ids: Sequence[int],
        browser: str = "",
    ) -> None:
        """`paths` are those of the pages by the keys of their lines; other lines write to `post_ids`, or new posts.

        `browser` is the secret of a session, for pages for people.
        """
        self._base_url = base_url
        self._pool = pool
        of_user = {"authorization": f"Bearer {token}"}
        of_browser = {"cookie": f"feed_session={browser}"}
        post = f"/posts/{post_ids[0]}" if post_ids else "/posts"
        self._looks = {key: _Look(path, of_user) for key, path in paths.items()} | {
            "anonymous": _Look(paths["latest"], {}),
            "memory": _Look(paths["latest"], of_user),
            "html": _Look("/", {}),
            "html_own": _Look("/", of_browser, has=_SIGNED_IN),
            "html_post": _Look(post, {}, items=0),
            "html_post_own": _Look(post, of_browser, items=0, has=_SIGNED_IN),
        }
        self._post_ids = list(post_ids)

    async def before(self, key: str) -> int:
        """The rows that the line has written so far, 0 for a page. Raises NothingToMeasure for an incomplete page."""
        if key not in self._looks:
            return await self._written(key)
        look = self._looks[key]
        async with _client(self._base_url, look.headers) as client:
            found = await _page(client, look)
        if isinstance(found, str):
            raise NothingToMeasure(found)
        return 0

    async def after(self, key: str, before: int, *, requests: int, failed: int) -> None:
        """Raises NothingToMeasure if the page is not complete, or if the requests have failed or written nothing."""
        require_answers(key, requests=requests, failed=failed)
        rows = await self.before(key) - before
        if key not in self._looks and rows < _WRITTEN_SHARE * requests:
            raise NothingToMeasure(f"{key}: {requests} requests have written {rows} rows")

    async def _written(self, key: str) -> int:
        if key == "post":
            written: int = await self._pool.fetchval("SELECT count(*) FROM posts")
            return written
        sums = await self._pool.fetchrow(
            "SELECT sum(like_count)::bigint AS likes, sum(comment_count)::bigint AS comments FROM post_stats WHERE post_id = ANY($1)",
            self._post_ids,
        )
        assert sums is not None
        return int(sums["comments"] if key == "comment" else sums["likes"])
