"""All statements that read the judged revision of an entry agree."""

from datetime import datetime
from decimal import Decimal

from feed.boards import store as boards
from feed.campaigns.entries import shortlist_store
from feed.campaigns.jury import mark_store as marks
from feed.postgres import Connection
from feed.prizes.settlement import sheet_store
from feed.screens.campaigns import my_marks, my_participation
from tests.support import make
from tests.support.make import DAY, HOUR


async def revise(
    conn: Connection, post_id: int, revision: int, topic_ids: list[int], *, at: datetime, approved_at: datetime | None
) -> None:
    await conn.execute(
        """
        INSERT INTO post_revisions (post_id, revision, text, topic_ids, content_sha256, author_id, created_at, approved_at)
        SELECT id, $2::integer, 'revision ' || $2::integer, $3, '', author_id, $4, $5 FROM posts WHERE id = $1
        """,
        post_id,
        revision,
        topic_ids,
        at,
        approved_at,
    )


async def test_all_readers_agree_on_the_latest_approved_revision_made_in_time(conn: Connection) -> None:
    """Revision 2 is judged, though it was approved after the end; 3 still waits, and 4 was made at the end."""
    end = make.now() - HOUR
    topic = await make.topic(conn)
    for judged_topics in ([topic], []):
        campaign = await make.campaign(conn, starts_at=end - 10 * DAY, ends_at=end)
        post = await make.entry(conn, campaign, at=end - DAY)
        other_topics = [] if judged_topics else [topic]
        await conn.execute("UPDATE post_revisions SET topic_ids = $2 WHERE post_id = $1", post, other_topics)
        await revise(conn, post, 2, judged_topics, at=end - HOUR, approved_at=end + HOUR)
        await revise(conn, post, 3, other_topics, at=end - HOUR, approved_at=None)
        await revise(conn, post, 4, other_topics, at=end, approved_at=end)
        juror = await make.person(conn)
        await make.juror(conn, campaign, juror)
        bears_topic = bool(judged_topics)

        assert await marks.find_judged_revision(conn, campaign, post) == 2
        (status,) = await shortlist_store.list_statuses(conn, campaign, [post])
        assert (status.revision, status.bears_topic, status.newest_revision, status.newest_waits) == (
            2,
            bears_topic,
            3,
            True,
        )
        (facts,) = await sheet_store.list_facts(conn, campaign)
        assert (facts.revision, facts.bears_topic, facts.newest_waits) == (2, bears_topic, True)
        (entry,) = await boards.list_entries(conn, [post], [campaign])
        assert entry.competes == bears_topic
        rows = await my_marks.list_marking(conn, campaign, juror, after_id=0, limit=10)
        assert [(row.revision, row.text) for row in rows] == ([(2, "revision 2")] if bears_topic else [])
        author = await conn.fetchval("SELECT author_id FROM posts WHERE id = $1", post)
        (own,) = await my_participation.list_own(conn, campaign, author)
        assert own.bears_topic == bears_topic

        assert await marks.add_mark(
            conn, campaign_id=campaign, post_id=post, juror_id=juror, score=Decimal(50), scores=None, note=None
        )
        assert [mark.revision for mark in await marks.list_marks(conn, campaign)] == [2]


async def test_a_mark_of_another_revision_than_the_judged_one_does_not_count(conn: Connection) -> None:
    end = make.now() - HOUR
    campaign = await make.campaign(conn, starts_at=end - 10 * DAY, ends_at=end)
    post = await make.entry(conn, campaign, at=end - DAY)
    await revise(conn, post, 2, [await make.topic(conn)], at=end - HOUR, approved_at=end + HOUR)
    for revision in (1, 2):
        juror = await make.person(conn)
        await make.juror(conn, campaign, juror)
        await make.mark(conn, campaign, post, juror, "70")
        await conn.execute("UPDATE marks SET revision = $2 WHERE juror_id = $1", juror, revision)
    assert [mark.revision for mark in await marks.list_marks(conn, campaign)] == [2]
