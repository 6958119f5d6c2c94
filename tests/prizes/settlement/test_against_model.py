"""Settlements of generated campaigns on a real database, compared with a model of fifty lines."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes import settlement_store
from feed.prizes.result.document import entry_number
from feed.prizes.result.verify import verify_result
from feed.prizes.settlement import sheet_store
from feed.prizes.settlement.actions import settle_campaign
from tests.support import make, phases
from tests.support.make import DAY
from tests.support.settlement_model import settle

# Times are minutes from the end. Few values of everything, so that ties, second accounts and shared reasons are frequent.
_TIMES = [-9, -3, -1, 0, 1, 5]
_numbers = count(1)
_people = st.lists(
    st.fixed_dictionaries(
        {
            "person": st.sampled_from(["a", "b", "c", "d", "e", "f", None]),
            "age_days": st.sampled_from([1, 30]),
            "staff": st.sampled_from([False] * 9 + [True]),
            "juror": st.sampled_from([False] * 9 + [True]),
            "banned": st.sampled_from([False] * 9 + [True]),
            "voids": st.sampled_from([()] * 9 + [("like",), ("comment",), ("like", "comment")]),
        }
    ),
    min_size=2,
    max_size=9,
)
_rules = st.fixed_dictionaries(
    {
        "weights": st.sampled_from([(".5", ".3", ".2"), ("0", ".6", ".4"), ("1", "0", "0"), (".2", ".4", ".4")]).map(
            lambda weights: tuple(map(Decimal, weights))
        ),
        "caps": st.sampled_from([(1000, 200), (2, 1), (1, 1)]),
        "ties": st.permutations(["quality", "likes", "comments", "earliest"]),
        "winners": st.integers(1, 3),
        "reserves": st.integers(0, 3),
        "min_age_days": st.sampled_from([0, 7]),
        "places": st.lists(st.sampled_from([None, (1, 1), (1, 2), (2, 2), (2, 3)]), max_size=3),
    }
)


@st.composite
def campaigns(draw: st.DrawFn) -> dict[str, Any]:
    people = draw(_people)
    account = st.integers(0, len(people) - 1)
    act = st.builds(
        lambda **fields: fields,
        kind=st.sampled_from(["like", "comment"]),
        account=account,
        at=st.sampled_from(_TIMES[:4]),
        undone=st.sampled_from([None, None, 0, 1, 5, -1]),
    ).filter(lambda act: bool(act["undone"] is None or act["undone"] >= act["at"]))
    entry = st.fixed_dictionaries(
        {
            "author": account,
            "at": st.sampled_from([-30, -20, -10]),
            "gone": st.sampled_from([None, None, None, "deleted", "removed", "disqualified"]),
            "voids": st.sampled_from([()] * 5 + [("like",), ("comment",)]),
            "marks": st.lists(st.sampled_from(["0", "66.5", "100"]), max_size=3),
            "acts": st.lists(
                act,
                max_size=12,
                unique_by=lambda act: (act["kind"], act["account"], act["kind"] == "comment" and act["at"]),
            ),
        }
    )
    return {"rules": draw(_rules), "people": people, "end": 0, "entries": draw(st.lists(entry, max_size=7))}


async def _write(pool: Pool, generated: dict[str, Any]) -> tuple[int, list[int]]:
    """The campaign and its entries as rows."""
    # All campaigns share a database: each has persons and a topic of its own.
    name = f"世界{next(_numbers)}"
    rules, ends_at = generated["rules"], make.now().replace(microsecond=0) - 4 * DAY
    quality, likes, comments = map(str, rules["weights"])
    campaign_id = await make.campaign(
        pool, starts_at=ends_at - 10 * DAY, ends_at=ends_at,
        weights={"quality": quality, "likes": likes, "comments": comments},
        caps={"likes": rules["caps"][0], "comments": rules["caps"][1]},
        tie_break=rules["ties"], winner_count=rules["winners"], reserve_count=rules["reserves"],
        eligibility={"min_account_age_days": rules["min_age_days"], "require_media": False}, prizes=_prizes(rules["places"]),
        topic_name=name,
    )  # fmt: skip
    await pool.execute("UPDATE campaigns SET created_by = $2 WHERE id = $1", campaign_id, await make.account(pool))
    accounts = []
    for each in generated["people"]:
        account_id = await make.account(
            pool, person=f"{name} {each['person']}", verified=each["person"] is not None,
            created_at=ends_at - each["age_days"] * DAY,
        )  # fmt: skip
        accounts.append(account_id)
        if each["staff"]:
            await make.staff(pool, account_id, since=ends_at - DAY)
        if each["juror"]:
            await make.juror(pool, campaign_id, account_id)
        if each["banned"]:
            await make.ban(pool, account_id, since=ends_at - DAY)
        if each["voids"]:
            await make.void(pool, campaign_id, account_id=account_id, kinds=each["voids"])
    jurors = [await make.account(pool) for _ in range(3)]
    for juror in jurors:
        await make.juror(pool, campaign_id, juror)
    posts = []
    for entry in generated["entries"]:
        author, made = accounts[entry["author"]], ends_at + timedelta(minutes=entry["at"])
        post_id = await make.post(pool, author, at=made, topics=(name,))
        posts.append(post_id)
        await pool.execute(
            "INSERT INTO entries (campaign_id, post_id, author_id, entered_at) VALUES ($1, $2, $3, $4)",
            campaign_id,
            post_id,
            author,
            made,
        )
        for juror, score in zip(jurors, entry["marks"], strict=False):
            await make.mark(pool, campaign_id, post_id, juror, score)
        if entry["voids"]:
            await make.void(pool, campaign_id, post_id=post_id, kinds=entry["voids"])
        for act in entry["acts"]:
            account, at = accounts[act["account"]], ends_at + timedelta(minutes=act["at"])
            undone = None if act["undone"] is None else ends_at + timedelta(minutes=act["undone"])
            if act["kind"] == "comment":
                state = "published" if undone is None else "deleted"
                await make.comment(pool, post_id, account, at=at, state=state, deleted_at=undone)
            elif undone is None:
                await make.like(pool, post_id, account, at=at)
            else:
                await make.past_like(pool, post_id, account, at=at, until=undone)
        if entry["gone"] == "disqualified":
            await pool.execute(
                "UPDATE entries SET disqualified_at = now(), disqualified_reason = 'copied' WHERE post_id = $1", post_id
            )
        elif entry["gone"]:
            await pool.execute(
                "UPDATE posts SET state = $2, deleted_at = CASE WHEN $2 = 'deleted' THEN now() END WHERE id = $1",
                post_id,
                entry["gone"],
            )
    return campaign_id, posts


def _prizes(places: Sequence[tuple[int, int] | None]) -> list[dict[str, Any]]:
    return [
        phases.PRIZE | {"name": f"奖品{n}", "places": None if each is None else list(each)}
        for n, each in enumerate(places)
    ]


async def _compare(pool: Pool, keys: Keys, generated: dict[str, Any], campaign_id: int, posts: list[int]) -> None:
    await settle_campaign(pool, keys, campaign_id, by=None)
    document = await phases.result_of(pool, campaign_id)
    assert document is not None
    finding = verify_result(document, None)
    # The rules of these campaigns have no valid hash, which is reported as a problem and does not matter here.
    assert finding.outcome is not None
    winners, reserves, scores, excluded = settle(generated)
    outcome = finding.outcome
    assert [entry_number(each) for each in outcome.winners] == [posts[n] for n in winners]
    assert [entry_number(each) for each in outcome.reserves] == [posts[n] for n in reserves]
    for place, winner in enumerate(outcome.winners, 1):
        named = [
            n for n, each in enumerate(generated["rules"]["places"]) if each is None or each[0] <= place <= each[1]
        ]
        assert [prize["name"] for prize in winner.prizes] == [f"奖品{n}" for n in named]
    assert {entry_number(row): Decimal(str(row.score)) for row in outcome.sheet} == {
        posts[n]: scores[n] for n in scores
    }
    assert {entry_number(row): sorted(Decimal(mark.score) for mark in row.marks or ()) for row in outcome.sheet} == {
        post_id: sorted(map(Decimal, entry["marks"]))
        for post_id, entry in zip(posts, generated["entries"], strict=True)
    }
    async with pool.acquire() as conn:
        settlement = await settlement_store.find_settlement(conn, campaign_id)
        assert settlement is not None
        sheet = await sheet_store.list_sheet(conn, settlement.id)
    frozen = {
        row.post_id: {(each["kind"], each["reason_code"]): each["count"] for each in row.excluded} for row in sheet
    }
    assert frozen == {posts[n]: excluded[n] for n in excluded}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(campaigns())
async def test_a_settlement_has_the_result_of_the_model(pool: Pool, keys: Keys, generated: dict[str, Any]) -> None:
    campaign_id, posts = await _write(pool, generated)
    await _compare(pool, keys, generated, campaign_id, posts)


async def test_the_comparison_detects_one_like_more(pool: Pool, keys: Keys) -> None:
    generated = _small_campaign()
    campaign_id, posts = await _write(pool, generated)
    ends_at = await pool.fetchval("SELECT ends_at FROM campaigns WHERE id = $1", campaign_id)
    await make.like(pool, posts[0], at=ends_at - DAY)
    with pytest.raises(AssertionError):
        await _compare(pool, keys, generated, campaign_id, posts)


def _small_campaign() -> dict[str, Any]:
    person = {"age_days": 30, "staff": False, "juror": False, "banned": False, "voids": ()}
    entry: dict[str, Any] = {"author": 0, "at": -9, "gone": None, "voids": (), "marks": [], "acts": []}
    rules = {
        "weights": (Decimal(".5"), Decimal(".3"), Decimal(".2")), "caps": (9, 9), "winners": 1, "reserves": 1,
        "ties": ["quality", "likes", "comments", "earliest"], "min_age_days": 0, "places": [None],
    }  # fmt: skip
    people = [person | {"person": "a"}, person | {"person": "b"}]
    return {"rules": rules, "people": people, "end": 0, "entries": [entry]}
