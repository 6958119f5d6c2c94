"""When a case is due: risk × age × reach, and the end of a campaign."""

from datetime import UTC, datetime, timedelta
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from feed.cases import store as cases
from feed.cases.model import Kind
from feed.cases.store import NewCase
from feed.cases.urgency import ALLOWANCES, DEADLINE_LEAD_HOURS, allowed_minutes, due_at
from feed.postgres import Connection
from feed.screening.model import PASSED
from tests.support import make

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
RISKS, REACHES = st.integers(0, 100), st.integers(0, 10**9)


def test_every_kind_has_an_allowance() -> None:
    assert set(get_args(Kind)) <= ALLOWANCES.keys()


@given(RISKS, RISKS, REACHES, REACHES)
def test_more_risk_and_more_reach_are_never_due_later(risk: int, more_risk: int, reach: int, more_reach: int) -> None:
    less, more = sorted((risk, more_risk)), sorted((reach, more_reach))
    first = allowed_minutes("post", risk=less[0], reach=more[0])
    assert 1 <= allowed_minutes("post", risk=less[1], reach=more[1]) <= first <= ALLOWANCES["post"]


def test_the_weights_are_those_of_the_documented_formula() -> None:
    assert allowed_minutes("post") == 30
    assert allowed_minutes("post", risk=100) == 6
    assert allowed_minutes("post", reach=10) == 15
    assert allowed_minutes("post", reach=70) == 8
    assert allowed_minutes("post", reach=10**9) == 4
    assert allowed_minutes("appeal", risk=50, reach=10) == 240
    assert allowed_minutes("report", risk=1000, reach=-5) == 3


@given(st.integers(0, 30 * 24 * 60), st.integers(0, 30 * 24 * 60))
def test_the_nearer_deadline_comes_first_however_long_another_case_waits(nearer: int, later: int) -> None:
    nearer, later = sorted((nearer, later))
    first = due_at("post", NOON, deadline=NOON + timedelta(minutes=nearer))
    second = due_at("post", NOON, deadline=NOON + timedelta(minutes=later))
    assert first <= second <= due_at("post", NOON)
    if nearer < 60:
        assert first < due_at("post", NOON - timedelta(hours=DEADLINE_LEAD_HOURS - 1))


async def test_a_new_case_is_due_as_the_formula_says(conn: Connection) -> None:
    author = await make.account(conn)
    plain, entry = await make.post(conn, author), await make.post(conn, author)
    near = await make.campaign(conn, ends_at=make.now() + 3 * make.HOUR)
    far = await make.campaign(conn, ends_at=make.now() + 20 * make.DAY)
    for campaign in (near, far):
        await conn.execute(
            "INSERT INTO entries (campaign_id, post_id, author_id, entered_at) VALUES ($1, $2, $3, now())",
            campaign,
            entry,
            author,
        )
    ends_at = await conn.fetchval("SELECT ends_at FROM campaigns WHERE id = $1", near)
    await cases.add_first_cases(conn, "post", [NewCase(author, each, None, 1, 0, PASSED) for each in (plain, entry)])
    await cases.add_case(conn, kind="comment", author_id=author, post_id=entry, comment_id=7)
    for row in await conn.fetch("SELECT kind, post_id, due_at, created_at FROM cases"):
        deadline = ends_at if row["post_id"] == entry else None
        expected = due_at(row["kind"], row["created_at"], deadline=deadline)
        assert abs(row["due_at"] - expected) < timedelta(seconds=30)
