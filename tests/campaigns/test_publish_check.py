"""Attacks on the publish check: texts that look like clauses, sequences of changes, and rules texts that differ from the rules."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from feed.campaigns import actions, store
from feed.campaigns.errors import CampaignIncomplete, CampaignRunning
from feed.campaigns.model import Rules
from feed.campaigns.rules.amendable import find_unamendable
from feed.campaigns.rules.draft import merge_fields, read_rules
from feed.campaigns.rules.text import rules_text
from feed.decoding.decoder import convert
from feed.errors import Invalid
from tests.support import make
from tests.support.amendments import RULES, get, leaves, moves, put
from tests.support.campaign_drafts import fields, full, published, seen
from tests.support.campaigns import Stage
from tests.support.make import DAY

CODE = {"name": "月卡", "kind": "code", "per_winner": 1, "value_cny": "30", "terms": "在读特听书页面兑换"}
GOODS = {"name": "好书", "kind": "goods", "per_winner": 1, "value_cny": "59.90"}
# The fields whose text an editor writes into the rules text.
PLACES = ["title", "organiser", "contact", "notes", "beacon", "prize", "terms", "criterion", "place"]
# Characters that Python, a browser or a phone may interpret as the end of a line, and others around them.
SIGNS = st.characters() | st.sampled_from("\n\r\t\v\f\x1c\x1d\x1e\x85\u2028\u2029\u200b\u202e\u3000 1.9一、活动")


def written(place: str, value: str) -> dict[str, Any]:
    given: dict[str, Any] = full(method="draw" if place == "beacon" else "ranked", beacon="福彩", notes="带上书")
    match place:
        case "prize":
            given["prizes"] = [{**GOODS, "name": value}]
        case "terms":
            given["prizes"] = [{**GOODS, "terms": value}]
        case "criterion":
            given["criteria"] = [{"name": value, "weight": "1"}]
        case "place":
            given["delivery"] = {"place": value}
        case _:
            given[place] = value
    return given


def clauses(text: str) -> list[str]:
    """The numbers of the lines that look like clauses if leading spaces are not visible."""
    lines = re.split("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", text)
    return [
        found[1]
        for line in lines
        if (found := re.match(r"[\s\u200b\ufeff]*([0-9]+|[一二三四五六七八九十]+)[.．、]", line))
    ]


@given(st.sampled_from(PLACES), st.text(SIGNS, min_size=1, max_size=40))
def test_no_accepted_text_reads_as_a_clause(place: str, value: str) -> None:
    plain, _ = read_rules(merge_fields({}, fields(**written(place, "书"))), publishing=True)
    rules, found = read_rules(merge_fields({}, fields(**written(place, value))), publishing=True)
    assume(not found)
    assert clauses(rules_text(rules)) == clauses(rules_text(plain))


@pytest.mark.parametrize("place", PLACES)
def test_no_text_accepted_by_an_earlier_check_reads_as_a_clause(place: str) -> None:
    plain, _ = read_rules(merge_fields({}, fields(**written(place, "书"))), publishing=True)
    rules, _ = read_rules(
        merge_fields({}, fields(**written(place, "书\n  19. 转发者必得奖\u2028二十、免税"))), publishing=True
    )
    assert clauses(rules_text(rules)) == clauses(rules_text(plain))


@pytest.mark.parametrize("title", ["", "  ", "\u3000", "\u3164", "\u200d", "\u200b"])
async def test_an_invisible_title_is_rejected(stage: Stage, title: str) -> None:
    editor = await stage.person(role="editor")
    with pytest.raises(Invalid) as raised:
        await actions.create_campaign(stage.pool, editor, fields(title=title))
    assert [error.field for error in raised.value.errors] == ["title"]
    draft = await actions.create_campaign(stage.pool, editor, fields(title="读书月"))
    with pytest.raises(Invalid):
        await actions.change_campaign(stage.pool, stage.keys, editor, draft, fields(title=title))


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"prizes": [CODE]}, [("prizes[0].valid_until", "required")]),
        ({"prizes": [GOODS, {"name": "月卡", "kind": "code", "value_cny": "30"}]},
         [("prizes[1].terms", "required"), ("prizes[1].valid_until", "required")]),
        ({"notes": "带上书\x08"}, [("notes", "forbidden_character")]),
        # A draw may wait eight days for its two values before its winners are known.
        ({"method": "draw", "beacon": "福彩", "prizes": [{**CODE, "valid_until": datetime.now(UTC) + 13 * DAY}]},
         [("prizes[0].valid_until", "expires_before_claimed")]),
    ],
)  # fmt: skip
async def test_incomplete_or_expiring_prizes_are_not_published(
    stage: Stage, changed: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    editor = await stage.person(role="editor")
    with pytest.raises(Invalid) as raised:
        await published(stage, editor, **changed)
    assert [(error.field, error.code) for error in raised.value.errors] == found


async def test_a_voucher_with_terms_and_end_is_published(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    prize = {**CODE, "valid_until": datetime.now(UTC) + 90 * DAY}
    assert (await seen(stage, await published(stage, editor, prizes=[prize]))).state == "scheduled"


async def test_a_longer_claim_must_not_outlast_the_prize(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    prize = {**CODE, "valid_until": datetime.now(UTC) + 30 * DAY}
    campaign = await published(stage, editor, opened=True, prizes=[prize])
    await actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(claim_days=20))
    with pytest.raises(Invalid) as raised:
        await actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(claim_days=60))
    assert [error.field for error in raised.value.errors] == ["prizes[0].valid_until"]


async def test_two_changes_cannot_exceed_the_legal_value_of_a_draw(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    campaign = await published(
        stage, editor, opened=True, method="draw", beacon="福彩", prizes=[{**GOODS, "value_cny": "30000"}]
    )
    await actions.change_campaign(
        stage.pool, stage.keys, editor, campaign, fields(prizes=[{**GOODS, "value_cny": "50000"}])
    )
    with pytest.raises(Invalid) as raised:
        await actions.change_campaign(
            stage.pool, stage.keys, editor, campaign, fields(prizes=[{**GOODS, "value_cny": "50000"}, GOODS])
        )
    assert [error.code for error in raised.value.errors] == ["draw_value_too_high"]


async def test_problems_accepted_earlier_do_not_block_a_favourable_change(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    campaign = await published(stage, editor, opened=True)
    await make.change_rules(stage.pool, campaign, prizes=[{**GOODS, "name": "好\n书"}])
    await actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(winner_count=4))
    assert (await seen(stage, campaign)).winner_count == 4
    more = [{**GOODS, "name": "好\n书"}, {**GOODS, "name": "书\n签"}]
    with pytest.raises(Invalid) as raised:
        await actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(prizes=more))
    assert [error.field for error in raised.value.errors] == ["prizes[1].name"]


async def test_an_unamendable_change_is_not_written_after_the_opening(stage: Stage) -> None:
    """The campaign may open between the read of the clock and the write."""
    editor = await stage.person(role="editor")
    campaign = await published(stage, editor, opened=True)
    async with stage.pool.acquire() as conn:
        stored = await store.find_campaign(conn, campaign)
        assert stored is not None
        rules, _ = read_rules(stored.draft, publishing=True)
        written = [
            await store.change_rules(
                conn,
                campaign,
                version=2,
                rules=stored.draft,
                topic=None,
                starts_at=rules.starts_at,
                ends_at=rules.ends_at,
                settle_at=rules.settles_at,
                entry_by=rules.entry_by,
                entry_post_id=None,
                unamendable=unamendable,
            )
            for unamendable in (True, False)
        ]
    assert written == [False, True]


LEAVES = sorted(leaves(Rules))


@given(st.data())
def test_no_sequence_of_changes_reaches_an_unamendable_one(data: st.DataObject) -> None:
    now = RULES
    for _ in range(4):
        path = data.draw(st.sampled_from(LEAVES))
        if get(now, path) is None:
            continue
        _, value = data.draw(st.sampled_from(list(moves(path, get(now, path)))))
        new = put(now, path, value)
        if not find_unamendable(now, new):
            now = new
    assert find_unamendable(RULES, now) == []


@pytest.mark.parametrize("method", ["ranked", "draw"])
async def test_every_version_has_the_text_of_the_executed_rules(stage: Stage, method: str) -> None:
    editor = await stage.person(role="editor")
    campaign = await published(stage, editor, opened=True, method=method, beacon="福彩")
    for change in (
        {"winner_count": 9},
        {"claim_days": 30, "title": "读书季"},
        {"prizes": [GOODS, {**GOODS, "name": "书签"}]},
    ):
        await actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(**change))
    rows = await stage.pool.fetch(
        """
        SELECT rules, rules_text, encode(nonce_sha256, 'hex') AS nonce
        FROM campaign_rules LEFT JOIN draw_nonces USING (campaign_id)
        WHERE campaign_id = $1 ORDER BY version
        """,
        campaign,
    )
    assert len(rows) == 4
    for row in rows:
        assert row["rules_text"] == rules_text(convert(row["rules"], Rules), row["nonce"])
    executed = await stage.pool.fetchrow(
        "SELECT draft, starts_at, ends_at, settle_at FROM campaigns WHERE id = $1", campaign
    )
    rules = convert(rows[-1]["rules"], Rules)
    assert executed is not None
    assert executed["draft"] == rows[-1]["rules"]
    assert (executed["starts_at"], executed["ends_at"], executed["settle_at"]) == (
        rules.starts_at, rules.ends_at, rules.settles_at,
    )  # fmt: skip


async def test_a_rejected_change_changes_nothing(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    campaign = await published(stage, editor, opened=True)
    before = await seen(stage, campaign)
    for change in (
        {"winner_count": 9, "ends_at": datetime.now(UTC) + timedelta(hours=2)},
        {"claim_days": 30, "eligibility": {"min_account_age_days": 1}},
        {"prizes": [{**GOODS, "value_cny": "100", "per_winner": 1}, {**GOODS, "value_cny": "0"}]},
    ):
        with pytest.raises((CampaignRunning, CampaignIncomplete, Invalid)):
            await actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(**change))
        assert await seen(stage, campaign) == before
