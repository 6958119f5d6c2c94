"""Posts with photos and videos: what may be attached, when they become visible, and what edits and deletions do."""

import asyncio

import pytest

from feed.cases.holds import Hold
from feed.errors import Invalid
from feed.idempotency import keyed_request
from feed.media.model import MediaInUse, MediaNotReady
from feed.postgres import Pool, transaction
from feed.posts.actions import Draft, delete_post, edit_post, publish_posts
from feed.posts.hide_show import change_holds, hide_post, show_post
from feed.posts.media import release_ready_posts, release_waiting_posts
from feed.posts.model import Content, NewPost, PostChange, PostId, content_sha256
from feed.posts.revision_store import get_latest_content
from feed.screening.model import MachineResult
from tests.support import make, make_media
from tests.support.waiting import HANG_SECONDS


def draft(author: int, *media_ids: int, text: str = "") -> Draft:
    return Draft.checked(author, NewPost(text=text, media_ids=[str(each) for each in media_ids]))  # type: ignore[arg-type]


async def publish(pool: Pool, author: int, *media_ids: int, text: str = "") -> PostId:
    [found] = await publish_posts(pool, [draft(author, *media_ids, text=text)])
    assert isinstance(found, int), found
    return PostId(found)


async def refusal(pool: Pool, author: int, *media_ids: int) -> tuple[str, list[tuple[str, str]]]:
    try:
        [found] = await publish_posts(pool, [draft(author, *media_ids)])
    except Invalid as error:
        found = error
    assert isinstance(found, Invalid | MediaInUse | MediaNotReady), found
    return found.code, [(each.field, each.code) for each in found.errors]


async def become(pool: Pool, media_id: int, state: str) -> None:
    """What the worker commits before it releases posts."""
    await pool.execute(
        """
        UPDATE media
        SET state = $2, width = 8, height = 6, error_code = CASE $2 WHEN 'failed' THEN 'truncated' END,
            ready_at = CASE $2 WHEN 'ready' THEN clock_timestamp() END, failed_at = CASE $2 WHEN 'failed' THEN clock_timestamp() END,
            renditions = CASE $2 WHEN 'ready' THEN $3::jsonb ELSE '[]' END
        WHERE id = $1
        """,
        media_id,
        state,
        [{"name": "full", "file": "full.webp", "content_type": "image/webp", "width": 8, "height": 6, "byte_count": 9}],
    )


async def holds(pool: Pool, post_id: int) -> Hold:
    return Hold(await pool.fetchval("SELECT holds FROM posts WHERE id = $1", post_id))


async def order(pool: Pool, post_id: int) -> list[int]:
    async with pool.acquire() as conn:
        return (await get_latest_content(conn, post_id)).media_ids


async def test_a_photo_alone_is_a_post(pool: Pool) -> None:
    ming = await make.account(pool)
    photo = await make_media.medium(pool, ming)
    post_id = await publish(pool, ming, photo)
    assert await holds(pool, post_id) == 0
    row = await pool.fetchrow("SELECT used_as, post_id FROM media WHERE id = $1", photo)
    assert row is not None
    assert dict(row) == {"used_as": "post", "post_id": post_id}
    kept = await pool.fetchval("SELECT content_sha256 FROM post_revisions WHERE post_id = $1", post_id)
    assert kept == content_sha256("", [photo])
    assert await pool.fetchval("SELECT post_count FROM accounts WHERE id = $1", ming) == 1
    assert await pool.fetchval("SELECT count(*) FROM cases WHERE post_id = $1 AND state = 'open'", post_id) == 1


