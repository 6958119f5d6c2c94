"""Sheets of draws by comment or like: generated people on a real database, compared with a naive model."""

from datetime import timedelta
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feed.campaigns import lifecycle_store as lifecycle
from feed.postgres import Connection
from feed.prizes.settlement.freeze import build_sheet
from tests.support import make
from tests.support.draw_entry_model import Row, rows_of
from tests.support.make import DAY

_numbers = count(1)
# From when to when an account has liked, in minutes from the end. The draw opens at -50.
_LIKES: list[list[tuple[int, int | None]]] = [
    [(-9, None)],
    [(-8, None)],
    [(-99, None)],
    [(-99, -9)],
    [(-9, -3)],
    [(-9, -3), (-1, None)],
    [(-9, -3), (-2, 0)],
    [(-7, 0)],
    [(-7, 5)],
    [(0, None)],
    [(1, 5)],
]
_people = st.lists(
    st.fixed_dictionaries(
        {
            "person": st.sampled_from(["a", "b", "c", "d", None]),
            "age_days": st.sampled_from([1, 30, 30]),
            "staff": st.sampled_from([False] * 9 + [True]),
            "juror": st.sampled_from([False] * 9 + [True]),
            "banned": st.sampled_from([False] * 9 + [True]),
            "erased": st.sampled_from([False] * 9 + [True]),
            "voids": st.sampled_from([()] * 8 + [("like",), ("comment",), ("like", "comment")]),
        }
    ),
    min_size=3,
    max_size=9,
)


@st.composite
def draws(draw: st.DrawFn) -> dict[str, Any]:
    people = draw(_people)
    # The first account has written the announcement.
    people[0] |= {"person": draw(st.sampled_from(["a", "z"])), "staff": True, "erased": False}
    entry_by = draw(st.sampled_from(["comment", "like"]))
    acts: list[dict[str, Any]] = []
    for account in range(len(people)):
        if entry_by == "like":
            history = draw(st.sampled_from(_LIKES))
            acts += [{"account": account, "at": at, "undone": undone} for at, undone in history]
        else:
            comments = draw(
                st.lists(
                    st.tuples(
                        st.sampled_from([-60, -50, -9, -3, -1, 0]),
                        st.sampled_from(["published"] * 3 + ["pending", "removed", "rejected", "deleted"]),
                        st.sampled_from([-1, 0, 5]),
                    ),
                    max_size=3,
                )
            )
            acts += [
                {"account": account, "at": at, "state": state, "undone": max(at, gone) if state == "deleted" else None}
                for at, state, gone in comments
            ]
    return {
        "people": people,
        "entry_by": entry_by,
        "acts": acts,
        "min_age_days": draw(st.sampled_from([0, 7])),
    }


async def _write(conn: Connection, generated: dict[str, Any]) -> tuple[int, dict[int, str], dict[int, int]]:
    """The campaign's id, the key of each account's person, and the number of each comment's act."""
    name = f"抽奖{next(_numbers)}"
    ends_at = make.now().replace(microsecond=0) - 4 * DAY
    keys: dict[int, str] = {}
    accounts = []
    for number, each in enumerate(generated["people"]):
        account_id = await make.account(
            conn,
            person=f"{name} {each['person']}",
            verified=each["person"] is not None,
            created_at=ends_at - each["age_days"] * DAY,
        )
        accounts.append(account_id)
        keys[account_id] = each["person"] or f"#{number}"
        if each["staff"]:
            await make.staff(conn, account_id, since=ends_at - DAY)
        if each["banned"]:
            await make.ban(conn, account_id, since=ends_at - DAY)
        if each["erased"]:
            await conn.execute("UPDATE accounts SET erased_at = now() WHERE id = $1", account_id)
    post_id = await make.post(conn, accounts[0], at=ends_at - DAY, topics=(name,))
    campaign_id = await make.campaign(
        conn,
        starts_at=ends_at - timedelta(minutes=50),
        ends_at=ends_at,
        topic_name=name,
        method="draw",
        entry_by=generated["entry_by"],
        announcement_post_id=str(post_id),
        eligibility={"min_account_age_days": generated["min_age_days"], "require_media": False},
    )
    for account_id, each in zip(accounts, generated["people"], strict=True):
        if each["juror"]:
            await make.juror(conn, campaign_id, account_id)
        if each["voids"]:
            await make.void(conn, campaign_id, account_id=account_id, kinds=each["voids"])
    comments = {}
    for number, act in enumerate(generated["acts"]):
        account_id, at = accounts[act["account"]], ends_at + timedelta(minutes=act["at"])
        undone = None if act["undone"] is None else ends_at + timedelta(minutes=act["undone"])
        if generated["entry_by"] == "comment":
            comment_id = await make.comment(conn, post_id, account_id, at=at, state=act["state"], deleted_at=undone)
            comments[comment_id] = number
        elif undone is None:
            await make.like(conn, post_id, account_id, at=at)
        else:
            await make.past_like(conn, post_id, account_id, at=at, until=undone)
    return campaign_id, keys, comments


async def _read(
    conn: Connection, campaign_id: int, keys: dict[int, str], comments: dict[int, int]
) -> dict[str, tuple[str | None, int | None, bool]]:
    campaign = await lifecycle.lock_published(conn, campaign_id)
    assert campaign is not None
    rules = await lifecycle.get_rules(conn, campaign_id, campaign.rules_version)
    sheet = await build_sheet(conn, campaign, rules)
    assert [row.entry_id for row in sheet.rows] == sorted(row.entry_id for row in sheet.rows)
    assert {block["kind"] for block in sheet.blocked_by} <= {"comment_waits"}
    waiting = [int(block["comment_id"]) for block in sheet.blocked_by]
    assert [int(each["comment_id"]) for each in sheet.skipped] == waiting
    authors = {
        comment_id: await conn.fetchval("SELECT author_id FROM comments WHERE id = $1", comment_id)
        for comment_id in waiting
    }
    found: dict[str, tuple[str | None, int | None, bool]] = {}
    for row in sheet.rows:
        assert row.eligible is (row.reason_code is None)
        assert row.post_id is None
        number = None if row.comment_id is None else comments[row.comment_id]
        assert keys[row.account_id] not in found
        found[keys[row.account_id]] = (row.reason_code, number, False)
    for comment_id, author in authors.items():
        assert keys[author] not in found
        found[keys[author]] = (None, comments[comment_id], True)
    return found


def _comparable(rows: dict[str, Row], entry_by: str) -> dict[str, tuple[str | None, int | None, bool]]:
    """The model's rows as a sheet has them: a comment that waits and has no ticket anyway does not hold anything up."""
    return {
        key: (reason, number if entry_by == "comment" else None, waits and reason is None)
        for key, (reason, number, waits) in rows.items()
    }


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(draws())
async def test_the_tickets_are_those_of_the_model(conn: Connection, generated: dict[str, Any]) -> None:
    campaign_id, keys, comments = await _write(conn, generated)
    found = await _read(conn, campaign_id, keys, comments)
    assert found == _comparable(rows_of(generated), generated["entry_by"])
