"""A new prize kind is one entry: two kinds that `feed` does not have, from the draft to their receipt by the winner."""

import importlib.util
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import msgspec
import pytest

from feed.accounts.model import AccountId
from feed.audit.detail import check_no_personal_data
from feed.campaigns.model import Delivery, Prize, Rules, rules_document
from feed.campaigns.prize_kinds import KINDS, ClaimField, PrizeKind, all_claim_fields, kinds_of
from feed.campaigns.rules.draft import read_rules
from feed.campaigns.rules.text import rules_text
from feed.errors import Invalid
from feed.keys.store import Keys
from feed.observability.logging import HIDDEN, redact
from feed.postgres import Pool
from feed.prizes.announcement.announce import announce_winners
from feed.prizes.claims import form as claim_module
from feed.prizes.claims.access import grant_access
from feed.prizes.claims.actions import claim_prize, reveal_claim
from feed.prizes.claims.codes import add_codes, show_codes
from feed.prizes.claims.export import export_claims
from feed.prizes.claims.form import ClaimForm
from feed.prizes.claims.fulfilment import receive_prize, ship_prize, verify_claim
from feed.prizes.model import CodesMissing, PrizeNotFound, WinnerId, WrongPrizeState
from feed.screens.prizes.cards import get_prize
from feed.screens.prizes.overdue import list_overdue
from feed.texts import line
from tests.support import make, phases

# Shown as a code; the claim asks for an e-mail address.
COUPON = PrizeKind(
    name="coupon",
    label="优惠券",
    claim_text="电子邮箱",
    claim_fields=(ClaimField(name="recipient_email", label="邮箱", text=line(60)),),
    delivery_text="优惠券{within}显示，在{place}使用",
    has_codes=True,
    is_voucher=True,
)
# A parcel that is sent to a locker; the claim asks for its number instead of an address.
LOCKER = PrizeKind(
    name="locker",
    label="自提柜包裹",
    claim_text="柜号",
    claim_fields=(ClaimField(name="recipient_locker", label="柜号", is_number=True),),
    delivery_text="包裹{within}放入自提柜",
    is_shipped=True,
)
ENDS_AT = datetime(2026, 9, 20, 16, tzinfo=UTC)


