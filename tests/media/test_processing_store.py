"""The queue of media: whose turn it is, and which time counts for the deadline."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from feed.media import processing_store as store
from feed.media.model import Kind
from feed.media.processing_store import Lease
from feed.media.upload_store import mark_uploaded
from feed.postgres import Connection
from tests.support import make, make_media

_HOUR = timedelta(hours=1)
_NONE = timedelta(0)


async def upload(
    conn: Connection, owner_id: int, count: int = 1, *, same: Sequence[int] | None = None, kind: Kind = "video"
) -> list[int]:
    """Media of an account whose bytes have arrived one after another. `same`: all accounts of its person."""
    media_ids = [await make_media.medium(conn, owner_id, kind=kind, state="processing") for _ in range(count)]
    for each in media_ids:
        await conn.execute("UPDATE media SET uploaded_at = NULL WHERE id = $1", each)
        assert await mark_uploaded(conn, each, content_type="video/mp4", owner_ids=same or [owner_id])
    return media_ids


async def lease(conn: Connection, kind: Kind = "video") -> Lease:
    found = await store.lease_next(conn, kind, lasts=_HOUR, most_attempts=3)
    assert found is not None
    return found


async def end(conn: Connection, leased: Lease) -> None:
    assert await store.mark_failed(conn, leased, "corrupt")


async def process(conn: Connection, count: int) -> list[int]:
    """The next media, each ended before the next one begins."""
    ids: list[int] = []
    for _ in range(count):
        leased = await lease(conn)
        await end(conn, leased)
        ids.append(leased.id)
    return ids


async def test_persons_take_turns_whatever_one_of_them_has_uploaded_before(conn: Connection) -> None:
    busy, other, third = [await make.account(conn) for _ in range(3)]
    many = await upload(conn, busy, 20)
    (one,) = await upload(conn, other)
    two = await upload(conn, third, 2)
    assert await process(conn, 5) == [many[0], one, two[0], many[1], two[1]]
    # Also for a person who comes late.
    (late,) = await upload(conn, other)
    assert late in await process(conn, 2)
    assert await process(conn, 17) == many[3:]


async def test_the_accounts_of_a_person_share_its_turns(conn: Connection) -> None:
    same = [await make.account(conn) for _ in range(3)]
    uploads = [each for owner in same for each in await upload(conn, owner, 2, same=same)]
    (one,) = await upload(conn, await make.account(conn))
    assert await process(conn, 3) == [uploads[0], one, uploads[1]]


async def test_several_workers_do_not_give_one_person_more_turns(conn: Connection) -> None:
    many = await upload(conn, await make.account(conn), 5)
    first, second = await lease(conn), await lease(conn)
    others = [each for _ in range(3) for each in await upload(conn, await make.account(conn))]
    await end(conn, first)
    await end(conn, second)
    assert await process(conn, 5) == [*others, many[2], many[3]]


async def test_photos_and_videos_of_a_person_have_turns_of_their_own(conn: Connection) -> None:
    owner = await make.account(conn)
    await upload(conn, owner, 5)
    (photo,) = await upload(conn, owner, kind="image")
    assert await conn.fetchval("SELECT turn FROM media WHERE id = $1", photo) == 0


@pytest.mark.parametrize("counts", [True, False])
async def test_an_attempt_that_counts_is_a_turn(conn: Connection, counts: bool) -> None:
    (bad,) = await upload(conn, await make.account(conn))
    (good,) = await upload(conn, await make.account(conn))
    leased = await lease(conn)
    assert leased.id == bad
    await store.release(conn, leased, after=-_HOUR, counts=counts)
    # An outage is not the file's fault: it keeps its place.
    assert (await lease(conn)).id == (good if counts else bad)


async def work(conn: Connection, *, after: timedelta, gap: timedelta = _HOUR) -> float:
    """Notes an attempt so long after the last one. Returns the time that has counted since the test began."""
    await conn.execute(
        "UPDATE media_lanes SET worked_at = clock_timestamp() - $1::interval WHERE kind = 'video'", after
    )
    await store.note_work(conn, "video", gap=gap, apart=timedelta(minutes=1))
    seconds: float = await conn.fetchval("SELECT worked_seconds FROM media_lanes WHERE kind = 'video'")
    return seconds


async def fail_stuck(conn: Connection) -> list[int]:
    limits = {"within": timedelta(hours=24), "latest": timedelta(days=7)}
    return [each.id for each in await store.fail_stuck(conn, most_attempts=3, **limits, limit=50)]


async def test_an_outage_counts_for_an_hour_at_most(conn: Connection) -> None:
    assert await work(conn, after=timedelta(minutes=30)) == pytest.approx(1800, abs=1)
    assert await work(conn, after=timedelta(seconds=30)) == pytest.approx(1800, abs=1)
    assert await work(conn, after=timedelta(days=9)) == pytest.approx(1800 + 3600, abs=1)
    assert await work(conn, after=-_HOUR) == pytest.approx(1800 + 3600, abs=1)


async def test_media_that_waited_through_an_outage_are_tried_and_those_that_others_overtake_for_a_day_fail(
    conn: Connection,
) -> None:
    (waiting,) = await upload(conn, await make.account(conn))
    await conn.execute("UPDATE media SET uploaded_at = clock_timestamp() - interval '6 days' WHERE id = $1", waiting)
    await work(conn, after=timedelta(days=6))
    assert await fail_stuck(conn) == []
    for _ in range(23):
        await work(conn, after=_HOUR)
        assert await fail_stuck(conn) == []
    (younger,) = await upload(conn, await make.account(conn))
    (photo,) = await upload(conn, await make.account(conn), kind="image")
    await work(conn, after=_HOUR)
    assert await fail_stuck(conn) == [waiting]
    assert await conn.fetchval("SELECT error_code FROM media WHERE id = $1", waiting) == "not_processed"
    states = await conn.fetch("SELECT state FROM media WHERE id = ANY ($1::bigint[])", [younger, photo])
    assert [each["state"] for each in states] == ["processing", "processing"]


async def test_every_medium_is_ready_or_failed_after_a_week_whatever_happens(conn: Connection) -> None:
    """Also on a site where nothing else was processed meanwhile."""
    old, new = [(await upload(conn, await make.account(conn)))[0] for _ in range(2)]
    await conn.execute(
        "UPDATE media SET uploaded_at = clock_timestamp() - interval '7 days 1 minute' WHERE id = $1", old
    )
    await conn.execute(
        "UPDATE media SET uploaded_at = clock_timestamp() - interval '6 days 23 hours' WHERE id = $1", new
    )
    assert await fail_stuck(conn) == [old]
    assert await conn.fetchval("SELECT error_code FROM media WHERE id = $1", old) == "not_processed"
