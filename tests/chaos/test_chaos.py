"""A minute of `make chaos` with a fixed seed."""

from pathlib import Path

import pytest

from feed.boards import store
from feed.boards.model import HOT
from tests.chaos.place import Place
from tests.chaos.run import storm

SECONDS = 60.0
SEED = 20260901


async def plant(place: Place) -> None:
    """Spoils one of each: a like, a comment, a counter, a state, a board."""
    async with place.postgres() as conn, place.redis() as redis:
        await conn.execute("DELETE FROM likes WHERE ctid = (SELECT ctid FROM likes LIMIT 1)")
        await conn.execute(
            """
            INSERT INTO comments (post_id, author_id, text, state)
            SELECT post_id, author_id, text, state FROM comments WHERE state = 'published' LIMIT 1
            """
        )
        await conn.execute(
            "UPDATE posts SET state = 'removed' WHERE id = (SELECT max(id) FROM posts WHERE state = 'published')"
        )
        moment = await store.get_log_head(conn)
        key = f"feed:{{{HOT}}}:{moment.epoch}:"
        await redis.zpopmin(f"{key}rank")
        await redis.hincrby(f"{key}rows", "size", -1)


@pytest.mark.long
async def test_a_minute_of_chaos_loses_nothing_doubles_nothing_and_leaves_no_drift(tmp_path: Path) -> None:
    async with storm(tmp_path / "data", seconds=SECONDS, seed=SEED) as after:
        report = await after.judge()
        assert report.wrong == [], f"make chaos MINUTES=1 SEED={SEED}\n" + "\n".join(report.wrong)
        assert report.acknowledged, report
        assert sum(report.faults.values()) >= 10, report

        await plant(after.place)
        found = "\n".join((await after.judge(patience=0)).wrong)
        for sign in (
            "like of",
            "comment doubled",
            "like_count of",
            "comment_count of",
            "is removed",
            "board hot misses",
        ):
            assert sign in found, (sign, found)