async def test_the_order_of_media_is_the_submitted_one_whatever_is_ready_first(pool: Pool) -> None:
    """Known failure 9."""
    ming = await make.account(pool)
    photos = [await make_media.medium(pool, ming, state="processing") for _ in range(9)]
    sent = [photos[n] for n in (4, 0, 8, 2, 6, 1, 7, 3, 5)]
    post_id = await publish(pool, ming, *sent)
    for each in reversed(photos[1:]):
        await become(pool, each, "ready")
        assert await release_ready_posts(pool, [each]) == []
        assert await holds(pool, post_id) == Hold.MEDIA
    await become(pool, photos[0], "ready")
    assert await release_ready_posts(pool, [photos[0]]) == [post_id]
    assert await order(pool, post_id) == sent
    turned = sent[::-1]
    await edit_post(pool, ming, post_id, PostChange(media_ids=[str(each) for each in turned]))
    assert await order(pool, post_id) == turned


async def test_the_media_of_others_and_unknown_ones_are_refused_alike_and_each_is_used_once(pool: Pool) -> None:
    """Known failure 52."""
    ming, hong = await make.account(pool), await make.account(pool)
    twin = await make.account(pool, person="twin")
    other_twin = await make.account(pool, person="twin")
    mine, hers, twins = [await make_media.medium(pool, who) for who in (ming, hong, twin)]
    gone = await make_media.medium(pool, ming)
    await pool.execute("UPDATE media SET removed_at = now(), removed_for = 'deleted' WHERE id = $1", gone)
    not_found = ("invalid", [("media_ids[0]", "not_found")])
    for who, media_id in ((ming, hers), (ming, 2**62), (ming, gone), (other_twin, twins)):
        assert await refusal(pool, who, media_id) == not_found
    assert await refusal(pool, ming, mine, hers) == ("invalid", [("media_ids[1]", "not_found")])
    assert await refusal(pool, ming, mine, mine) == ("invalid", [("media_ids[1]", "repeated")])
    post_id = await publish(pool, ming, mine)
    assert (await refusal(pool, ming, mine))[0] == "media_in_use"
    for use in ("avatar", "cover", "prize"):
        used = await make_media.medium(pool, ming, used_as=use)
        assert (await refusal(pool, ming, used))[0] == "media_in_use"
    other = await publish(pool, ming, text="另一条")
    with pytest.raises(MediaInUse):
        await edit_post(pool, ming, other, PostChange(media_ids=[str(mine)]))
    with pytest.raises(Invalid):
        await edit_post(pool, ming, other, PostChange(media_ids=[str(hers)]))
    assert await order(pool, other) == []
    assert await pool.fetchval("SELECT post_id FROM media WHERE id = $1", mine) == post_id
    assert await pool.fetchval("SELECT count(*) FROM media WHERE post_id IS NOT NULL") == 1


async def test_nobody_waits_for_the_locks_of_media_of_others(pool: Pool) -> None:
    """Else one request that names them would stop everybody's posts of its batch."""
    author, other = [await make.account(pool) for _ in range(2)]
    theirs = await make_media.medium(pool, other)
    async with transaction(pool) as conn, asyncio.timeout(HANG_SECONDS):
        await conn.execute("SELECT FROM media WHERE id = $1 FOR UPDATE", theirs)
        assert await refusal(pool, author, theirs) == ("invalid", [("media_ids[0]", "not_found")])


async def test_what_has_not_arrived_or_has_failed_is_not_attached(pool: Pool) -> None:
    ming = await make.account(pool)
    uploading = await make_media.medium(pool, ming, state="processing")
    await pool.execute("UPDATE media SET uploaded_at = NULL WHERE id = $1", uploading)
    failed = await make_media.medium(pool, ming, state="failed")
    assert (await refusal(pool, ming, uploading))[0] == "media_not_ready"
    assert (await refusal(pool, ming, failed))[0] == "media_not_ready"


async def test_photos_and_videos_are_not_mixed_and_are_few(pool: Pool) -> None:
    ming = await make.account(pool)
    photo, video, other = [await make_media.medium(pool, ming, kind=kind) for kind in ("image", "video", "video")]
    many = [await make_media.medium(pool, ming) for _ in range(10)]
    assert await refusal(pool, ming, photo, video) == ("invalid", [("media_ids", "media_mixed")])
    assert await refusal(pool, ming, video, other) == ("invalid", [("media_ids", "too_many")])
    assert await refusal(pool, ming, *many) == ("invalid", [("media_ids", "too_many")])
    post_id = await publish(pool, ming, video)
    assert await pool.fetchval("SELECT has_video FROM visible_posts WHERE id = $1", post_id)


