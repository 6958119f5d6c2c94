"""Cases: one open case per subject, and leases by the database clock."""

import pytest

from feed.cases import store as cases
from feed.cases.model import CaseFilter, CaseNotFound
from feed.postgres import Connection
from tests.support import make

AUTHOR, REVIEWER, OTHER = 1, 2, 3
ALL = CaseFilter()


async def add_post_case(conn: Connection, *, post_id: int = 10, revision: int = 1, due_minutes: int = 30) -> int:
    return await cases.add_case(
        conn, kind="post", author_id=AUTHOR, post_id=post_id, revision=revision, due_minutes=due_minutes
    )


async def end_leases(conn: Connection) -> None:
    await conn.execute("UPDATE cases SET leased_until = clock_timestamp() WHERE leased_by IS NOT NULL")


async def test_adding_a_case_again_returns_the_open_one(conn: Connection) -> None:
    first = await add_post_case(conn)
    assert await add_post_case(conn) == first
    comment = await cases.add_case(conn, kind="comment", author_id=AUTHOR, post_id=10, comment_id=20)
    assert await cases.add_case(conn, kind="comment", author_id=AUTHOR, post_id=10, comment_id=20) == comment
    assert comment != first


async def test_a_subject_with_a_closed_case_gets_a_new_one(conn: Connection) -> None:
    first = await add_post_case(conn)
    await cases.mark_closed(conn, first)
    assert await add_post_case(conn) != first


async def test_a_newer_revision_closes_the_cases_of_the_older_ones(conn: Connection) -> None:
    first = await add_post_case(conn)
    second = await add_post_case(conn, revision=2)
    old, new = await cases.find_case(conn, first), await cases.find_case(conn, second)
    assert old is not None
    assert new is not None
    assert (old.state, old.version, new.state) == ("closed", 2, "open")


async def test_a_new_case_contains_the_result_of_the_machine_check(conn: Connection) -> None:
    case = await cases.find_case(conn, await add_post_case(conn))
    assert case is not None
    assert case.machine == {"verdict": "pass", "labels": []}


async def test_a_deletion_of_a_post_closes_the_cases_of_its_comments(conn: Connection) -> None:
    await add_post_case(conn)
    await cases.add_case(conn, kind="comment", author_id=AUTHOR, post_id=10, comment_id=20)
    other = await cases.add_case(conn, kind="comment", author_id=AUTHOR, post_id=11, comment_id=21)
    assert await cases.close_cases(conn, post_id=10) == 2
    assert await cases.close_cases(conn, post_id=10) == 0
    assert await cases.close_cases(conn, comment_id=21) == 1
    assert (await cases.lock_case(conn, other)).state == "closed"


async def test_the_most_urgent_case_is_leased_first(conn: Connection) -> None:
    late = await add_post_case(conn, post_id=10, due_minutes=60)
    soon = await add_post_case(conn, post_id=11, due_minutes=5)
    assert await cases.lease_cases(conn, REVIEWER, ALL, count=5) == [soon, late]


async def test_a_lease_returns_at_most_count_cases_and_no_leased_ones(conn: Connection) -> None:
    all_of_them = {await add_post_case(conn, post_id=post_id) for post_id in (10, 11, 12)}
    first = await cases.lease_cases(conn, REVIEWER, ALL, count=2)
    second = await cases.lease_cases(conn, OTHER, ALL, count=2)
    assert len(first) == 2
    assert {*first, *second} == all_of_them
    assert await cases.lease_cases(conn, REVIEWER, ALL, count=2) == []


async def test_a_case_with_an_expired_lease_can_be_leased_by_another_reviewer(conn: Connection) -> None:
    case_id = await add_post_case(conn)
    await cases.lease_cases(conn, REVIEWER, ALL, count=1)
    await end_leases(conn)
    assert await cases.extend_lease(conn, case_id, REVIEWER) is False
    assert await cases.lease_cases(conn, OTHER, ALL, count=1) == [case_id]
    assert (await cases.lock_case(conn, case_id)).held_by == OTHER


async def test_a_released_case_is_free_again(conn: Connection) -> None:
    case_id = await add_post_case(conn)
    await cases.lease_cases(conn, REVIEWER, ALL, count=1)
    assert await cases.remove_lease(conn, case_id, OTHER) is False
    assert await cases.remove_lease(conn, case_id, REVIEWER) is True
    assert (await cases.lock_case(conn, case_id)).held_by is None


async def test_a_reviewer_is_leased_no_own_content(conn: Connection) -> None:
    author, other = await make.account(conn), await make.account(conn)
    case_id = await cases.add_case(conn, kind="post", author_id=author, post_id=10, revision=1)
    assert await cases.lease_cases(conn, author, ALL, count=5) == []
    assert await cases.lease_cases(conn, other, ALL, count=5) == [case_id]


async def test_a_lease_may_be_filtered_by_kind_stage_or_campaign(conn: Connection) -> None:
    post = await add_post_case(conn)
    comment = await cases.add_case(conn, kind="comment", author_id=AUTHOR, post_id=10, comment_id=20)
    await cases.mark_open(conn, comment, stage=2)
    assert await cases.lease_cases(conn, REVIEWER, CaseFilter(campaign_id=1), count=5) == []
    assert await cases.lease_cases(conn, REVIEWER, CaseFilter(stage=2), count=5) == [comment]
    assert await cases.lease_cases(conn, REVIEWER, CaseFilter(kind="post"), count=5) == [post]


async def test_an_unknown_case_is_not_found(conn: Connection) -> None:
    assert await cases.find_case(conn, 1) is None
    with pytest.raises(CaseNotFound):
        await cases.lock_case(conn, 1)
