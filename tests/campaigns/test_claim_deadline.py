"""The claim deadline is the same for winners, reserves, the rules text and the publish check."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from feed.campaigns.claim_deadline import ENDS_SOON, claim_deadline, claim_deadline_text
from feed.campaigns.model import Prize, Rules, parse_time, time_text
from feed.campaigns.rules.legal_requirements import requirement_problems
from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes.claims.fulfilment import decline_prize
from feed.screens.prizes.overdue import list_overdue
from tests.support import make, phases
from tests.support.make import DAY

ENDS_AT = datetime(2026, 9, 20, 16, tzinfo=UTC)
RULES = Rules(
    title="读书",
    topic="读书",
    starts_at=ENDS_AT - 9 * DAY,
    ends_at=ENDS_AT,
    method="ranked",
    winner_count=1,
    body="晒书",
    organiser="读特",
    contact="0755-1",
    claim_days=7,
    prizes=(Prize(name="书", kind="goods", value_cny=Decimal(9), valid_until=ENDS_AT),),
)


def changed(**fields: Any) -> Rules:
    return Rules(**{name: getattr(RULES, name) for name in Rules.__struct_fields__} | fields)


def test_a_fixed_end_only_extends_the_claim_deadline() -> None:
    assert claim_deadline(RULES, ENDS_AT) == ENDS_AT + 7 * DAY
    assert claim_deadline(changed(claim_ends_at=ENDS_AT + 6 * DAY), ENDS_AT) == ENDS_AT + 7 * DAY
    fixed = changed(claim_ends_at=ENDS_AT + 9 * DAY)
    assert claim_deadline(fixed, ENDS_AT) == ENDS_AT + 9 * DAY
    assert claim_deadline_text(RULES) == "在站内消息发出后7天内"
    assert claim_deadline_text(fixed) == "在站内消息发出后7天内（领取截止不早于2026年9月29日24时）"


@given(
    claim_days=st.integers(1, 90),
    objection_days=st.integers(0, 30),
    claim_ends_at=st.none() | st.integers(4, 100).map(lambda days: ENDS_AT + days * DAY),
)
def test_a_prize_must_be_valid_until_the_last_claim_deadline(
    claim_days: int, objection_days: int, claim_ends_at: datetime | None
) -> None:
    assume(claim_days >= objection_days)
    assume(claim_ends_at is None or claim_ends_at >= RULES.settles_at + objection_days * DAY)
    rules = changed(claim_days=claim_days, objection_days=objection_days, claim_ends_at=claim_ends_at)
    (error,) = (error for error in requirement_problems(rules) if error.code == "expires_before_claimed")
    earliest = parse_time(str(error.params["earliest"]))
    assert earliest == max(claim_deadline(rules, rules.settles_at), rules.settles_at + objection_days * DAY)
    usable = changed(
        **{name: getattr(rules, name) for name in ("claim_days", "objection_days", "claim_ends_at")},
        prizes=(Prize(name="书", kind="goods", value_cny=Decimal(9), valid_until=earliest),),
    )
    assert not list(requirement_problems(usable))


@pytest.mark.parametrize("more", [{}, {"claim_ends_at": 3}, {"claim_ends_at": 40}])
async def test_winner_and_reserve_each_get_the_deadline_of_the_rules(
    more: dict[str, int], pool: Pool, keys: Keys
) -> None:
    fixed: dict[str, datetime] = {name: make.now() + days * DAY for name, days in more.items()}
    texts: dict[str, Any] = {name: time_text(at) for name, at in fixed.items()}
    campaign = await phases.announced(pool, keys, **texts)
    first, _ = await phases.winners_of(pool, campaign.id)
    await decline_prize(pool, keys, first["account_id"], first["id"])
    rows = await pool.fetch("SELECT notified_at, claim_ends_at FROM winners ORDER BY id")
    assert len({row["notified_at"] for row in rows}) == 2  # The reserve is notified later and has the same time.
    rules = changed(**fixed)
    assert [row["claim_ends_at"] for row in rows] == [claim_deadline(rules, row["notified_at"]) for row in rows]


async def test_editors_see_unclaimed_prizes_when_winners_are_reminded(pool: Pool, keys: Keys) -> None:
    await phases.announced(pool, keys)
    for left, found in ((ENDS_SOON + timedelta(minutes=5), set()), (ENDS_SOON - timedelta(minutes=5), {"unclaimed"})):
        await pool.execute("UPDATE winners SET claim_ends_at = now() + $1::interval", left)
        async with pool.acquire() as conn:
            assert {each.kind for each in await list_overdue(conn, kept_days=90)} == found