async def test_two_drafts_of_a_batch_with_one_medium_get_it_once(pool: Pool) -> None:
    ming = await make.account(pool)
    photo = await make_media.medium(pool, ming)
    found = await publish_posts(pool, [draft(ming, photo), draft(ming, photo), draft(ming, text="文字")])
    assert [int if isinstance(each, int) else type(each) for each in found] == [int, MediaInUse, int]


async def test_the_same_request_twice_is_one_post_with_one_medium(pool: Pool) -> None:
    """Known failure 13: a retry answers as the first time, although its medium is in use by then."""
    ming = await make.account(pool)
    photo = await make_media.medium(pool, ming)
    request = keyed_request("/v1/posts", "k", b"{}")
    new = Draft.checked(ming, NewPost(media_ids=[str(photo)]), request)
    [first] = await publish_posts(pool, [new])
    assert isinstance(first, int)
    assert await publish_posts(pool, [new]) == [first]
    assert await pool.fetchval("SELECT count(*) FROM posts") == 1


async def test_a_refused_post_leaves_its_key_free(pool: Pool) -> None:
    ming = await make.account(pool)
    late = await make_media.medium(pool, ming, state="failed")
    photo = await make_media.medium(pool, ming)
    request = keyed_request("/v1/posts", "k", b"{}")
    [found] = await publish_posts(pool, [Draft.checked(ming, NewPost(media_ids=[str(late)]), request)])
    assert isinstance(found, MediaNotReady)
    [found] = await publish_posts(pool, [Draft.checked(ming, NewPost(media_ids=[str(photo)]), request)])
    assert isinstance(found, int)


async def test_a_post_is_published_when_its_media_are_ready_and_entered_when_it_was_sent(pool: Pool) -> None:
    ming = await make.account(pool)
    campaign = await make.campaign(pool)
    photo = await make_media.medium(pool, ming, state="processing")
    post_id = await publish(pool, ming, photo, text="#读书#")
    later = await publish(pool, ming, text="后发的")
    assert await pool.fetchval("SELECT count(*) FROM topic_posts WHERE post_id = $1", post_id) == 0
    assert await pool.fetchval("SELECT post_count FROM accounts WHERE id = $1", ming) == 1
    sent = await pool.fetchrow("SELECT created_at, published_at FROM posts WHERE id = $1", post_id)
    entered = await pool.fetchval(
        "SELECT entered_at FROM entries WHERE post_id = $1 AND campaign_id = $2", post_id, campaign
    )
    await become(pool, photo, "ready")
    assert await release_ready_posts(pool, [photo]) == [post_id]
    assert await release_ready_posts(pool, [photo]) == []
    shown = await pool.fetchrow("SELECT created_at, published_at FROM visible_posts WHERE id = $1", post_id)
    assert sent is not None
    assert shown is not None
    assert shown["created_at"] == sent["created_at"]
    assert shown["published_at"] > sent["published_at"]
    assert [row["id"] for row in await pool.fetch("SELECT id FROM visible_posts ORDER BY published_at DESC")] == [
        post_id,
        later,
    ]
    assert (
        await pool.fetchval("SELECT published_at FROM topic_posts WHERE post_id = $1", post_id) == shown["published_at"]
    )
    assert await pool.fetchval("SELECT post_count FROM accounts WHERE id = $1", ming) == 2
    assert entered == sent["created_at"]
    assert (
        await pool.fetchval("SELECT entered_at FROM entries WHERE post_id = $1 AND campaign_id = $2", post_id, campaign)
        == entered
    )


