"""Entries with similar pictures: copies of a picture are found among a campaign's entries, other pictures are not."""

import hashlib
import io
from collections.abc import Callable

import asyncpg
import httpx
import pytest
from asyncpg import Pool, Record
from PIL import Image

from feed.api.state import AppState
from feed.campaigns.entries import similar_store as store
from feed.campaigns.entries.similar import compare_next_pictures
from feed.campaigns.entries.similar_store import PAIRS_MOST, SHOWN_MOST, OfEntry
from feed.erasure import steps
from feed.renditions.images.perceptual_hash import hash_of
from feed.renditions.model import NEAR
from tests.renditions.images.photos import photo
from tests.support import make, make_media
from tests.support.api import Join
from tests.support.make import HOUR


def recompressed(picture: Image.Image) -> Image.Image:
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=35)
    return Image.open(content).convert("RGB")


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "the same": lambda picture: picture,
    "recompressed": recompressed,
    "resized": lambda picture: picture.resize((300, 225), Image.Resampling.LANCZOS),
    "slightly cropped": lambda picture: picture.crop((6, 5, picture.width - 6, picture.height - 5)),
}


class Contest:
    """A campaign whose entries have pictures, hashed as the renderer does it."""

    def __init__(self, pool: "Pool[Record]", campaign_id: int) -> None:
        self.pool = pool
        self.campaign_id = campaign_id
        self._hours = 20

    async def enter(self, *pictures: Image.Image, author: int | None = None, kind: str = "image") -> int:
        """A post with these pictures, an hour after the last one."""
        self._hours -= 1
        author_id = author if author is not None else await make.account(self.pool)
        post_id = await make.entry(self.pool, self.campaign_id, author_id, at=make.now() - self._hours * HOUR)
        for picture in pictures:
            await make_media.medium(
                self.pool,
                author_id,
                kind=kind,
                post_id=post_id,
                perceptual_hash=hash_of(picture),
                sha256=hashlib.sha256(picture.tobytes()).digest(),
            )
        return post_id

    async def compare(self) -> None:
        while await compare_next_pictures(self.pool):
            pass

    async def similar(self, post_id: int) -> list[tuple[int, int]]:
        """The ids of entries with similar pictures, and the distances."""
        media_ids = await self.pool.fetchval(
            "SELECT media_ids FROM judged_revisions WHERE campaign_id = $1 AND post_id = $2", self.campaign_id, post_id
        )
        async with self.pool.acquire() as conn:
            found = await store.list_similar(conn, [OfEntry(post_id, self.campaign_id, each) for each in media_ids])
        assert {each.key for each in found} <= {post_id}
        return [(each.post_id, each.distance) for each in found]


@pytest.fixture
async def contest(pool: "Pool[Record]") -> Contest:
    return Contest(pool, await make.campaign(pool))


@pytest.mark.parametrize("copy", COPIES)
async def test_a_copy_is_listed_at_both_entries_and_another_picture_at_none(contest: Contest, copy: str) -> None:
    picture = photo(seed=3)
    first = await contest.enter(photo(seed=8), picture)
    await contest.compare()
    other = await contest.enter(photo(seed=4))
    later = await contest.enter(COPIES[copy](picture))
    assert await contest.similar(later) == []
    await contest.compare()
    [(found, distance)] = await contest.similar(later)
    assert found == first
    assert 0 <= distance <= NEAR
    assert await contest.similar(first) == [(later, distance)]
    assert await contest.similar(other) == []


async def test_a_cover_of_a_video_counts_as_a_picture(contest: Contest) -> None:
    video = await contest.enter(photo(seed=3), kind="video")
    later = await contest.enter(photo(seed=3))
    await contest.compare()
    assert await contest.similar(later) == [(video, 0)]


async def test_of_a_flat_picture_only_the_same_file_is_listed(contest: Contest) -> None:
    white, grey = Image.new("RGB", (640, 480), "white"), Image.new("RGB", (640, 480), "grey")
    first = await contest.enter(white)
    other = await contest.enter(grey)
    later = await contest.enter(white)
    await contest.compare()
    assert await contest.similar(later) == [(first, 0)]
    assert await contest.similar(other) == []


async def test_copies_of_the_same_author_are_listed_and_those_within_a_post_are_not(contest: Contest) -> None:
    author = await make.account(contest.pool)
    series = await contest.enter(photo(seed=5), recompressed(photo(seed=5)), author=author)
    await contest.compare()
    assert await contest.similar(series) == []
    again = await contest.enter(photo(seed=5), author=author)
    await contest.compare()
    assert await contest.similar(again) == [(series, 0)]
    assert [post_id for post_id, _ in await contest.similar(series)] == [again]


async def test_entries_of_another_campaign_are_not_compared(contest: Contest, pool: "Pool[Record]") -> None:
    await Contest(pool, await make.campaign(pool, topic_name="摄影")).enter(photo(seed=5))
    here = await contest.enter(photo(seed=5))
    await contest.compare()
    assert await contest.similar(here) == []
    assert await pool.fetchval("SELECT count(*) FROM compared_pictures") == 2