@pytest.fixture
def extended_form(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Registers both kinds and returns the module of the claim form as imported with them."""
    for kind in (COUPON, LOCKER):
        monkeypatch.setitem(KINDS, kind.name, kind)
    spec = importlib.util.spec_from_file_location("claim_of_more_kinds", claim_module.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rules(**prize: Any) -> dict[str, Any]:
    return {
        **rules_document(
            Rules(
                title="读书月",
                topic="读书月",
                body="晒书",
                organiser="读特",
                contact="0755-1",
                starts_at=ENDS_AT - timedelta(days=10),
                ends_at=ENDS_AT,
                method="ranked",
                winner_count=2,
                claim_days=7,
                delivery=Delivery(place="书城"),
            )
        ),
        "prizes": [{"name": "书城券", "kind": "coupon", "per_winner": 1, "value_cny": "20"} | prize],
    }


def prize(kind: PrizeKind) -> dict[str, Any]:
    return {"name": kind.label, "kind": kind.name, "per_winner": 1, "value_cny": "20"}


def rule_errors(draft: dict[str, Any]) -> set[tuple[str, str]]:
    return {(error.field, error.code) for error in read_rules(draft, publishing=True)[1]}


def test_an_unknown_kind_is_rejected_with_the_registered_ones() -> None:
    _, found = read_rules(rules(terms="凭码", valid_until="2027-01-01T00:00:00Z"), publishing=True)
    assert [(error.field, error.params) for error in found] == [("prizes[0].kind", {"allowed": list(KINDS)})]


def test_a_registered_kind_is_validated_by_its_entry(extended_form: ModuleType) -> None:
    assert rule_errors(rules()) == {("prizes[0].terms", "required"), ("prizes[0].valid_until", "required")}
    assert rule_errors(rules(terms="凭码抵扣", valid_until="2027-01-01T00:00:00Z")) == set()
    assert rule_errors(rules(kind="locker")) == set()  # No voucher: neither is required.


def test_the_rules_text_uses_the_entry_of_the_kind(extended_form: ModuleType) -> None:
    draft, _ = read_rules(rules(terms="凭码抵扣", valid_until="2027-01-01T00:00:00Z"), publishing=True)
    text = rules_text(draft)
    assert "书城券×1（优惠券，单价约20元，有效期至2027年1月1日8时，使用规则：凭码抵扣）" in text
    assert "在读特App“我的奖品”中填写电子邮箱。" in text
    assert "优惠券自结果最终确定且领奖信息填写完整之日起30天内显示，在书城使用" in text
    # Only a voucher needs terms.
    assert "未列明的使用范围" in rules_text(msgspec.structs.replace(draft, prizes=(Prize(kind="coupon"),)))
    assert "未列明的使用范围" not in rules_text(msgspec.structs.replace(draft, prizes=(Prize(kind="locker"),)))


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_rules_text_names_the_claim_fields_of_each_kind(kind: str) -> None:
    draft, _ = read_rules(rules(kind=kind), publishing=False)
    assert ("确认领取" in rules_text(draft)) == (not KINDS[kind].claim_fields)
    assert (not KINDS[kind].claim_text) == (not KINDS[kind].claim_fields)


def test_kinds_have_one_order_and_unknown_names_are_skipped() -> None:
    assert [kind.name for kind in kinds_of(["ticket", "goods", "", "goods", "nothing"])] == ["goods", "ticket"]


def test_the_claim_form_of_the_contract_has_the_fields_of_every_kind(extended_form: ModuleType) -> None:
    fields = [field.name for field in all_claim_fields()]
    assert fields == ["recipient_name", "phone", "address", "recipient_email", "recipient_locker"]
    for name, more in (("ClaimForm", ["privacy_version"]), ("Claim", [])):
        _, schemas = msgspec.json.schema_components([getattr(extended_form, name)])
        assert list(schemas[name]["properties"]) == fields + more, name
        # Without the new kinds, the contract is unchanged.
        _, schemas = msgspec.json.schema_components([getattr(claim_module, name)])
        assert list(schemas[name]["properties"]) == fields[:3] + more, name


def test_a_claim_form_is_validated_by_the_fields_of_the_kind(extended_form: ModuleType) -> None:
    form = extended_form.ClaimForm(recipient_email="  a@b.cn ", privacy_version="1")
    details = claim_module.read_claim(form, [prize(COUPON)])
    assert details == {"recipient_email": "a@b.cn"}
    assert claim_module.mask_details(details) == {"recipient_email": "a**"}
    for wrong, prizes, code in (
        ({"recipient_email": "x" * 61}, [prize(COUPON)], "too_long"),
        ({}, [prize(COUPON)], "required"),
        ({"recipient_email": "a@b.cn"}, [prize(LOCKER)], "not_asked_for"),
    ):
        with pytest.raises(Invalid) as raised:
            claim_module.read_claim(extended_form.ClaimForm(privacy_version="1", **wrong), prizes)
        assert ("recipient_email", code) in {(error.field, error.code) for error in raised.value.errors}


def test_no_field_of_a_claim_is_logged_or_audited(extended_form: ModuleType) -> None:
    for field in all_claim_fields():
        assert redact(None, "", {field.name: "x", "deep": [{field.name: "x"}]}) == {
            field.name: HIDDEN,
            "deep": [{field.name: HIDDEN}],
        }
        with pytest.raises(ValueError, match=field.name):
            check_no_personal_data({"claim": {field.name: "x"}})


async def _decided(pool: Pool, keys: Keys, kind: PrizeKind) -> tuple[int, list[AccountId]]:
    campaign = await phases.settled(pool, keys, prizes=[prize(kind)])
    return campaign.id, [await make.person(pool, role="editor") for _ in range(2)]


async def _announce(pool: Pool, keys: Keys, campaign_id: int, editors: list[AccountId]) -> tuple[WinnerId, AccountId]:
    for editor in editors:
        await announce_winners(pool, keys, campaign_id, by=editor)
    best, _ = await phases.winners_of(pool, campaign_id)
    return WinnerId(best["id"]), AccountId(best["account_id"])


async def _overdue_kinds(pool: Pool) -> set[str]:
    async with pool.acquire() as conn:
        return {each.kind for each in await list_overdue(conn, kept_days=90)}


async def test_a_kind_with_codes_is_received_by_showing_the_codes(
    extended_form: ModuleType, pool: Pool, keys: Keys
) -> None:
    campaign, editors = await _decided(pool, keys, COUPON)
    assert await _overdue_kinds(pool) == {"codes_missing"}
    await announce_winners(pool, keys, campaign, by=editors[0])
    with pytest.raises(CodesMissing):
        await announce_winners(pool, keys, campaign, by=editors[1])
    await add_codes(pool, keys, campaign, 1, ["A", "B"], by=editors[0])
    assert await _overdue_kinds(pool) == set()
    winner, account = await _announce(pool, keys, campaign, editors[1:])
    async with pool.acquire() as conn:
        assert (await get_prize(conn, winner)).needs == ["recipient_email"]
    form: ClaimForm = extended_form.ClaimForm(recipient_email="a@b.cn", privacy_version="1")
    await claim_prize(pool, keys, account, winner, form)
    await phases.finish(pool, campaign)
    # The winner is notified that the codes can be shown; nothing is shipped.
    notified = await pool.fetch("SELECT account_id FROM inbox WHERE once_key LIKE 'codes:%'")
    assert [row["account_id"] for row in notified] == [account]
    await verify_claim(pool, campaign, winner, by=editors[0])
    with pytest.raises(WrongPrizeState):
        await ship_prize(pool, campaign, winner, by=editors[0], carrier="顺丰", tracking_no="SF1")
    (shown,) = await show_codes(pool, keys, account, winner)
    assert shown.code in ("A", "B")
    async with pool.acquire() as conn:
        card = await get_prize(conn, winner)
    assert (card.state, card.claim) == ("received", {"recipient_email": "a**"})


async def test_a_shipped_kind_is_received_after_its_shipment(extended_form: ModuleType, pool: Pool, keys: Keys) -> None:
    campaign, editors = await _decided(pool, keys, LOCKER)
    with pytest.raises(PrizeNotFound):
        await add_codes(pool, keys, campaign, 1, ["A"], by=editors[0])
    winner, account = await _announce(pool, keys, campaign, editors)
    form: ClaimForm = extended_form.ClaimForm(recipient_locker="0007", privacy_version="1")
    await claim_prize(pool, keys, account, winner, form)
    await phases.finish(pool, campaign, days=8)
    await verify_claim(pool, campaign, winner, by=editors[0])
    await pool.execute("UPDATE claims SET claimed_at = claimed_at - interval '8 days'")
    assert "unshipped" in await _overdue_kinds(pool)
    await grant_access(pool, campaign, editors[0], by=await make.person(pool, role="admin"), days=1, reason="寄送")
    table = await export_claims(pool, keys, campaign, by=editors[0], reason="寄送")
    assert table.splitlines()[0].endswith("奖品,收件人,手机号,地址,柜号,已核验")
    assert "\t0007" in table
    assert await reveal_claim(pool, keys, campaign, winner, by=editors[0], reason="寄送") == {
        "recipient_locker": "0007"
    }
    with pytest.raises(WrongPrizeState):  # It must be shipped first.
        await receive_prize(pool, account, winner)
    await ship_prize(pool, campaign, winner, by=editors[0], carrier="顺丰", tracking_no="SF1")
    assert "unshipped" not in await _overdue_kinds(pool)
    await receive_prize(pool, account, winner)
    async with pool.acquire() as conn:
        assert (await get_prize(conn, winner)).state == "received"