async def test_a_second_showing_keeps_the_time_of_the_first(pool: Pool) -> None:
    ming = await make.account(pool)
    photo = await make_media.medium(pool, ming, state="processing")
    post_id = await publish(pool, ming, photo)
    await become(pool, photo, "ready")
    await release_ready_posts(pool, [photo])
    first = await pool.fetchval("SELECT published_at FROM posts WHERE id = $1", post_id)
    for add, remove in ((Hold.REPORT, Hold(0)), (Hold(0), Hold.REPORT)):
        async with transaction(pool) as conn:
            await change_holds(conn, post_id, add=add, remove=remove)
    assert await pool.fetchval("SELECT published_at FROM visible_posts WHERE id = $1", post_id) == first


async def test_of_nine_photos_the_one_that_fails_is_named_once_and_can_be_replaced(pool: Pool) -> None:
    ming = await make.account(pool)
    photos = [await make_media.medium(pool, ming, state="processing", alt=f"图{n}") for n in range(9)]
    post_id = await publish(pool, ming, *photos)
    for each in photos:
        await become(pool, each, "failed" if each == photos[3] else "ready")
    for _ in range(2):
        assert await release_ready_posts(pool, photos) == []
        await release_waiting_posts(pool)
    [notice] = await pool.fetch("SELECT template, params, subject FROM inbox WHERE account_id = $1", ming)
    assert notice["params"] == {"place": 4, "count": 9, "reason": "truncated"}
    assert notice["subject"] == {"post_id": str(post_id), "media_id": str(photos[3])}
    # A new order and a new text may keep it; the post waits on.
    kept = [str(each) for each in photos[::-1]]
    await edit_post(pool, ming, post_id, PostChange(text="文字", media_ids=kept))
    assert await holds(pool, post_id) == Hold.MEDIA
    other = await make_media.medium(pool, ming, alt="新图")
    replaced = [other if each == photos[3] else each for each in photos]
    await edit_post(pool, ming, post_id, PostChange(media_ids=[str(each) for each in replaced]))
    assert await holds(pool, post_id) == 0
    assert await order(pool, post_id) == replaced
    assert await pool.fetchval("SELECT post_id FROM media WHERE id = $1", photos[3]) == post_id
    # Known failure 53.
    assert [
        row["alt"]
        for row in await pool.fetch(
            "SELECT alt FROM media WHERE id = ANY ($1::bigint[]) ORDER BY array_position($1, id)", replaced
        )
    ] == ["图0", "图1", "图2", "新图", *(f"图{n}" for n in range(4, 9))]


async def test_the_edit_of_a_visible_post_needs_ready_media(pool: Pool) -> None:
    ming = await make.account(pool)
    photo, video = [await make_media.medium(pool, ming, kind=kind) for kind in ("image", "video")]
    unready = await make_media.medium(pool, ming, state="processing")
    post_id = await publish(pool, ming, photo, text="文字")
    with pytest.raises(MediaNotReady):
        await edit_post(pool, ming, post_id, PostChange(media_ids=[str(photo), str(unready)]))
    assert await pool.fetchval("SELECT used_as FROM media WHERE id = $1", unready) is None
    await edit_post(pool, ming, post_id, PostChange(media_ids=[str(video)]))
    assert await pool.fetchval("SELECT has_video FROM visible_posts WHERE id = $1", post_id)
    # What is not shown any more leaves the CDN, stays with the post, and can be taken back.
    assert [row["media_id"] for row in await pool.fetch("SELECT media_id FROM media_purges")] == [photo]
    await edit_post(pool, ming, post_id, PostChange(media_ids=[str(photo)]))
    assert not await pool.fetchval("SELECT has_video FROM visible_posts WHERE id = $1", post_id)
    await edit_post(pool, ming, post_id, PostChange(media_ids=[]))
    with pytest.raises(Invalid):
        await edit_post(pool, ming, post_id, PostChange(text=""))
    await edit_post(pool, ming, post_id, PostChange(text="", media_ids=[str(photo)]))
    with pytest.raises(Invalid):
        await edit_post(pool, ming, post_id, PostChange(media_ids=[]))
    assert (await pool.fetchval("SELECT latest_revision FROM posts WHERE id = $1", post_id)) == 5


