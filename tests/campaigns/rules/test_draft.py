"""Drafts: merging fields, and the rules and problems of a draft."""

from feed.campaigns.model import Rules, rules_document
from feed.campaigns.rules.amendable import find_unamendable
from feed.campaigns.rules.draft import SET_BY_PUBLISHING, CampaignFields, copy_fields, merge_fields, read_rules
from feed.decoding.decoder import body_decoder

FULL = {
    "title": "读书月",
    "topic": "读书",
    "starts_at": "2026-09-01T00:00:00Z",
    "ends_at": "2026-09-20T16:00:00Z",
    "method": "ranked",
    "winner_count": 3,
}


def fields(raw: bytes) -> CampaignFields:
    fields: CampaignFields = body_decoder(CampaignFields).decode(raw)
    return fields


def test_every_field_of_the_rules_can_be_written() -> None:
    assert set(CampaignFields.__struct_fields__) == set(Rules.__struct_fields__) - SET_BY_PUBLISHING


def test_an_absent_field_stays_and_null_removes_it() -> None:
    draft = merge_fields({"title": "旧", "notes": "注"}, fields(b'{"body": "x", "notes": null}'))
    assert draft == {"title": "旧", "body": "x"}


def test_texts_are_kept_in_nfc() -> None:
    assert merge_fields({}, fields('{"title": "e\u0301"}'.encode())) == {"title": "\u00e9"}


def test_decimals_are_read_exactly() -> None:
    draft = merge_fields(FULL, fields(b'{"weights": {"quality": 0.1, "likes": 0.2, "comments": 0.7}}'))
    rules, found = read_rules(draft, publishing=False)
    assert found == []
    assert rules_document(rules)["weights"] == {"quality": "0.1", "likes": "0.2", "comments": "0.7"}


def test_a_missing_date_is_not_compared() -> None:
    draft = {name: value for name, value in FULL.items() if name != "ends_at"} | {"settle_at": "2026-09-01T00:00:00Z"}
    assert read_rules(draft, publishing=False)[1] == []
    assert "settle_at" not in {error.field for error in read_rules(draft, publishing=True)[1]}
    assert [error.field for error in read_rules(draft | FULL, publishing=False)[1]] == ["settle_at"]


def test_the_document_of_the_rules_reads_as_the_same_rules() -> None:
    rules, _ = read_rules(FULL, publishing=False)
    again, _ = read_rules(rules_document(rules), publishing=False)
    assert again == rules
    assert find_unamendable(rules, again) == []


def test_a_copy_keeps_no_date() -> None:
    rules, _ = read_rules(FULL, publishing=False)
    assert {"starts_at", "ends_at", "settle_at", "claim_ends_at"}.isdisjoint(copy_fields(rules_document(rules)))


def test_a_claim_may_end_later_and_never_earlier() -> None:
    rules, _ = read_rules({**FULL, "claim_ends_at": "2026-10-01T00:00:00Z"}, publishing=False)
    for claim_ends_at, is_amendable in (("2026-10-02T00:00:00Z", True), ("2026-09-30T00:00:00Z", False), (None, False)):
        other, _ = read_rules({**FULL, "claim_ends_at": claim_ends_at} if claim_ends_at else FULL, publishing=False)
        assert (find_unamendable(rules, other) == []) is is_amendable


def test_a_draw_names_its_public_number_before_it_is_published() -> None:
    draft = {**FULL, "method": "draw"}

    def wrong(**more: object) -> set[tuple[str, str]]:
        found = read_rules(draft | more, publishing=True)[1]
        return {(error.field, error.code) for error in found if error.field.startswith("beacon")}

    assert read_rules(draft, publishing=False)[1] == []
    assert wrong() == wrong(beacon=" ") == {("beacon", "required")}
    assert wrong(beacon="双色球") == wrong(beacon_order=["drand"]) == wrong(beacon_order=[]) == set()
    assert wrong(beacon_order=["drand", "dice", "drand"]) == {
        ("beacon_order[1]", "unknown_value"),
        ("beacon_order[2]", "repeated"),
    }
    assert wrong(beacon="双色球", beacon_wait_hours=0) == {("beacon_wait_hours", "out_of_range")}
    assert read_rules({**FULL}, publishing=True)[1] != []
    assert not {error.field for error in read_rules(FULL, publishing=True)[1]} & {"beacon", "beacon_order"}