async def test_hidden_posts_and_pictures_that_an_edit_dropped_are_not_listed(contest: Contest) -> None:
    pool = contest.pool
    hidden, deleted, edited, shown = [await contest.enter(photo(seed=5)) for _ in range(4)]
    later = await contest.enter(photo(seed=5))
    await contest.compare()
    assert [each for each, _ in await contest.similar(later)] == [hidden, deleted, edited, shown]
    await pool.execute("UPDATE posts SET holds = 1 WHERE id = $1", hidden)
    await pool.execute("UPDATE posts SET state = 'deleted', deleted_at = now() WHERE id = $1", deleted)
    await pool.execute("UPDATE post_revisions SET media_ids = '{}' WHERE post_id = $1", edited)
    assert [each for each, _ in await contest.similar(later)] == [shown]
    await pool.execute("UPDATE posts SET holds = 0 WHERE id = $1", hidden)
    assert [each for each, _ in await contest.similar(later)] == [hidden, shown]


async def test_a_flood_of_copies_makes_few_pairs_and_the_first_posted_are_listed(contest: Contest) -> None:
    posts = [await contest.enter(photo(seed=5)) for _ in range(PAIRS_MOST + 15)]
    await contest.compare()
    assert [each for each, _ in await contest.similar(posts[-1])] == posts[:SHOWN_MOST]
    assert [each for each, _ in await contest.similar(posts[0])] == posts[1 : SHOWN_MOST + 1]
    pairs = await contest.pool.fetchval(
        "SELECT max(n) FROM (SELECT count(*) AS n FROM similar_pictures GROUP BY media_id)"
    )
    assert pairs == PAIRS_MOST


async def test_what_is_not_ready_or_has_a_result_is_not_compared(contest: Contest) -> None:
    pool = contest.pool
    post_id = await contest.enter()
    author = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", post_id)
    media_id = await make_media.medium(pool, author, post_id=post_id, state="processing")
    assert not await compare_next_pictures(pool)
    await make_media.make_ready(pool, media_id)
    await pool.execute("UPDATE campaigns SET state = 'decided'")
    assert not await compare_next_pictures(pool)
    await pool.execute("UPDATE campaigns SET state = 'judging'")
    assert await compare_next_pictures(pool)
    assert not await compare_next_pictures(pool)


async def test_a_second_worker_leaves_the_pictures_to_the_first(contest: Contest, database: str) -> None:
    await contest.enter(photo(seed=5))
    other = await asyncpg.connect(database)
    async with other.transaction():
        assert await store.try_lock_comparison(other)
        assert not await compare_next_pictures(contest.pool)
    await other.close()
    assert await compare_next_pictures(contest.pool)


async def test_hashes_of_who_is_erased_are_deleted_and_do_not_come_back(contest: Contest) -> None:
    pool = contest.pool
    author = await make.account(pool)
    gone, stays = await contest.enter(photo(seed=5), author=author), await contest.enter(photo(seed=5))
    await contest.compare()
    await pool.execute("UPDATE accounts SET post_count = 1 WHERE id = $1", author)
    async with pool.acquire() as conn, conn.transaction():
        for step in steps.STEPS:
            while await step(conn, author):
                pass
    await contest.compare()
    assert [row["post_id"] for row in await pool.fetch("SELECT post_id FROM compared_pictures")] == [stays]
    assert await contest.similar(stays) == []
    assert await pool.fetchval("SELECT state FROM posts WHERE id = $1", gone) == "deleted"


async def test_bits_and_bytes_have_the_same_distance(pool: "Pool[Record]") -> None:
    one, other = hash_of(photo(seed=1)), hash_of(photo(seed=2))
    assert one is not None
    assert other is not None
    found = await pool.fetchrow(
        """
        SELECT image_distance($1::bytea, $2::bytea) AS of_bytes,
            image_distance(('x' || encode($1, 'hex'))::bit(256), ('x' || encode($2, 'hex'))::bit(256)) AS of_bits
        """,
        one,
        other,
    )
    expected = (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()
    assert found is not None
    assert tuple(found) == (expected, expected)


async def test_editors_and_reviewers_see_the_similar_entries(
    client: httpx.AsyncClient, join: Join, app_state: AppState, contest: Contest
) -> None:
    del client
    pool = app_state.pool
    editor, reviewer = join("编辑", roles=("editor",)), join("审核", roles=("reviewer",))
    first, later = await contest.enter(photo(seed=5)), await contest.enter(recompressed(photo(seed=5)))
    await contest.compare()
    page = await editor("GET", f"/admin/campaigns/{contest.campaign_id}/entries?sort=newest")
    items = {item["post_id"]: item["similar"] for item in page.json()["items"]}
    [of_later], [of_first] = items[str(later)], items[str(first)]
    entered = await pool.fetchrow("SELECT author_id, entered_at FROM entries WHERE post_id = $1", first)
    assert entered is not None
    assert (of_later["post_id"], of_later["author_id"]) == (str(first), str(entered["author_id"]))
    assert of_first["post_id"] == str(later)
    assert of_later["entered_at"] < of_first["entered_at"]
    assert 0 <= of_later["distance"] == of_first["distance"] <= NEAR

    await pool.execute(
        "INSERT INTO cases (kind, post_id, author_id, revision, due_at) SELECT 'post', id, author_id, 1, now() FROM posts WHERE id = $1",
        later,
    )
    queue = (await reviewer("GET", "/moderation/cases")).json()
    [case] = queue["items"]
    assert case["subject"]["similar"] == [of_later]