async def test_a_hidden_post_that_was_visible_awaits_no_media(pool: Pool) -> None:
    ming = await make.account(pool)
    unready = await make_media.medium(pool, ming, state="processing")
    post_id = await publish(pool, ming, text="文字")
    async with transaction(pool) as conn:
        await change_holds(conn, post_id, add=Hold.REPORT)
    with pytest.raises(MediaNotReady):
        await edit_post(pool, ming, post_id, PostChange(media_ids=[str(unready)]))


async def test_other_media_beside_the_same_text_are_reviewed_with_what_the_check_finds_in_it(pool: Pool) -> None:
    ming = await make.account(pool)
    photo = await make_media.medium(pool, ming)
    found = MachineResult("review", 40)
    [post_id] = await publish_posts(pool, [draft(ming, text="加微信").judged(found, 2)])
    assert isinstance(post_id, int)
    checked: list[str] = []

    def check(text: str) -> tuple[MachineResult, int]:
        checked.append(text)
        return found, 2

    await edit_post(pool, ming, PostId(post_id), PostChange(media_ids=[str(photo)]), check=check)
    row = await pool.fetchrow(
        "SELECT stages, machine, revision FROM cases WHERE post_id = $1 AND state = 'open'", post_id
    )
    assert row is not None
    assert (row["stages"], row["machine"]["verdict"], row["revision"], checked) == (2, "review", 2, ["加微信"])


async def test_an_edit_of_a_waiting_post_may_wait_for_other_media(pool: Pool) -> None:
    ming = await make.account(pool)
    one, two = [await make_media.medium(pool, ming, state="processing") for _ in range(2)]
    post_id = await publish(pool, ming, one)
    await edit_post(pool, ming, post_id, PostChange(media_ids=[str(two)]))
    await become(pool, one, "ready")
    assert await release_ready_posts(pool, [one]) == []
    await become(pool, two, "ready")
    assert await release_ready_posts(pool, [two]) == [post_id]


async def test_a_post_left_behind_by_a_worker_is_found(pool: Pool) -> None:
    """Known failure 44: the state of a medium is committed, and the worker dies before it looks at the post."""
    ming = await make.account(pool)
    photo, broken = [await make_media.medium(pool, ming, state="processing") for _ in range(2)]
    ready, failing = await publish(pool, ming, photo), await publish(pool, ming, broken)
    await become(pool, photo, "ready")
    await become(pool, broken, "failed")
    assert not await release_waiting_posts(pool)
    assert await holds(pool, ready) == 0
    assert await holds(pool, failing) == Hold.MEDIA
    assert await pool.fetchval("SELECT count(*) FROM inbox WHERE account_id = $1", ming) == 1
    assert not await release_waiting_posts(pool)
    assert await pool.fetchval("SELECT count(*) FROM inbox WHERE account_id = $1", ming) == 1


async def test_no_post_waits_for_ever_whatever_happens_in_the_same_moment(pool: Pool) -> None:
    ming = await make.account(pool)

    async def round_() -> int:
        photos = [await make_media.medium(pool, ming, state="processing") for _ in range(3)]

        async def process(media_id: int) -> None:
            await become(pool, media_id, "ready")
            await release_ready_posts(pool, [media_id])

        publishing = asyncio.create_task(publish(pool, ming, *photos))
        await asyncio.gather(publishing, *(process(each) for each in photos))
        return publishing.result()

    posts = [each for _ in range(4) for each in await asyncio.gather(*(round_() for _ in range(5)))]
    assert await pool.fetchval("SELECT count(*) FROM visible_posts WHERE id = ANY ($1::bigint[])", posts) == len(posts)
    assert await pool.fetchval("SELECT post_count FROM accounts WHERE id = $1", ming) == len(posts)


