"""Takedowns of images: by the file's hash, by what it looks like, and by a photo; what they hide, and what an undo restores."""

import pytest

from feed.cases.holds import Hold
from feed.errors import Invalid
from feed.media.blocked_image_store import is_taken_down
from feed.media.model import MediaNotFound
from feed.moderation.takedowns.actions import lift_takedown, take_down
from feed.moderation.takedowns.model import Target
from feed.moderation.takedowns.spread import hide_new_posts_with_images
from feed.posts.actions import delete_post
from feed.screens.posts.cards import list_posts
from feed.screens.staff.why import explain_visibility
from tests.moderation.conftest import Newsroom
from tests.support.hashes import LOOKS, SHA256, flipped
from tests.support.make_media import medium
from tests.support.takedowns import counters, holds_of, spread


def image(id_: str) -> Target:
    return Target("image_hash", id_)


async def test_a_taken_down_image_hides_every_post_that_shows_it_and_comes_back_exactly(newsroom: Newsroom) -> None:
    pool = newsroom.pool
    one, two, reviewer = await newsroom.person(), await newsroom.person(), await newsroom.person("reviewer")
    same, near, other = await newsroom.post(one), await newsroom.post(two), await newsroom.post(one)
    shown = await medium(pool, one, post_id=same, sha256=SHA256, perceptual_hash=LOOKS)
    await medium(pool, two, post_id=near, perceptual_hash=flipped(LOOKS, 6))
    await medium(pool, one, post_id=other, perceptual_hash=flipped(LOOKS, 120))
    before = await counters(pool)
    for target, hidden in (
        (SHA256.hex(), [same]),
        (f"sha256:{SHA256.hex()}", [same]),
        (f"perceptual:{LOOKS.hex()}", [same, near]),
        (f"media:{shown}", [same, near]),
    ):
        await take_down(pool, reviewer, image(target), "porn")
        await spread(pool)
        assert [await holds_of(pool, each) for each in (same, near, other)] == [
            Hold.IMAGE if each in hidden else 0 for each in (same, near, other)
        ], target
        async with pool.acquire() as conn:
            rows = await list_posts(conn, [same])
            assert (rows[0]["state"], rows[0]["review_reason"]) == ("removed", "porn")
            assert await is_taken_down(conn, sha256=SHA256, perceptual_hash=LOOKS)
            why = await explain_visibility(conn, same)
            assert (why.visible, why.holds) == (False, ["image"])
            assert any(each.kind == "takedown" and each.because == "porn" for each in why.decisions)
        assert (await newsroom.notification_titles(one))[-1] == "你的动态已停止展示"
        await lift_takedown(pool, reviewer, image(target), "mistaken")
        await spread(pool)
        assert await counters(pool) == before
        assert (await newsroom.notification_titles(one))[-1] == "对你动态的停止展示已撤销"
        async with pool.acquire() as conn:
            assert not await is_taken_down(conn, sha256=SHA256, perceptual_hash=LOOKS)
    assert await pool.fetchval("SELECT count(*) FROM takedown_posts") == 0


async def test_a_post_with_two_taken_down_images_is_shown_after_the_undo_of_both(newsroom: Newsroom) -> None:
    pool = newsroom.pool
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    post_id = await newsroom.post(author)
    targets = [f"media:{await medium(pool, author, post_id=post_id, sha256=bytes([n]) * 32)}" for n in (1, 2)]
    for target in targets:
        await take_down(pool, reviewer, image(target), "porn")
        await spread(pool)
    for target, held in zip(targets, (Hold.IMAGE, 0), strict=True):
        await lift_takedown(pool, reviewer, image(target), "mistaken")
        await spread(pool)
        assert await holds_of(pool, post_id) == held


async def test_a_revision_that_is_shown_later_is_hidden_too(newsroom: Newsroom) -> None:
    pool = newsroom.pool
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    post_id = await newsroom.post(author)
    media_id = await medium(pool, author, post_id=post_id, sha256=SHA256)
    await pool.execute("UPDATE post_revisions SET media_ids = '{}' WHERE post_id = $1", post_id)
    await take_down(pool, reviewer, image(SHA256.hex()), "porn")
    await spread(pool)
    assert await holds_of(pool, post_id) == 0
    assert not await hide_new_posts_with_images(pool)
    await pool.execute("UPDATE post_revisions SET media_ids = ARRAY[$2::bigint] WHERE post_id = $1", post_id, media_id)
    assert await hide_new_posts_with_images(pool)
    assert await holds_of(pool, post_id) == Hold.IMAGE
    assert not await hide_new_posts_with_images(pool)


async def test_an_image_that_is_in_no_post_is_removed_with_its_takedown(newsroom: Newsroom) -> None:
    pool = newsroom.pool
    author, reviewer = await newsroom.person(), await newsroom.person("reviewer")
    media_ids = [await medium(pool, author, used_as=used, sha256=SHA256) for used in (None, "avatar")]
    await take_down(pool, reviewer, image(SHA256.hex()), "porn")
    await spread(pool)
    rows = await pool.fetch("SELECT id FROM media WHERE removed_for = 'taken_down' ORDER BY id")
    assert [row["id"] for row in rows] == media_ids


async def test_a_removed_photo_may_be_posted_again_unless_its_image_is_taken_down(newsroom: Newsroom) -> None:
    """Row 49: removing one copy removes no other, and a block list is no look-up of duplicates."""
    pool = newsroom.pool
    one, two, reviewer = await newsroom.person(), await newsroom.person(), await newsroom.person("reviewer")
    first, second = await newsroom.post(one), await newsroom.post(two)
    for author, post_id in ((one, first), (two, second)):
        await medium(pool, author, post_id=post_id, sha256=SHA256, perceptual_hash=LOOKS)
    await delete_post(pool, one, first)
    async with pool.acquire() as conn:
        assert not await is_taken_down(conn, sha256=SHA256, perceptual_hash=LOOKS)
    assert await pool.fetchval("SELECT count(*) FROM visible_posts WHERE id = $1", second) == 1
    await take_down(pool, reviewer, Target("post", str(second)), "spam")
    async with pool.acquire() as conn:
        assert not await is_taken_down(conn, sha256=SHA256, perceptual_hash=LOOKS)
    await take_down(pool, reviewer, image(SHA256.hex()), "porn")
    async with pool.acquire() as conn:
        assert await is_taken_down(conn, sha256=SHA256, perceptual_hash=LOOKS)


@pytest.mark.parametrize(
    ("id_", "error"),
    [
        ("short", Invalid),
        ("ab" * 16, Invalid),
        ("perceptual:" + "ab" * 16, Invalid),
        ("media:", Invalid),
        ("media:1", MediaNotFound),
        ("media:9999999999999999999", MediaNotFound),
        ("media:-1", Invalid),
        ("md5:" + "ab" * 32, Invalid),
    ],
)
async def test_an_image_that_no_photo_can_be_is_refused(newsroom: Newsroom, id_: str, error: type[Exception]) -> None:
    reviewer = await newsroom.person("reviewer")
    with pytest.raises(error):
        await take_down(newsroom.pool, reviewer, image(id_), "porn")
