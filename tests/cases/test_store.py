"""Cases: one open case per subject, and leases by the database clock."""

import pytest

from feed.cases import store as cases
from feed.cases.model import CaseId, CaseNotFound
from feed.postgres import Connection
from tests.support import make

AUTHOR = 1


async def add_post_case(conn: Connection, *, post_id: int = 10, revision: int = 1, due_minutes: int = 30) -> CaseId:
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


async def reviewers(conn: Connection) -> tuple[int, int]:
    """Two of them; a lease is in force while its account may review."""
    return await make.person(conn, role="reviewer"), await make.person(conn, role="reviewer")


async def test_the_most_urgent_case_is_leased_first(conn: Connection) -> None:
    late = await add_post_case(conn, post_id=10, due_minutes=60)
    soon = await add_post_case(conn, post_id=11, due_minutes=5)
    reviewer, _ = await reviewers(conn)
    assert await cases.lease_free(conn, reviewer, [late, soon], count=1) == [soon]
    assert await cases.lease_free(conn, reviewer, [late, soon], count=2) == [late]


async def test_no_leased_case_is_leased_again(conn: Connection) -> None:
    all_of_them = [await add_post_case(conn, post_id=post_id) for post_id in (10, 11, 12)]
    reviewer, other = await reviewers(conn)
    first = await cases.lease_free(conn, reviewer, all_of_them, count=2)
    second = await cases.lease_free(conn, other, all_of_them, count=2)
    assert len(first) == 2
    assert {*first, *second} == {*all_of_them}
    assert await cases.lease_free(conn, reviewer, all_of_them, count=2) == []
    assert await cases.count_leased(conn, [reviewer, other]) == 3


async def test_a_case_with_an_expired_lease_can_be_leased_by_another_reviewer(conn: Connection) -> None:
    case_id = await add_post_case(conn)
    reviewer, other = await reviewers(conn)
    await cases.lease_free(conn, reviewer, [case_id], count=1)
    await end_leases(conn)
    assert await cases.extend_lease(conn, case_id, reviewer) is False
    assert await cases.count_leased(conn, [reviewer]) == 0
    assert await cases.lease_free(conn, other, [case_id], count=1) == [case_id]
    assert (await cases.lock_case(conn, case_id)).held_by == other


async def test_a_released_case_is_free_again(conn: Connection) -> None:
    case_id = await add_post_case(conn)
    reviewer, other = await reviewers(conn)
    await cases.lease_free(conn, reviewer, [case_id], count=1)
    assert await cases.remove_lease(conn, case_id, other) is False
    assert await cases.remove_lease(conn, case_id, reviewer) is True
    assert (await cases.lock_case(conn, case_id)).held_by is None


async def test_renewing_extends_the_own_leases_that_have_not_expired(conn: Connection) -> None:
    mine, expired, others = [await add_post_case(conn, post_id=post_id) for post_id in (10, 11, 12)]
    reviewer, other = await reviewers(conn)
    await cases.lease_free(conn, reviewer, [mine, expired], count=2)
    await cases.lease_free(conn, other, [others], count=1)
    await conn.execute("UPDATE cases SET leased_until = clock_timestamp() + interval '1 minute'")
    await conn.execute("UPDATE cases SET leased_until = clock_timestamp() WHERE id = $1", expired)
    await cases.renew_leases(conn, reviewer)
    renewed = await conn.fetch(
        "SELECT id FROM cases WHERE leased_until > clock_timestamp() + interval '4 minutes' ORDER BY id"
    )
    assert [row["id"] for row in renewed] == [mine]


async def test_a_reviewer_is_leased_no_own_content(conn: Connection) -> None:
    author, other = await reviewers(conn)
    case_id = await cases.add_case(conn, kind="post", author_id=author, post_id=10, revision=1)
    assert await cases.lease_free(conn, author, [case_id], count=5) == []
    assert await cases.lease_free(conn, other, [case_id], count=5) == [case_id]


async def test_an_unknown_case_is_not_found(conn: Connection) -> None:
    assert await cases.find_case(conn, 1) is None
    with pytest.raises(CaseNotFound):
        await cases.lock_case(conn, 1)