async def test_edits_and_workers_at_once_do_not_deadlock_and_leave_nothing_waiting(pool: Pool) -> None:
    ming = await make.account(pool)
    for _ in range(5):
        photos = [await make_media.medium(pool, ming, state="processing") for _ in range(4)]
        post_id = await publish(pool, ming, *photos[:2])

        async def process(media_id: int) -> None:
            await become(pool, media_id, "ready")
            await release_ready_posts(pool, [media_id])

        edit = edit_post(pool, ming, post_id, PostChange(media_ids=[str(each) for each in photos]))
        results = await asyncio.gather(edit, *(process(each) for each in photos), return_exceptions=True)
        assert all(each is None or isinstance(each, MediaNotReady) for each in results), results
        assert await holds(pool, post_id) == 0


async def test_a_deleted_post_takes_its_media_with_it_those_of_former_revisions_too(pool: Pool) -> None:
    """Known failure 49: nothing of others goes, and the same picture may be uploaded again."""
    ming = await make.account(pool)
    same = bytes(32)
    one, two, other = [await make_media.medium(pool, ming, sha256=same) for _ in range(3)]
    post_id, others = await publish(pool, ming, one, text="一"), await publish(pool, ming, other)
    await edit_post(pool, ming, post_id, PostChange(media_ids=[str(two)]))
    await delete_post(pool, ming, post_id)
    await delete_post(pool, ming, post_id)
    rows = await pool.fetch("SELECT id, removed_for FROM media ORDER BY id")
    assert {row["id"]: row["removed_for"] for row in rows} == {one: "deleted", two: "deleted", other: None}
    assert await holds(pool, others) == 0
    assert await publish(pool, ming, await make_media.medium(pool, ming, sha256=same))


@pytest.mark.parametrize("kind", ["report", "appeal", "machine", "removed", "taken down"])
async def test_what_its_author_deletes_while_it_is_disputed_stays_as_evidence(pool: Pool, kind: str) -> None:
    ming = await make.account(pool)
    photo = await make_media.medium(pool, ming)
    post_id = await publish(pool, ming, photo)
    if kind == "machine":
        await pool.execute("""UPDATE cases SET machine = '{"verdict": "review"}' WHERE post_id = $1""", post_id)
    elif kind in ("removed", "taken down"):
        async with transaction(pool) as conn:
            if kind == "removed":
                await hide_post(conn, post_id, state="removed")
            else:
                await change_holds(conn, post_id, add=Hold.SUBJECT)
        await pool.execute("DELETE FROM media_purges")
    else:
        await pool.execute(
            "INSERT INTO cases (kind, post_id, author_id, revision, due_at) VALUES ($2, $1, $3, 1, now())",
            post_id,
            kind,
            ming,
        )
    await delete_post(pool, ming, post_id)
    assert await pool.fetchval("SELECT removed_at FROM media WHERE id = $1", photo) is None
    # Nobody else gets it, and the CDN forgets it.
    assert await pool.fetchval("SELECT reason FROM media_purges WHERE media_id = $1", photo) == "deleted"


@pytest.mark.parametrize("hold", [Hold.REPORT, Hold.SUBJECT, Hold.AUTHOR])
async def test_what_is_hidden_is_purged_and_comes_back(pool: Pool, hold: Hold) -> None:
    ming = await make.account(pool)
    photo = await make_media.medium(pool, ming)
    post_id = await publish(pool, ming, photo)
    async with transaction(pool) as conn:
        await change_holds(conn, post_id, add=hold)
        await change_holds(conn, post_id, add=Hold.LEAVING)
    assert [row["media_id"] for row in await pool.fetch("SELECT media_id FROM media_purges")] == [photo]
    async with transaction(pool) as conn:
        await change_holds(conn, post_id, remove=hold | Hold.LEAVING)
        await hide_post(conn, post_id, state="removed")
        await show_post(conn, post_id)
    assert await pool.fetchval("SELECT count(*) FROM media_purges") == 2
    assert await pool.fetchval("SELECT removed_at FROM media WHERE id = $1", photo) is None


def test_a_content_is_equal_by_text_and_order() -> None:
    assert Content("a", [1, 2]) != Content("a", [2, 1])
    assert content_sha256("a", [1, 2]) != content_sha256("a", [2, 1])
