"""What the examples of the document mean: they match their schemas, and tell one story without contradictions."""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal

import msgspec
import pytest

from feed.api.openapi.examples.played import Played
from feed.campaigns.model import Rules, rules_sha256
from feed.campaigns.rules.text import rules_text
from feed.decoding.decoder import convert
from feed.keys.signatures import read_public_keys
from feed.prizes.result.proof import verify_proof
from feed.prizes.result.verify import verify_result
from tests.support.story.reading import ID, JSON, PLAYED, answer_of, everything

# What the object under a member, or the ids in it, are.
KIND_BY_MEMBER = {
    "post_id": "post",
    "since_id": "post",
    "announcement_post_id": "post",
    "post_ids": "post",
    "campaign_id": "campaign",
    "user_id": "user",
    "user_ids": "user",
    "author_id": "user",
    "created_by": "user",
    "made_by": "user",
    "granted_by": "user",
    "answered_by": "user",
    "leased_by": "user",
    "announced_first_by": "user",
    "cancel_asked_by": "user",
    "replacement_asked_by": "user",
    "comment_id": "comment",
    "reply_to_id": "comment",
    "prize_id": "prize",
    "objection_id": "objection",
    "case_id": "case",
    "message_id": "message",
    "push_id": "push",
    "void_id": "void",
    "user": "user",
    "author": "user",
    "jurors": "user",
    "campaign": "campaign",
    "campaigns": "campaign",
    "post": "post",
    "reply_to": "comment",
    "replies": "comment",
    "cases": "case",
}


def test_an_id_names_one_object_of_one_kind() -> None:
    kinds: dict[str, set[str]] = defaultdict(set)
    for told in everything():
        for key, value in told.value.items():
            kind = KIND_BY_MEMBER.get(told.path[-1] if key == "id" and told.path else key)
            for each in value if isinstance(value, list) else [value]:
                if kind is not None and isinstance(each, str) and ID.fullmatch(each):
                    kinds[each].add(kind)
    assert {id_: found for id_, found in kinds.items() if len(found) > 1} == {}
    known = {kind: {id_ for id_, found in kinds.items() if kind in found} for kind in set(KIND_BY_MEMBER.values())}
    assert {kind for kind, ids in known.items() if not ids} == set()
    # Ids that a request sends were received before: they are ids of objects.
    received = {
        value
        for told in everything()
        if told.where.split()[1].isdigit()
        for key, value in told.value.items()
        if key in ("id", "user_id", "batch_id", "post_id", "comment_id") and isinstance(value, str)
    }
    sent = {
        f"{told.where} {key}": value
        for told in everything()
        if not told.where.split()[1].isdigit()
        for key, value in told.value.items()
        if isinstance(value, str) and ID.fullmatch(value) and key != "through_id"
    }
    assert {where: value for where, value in sent.items() if value not in received} == {}


def test_an_object_keeps_its_name() -> None:
    names: dict[str, set[str]] = defaultdict(set)
    for told in everything():
        member = next((each for each in ("name", "title", "author_name") if each in told.value), None)
        if member is not None and isinstance(told.value.get("id"), str) and told.value[member] is not None:
            names[told.value["id"]].add(told.value[member])
    changed = {id_: found for id_, found in names.items() if len(found) > 1}
    # The copy of a campaign gets a title of its own, and a new account its name.
    renamed = {frozenset({"爱读书的深圳人", "爱读书的深圳人（少年组）"})}
    assert {frozenset(found) for found in changed.values() if "吴秀兰" not in found} <= renamed
    assert len(names) > 15


def test_words_are_no_ids_and_times_follow_each_other() -> None:
    orders = (
        ("created_at", "published_at", "edited_at"),
        ("starts_at", "ends_at", "settle_at", "announced_at", "objections_end_at"),
        ("ends_at", "frozen_at", "settled_at", "announced_at"),
        ("notified_at", "claimed_at", "claim_ends_at"),
        ("made_at", "answered_at", "remedied_at"),
        ("created_at", "sending_at", "ended_at", "resolved_at"),
        ("created_at", "leased_until"),
        ("shredded_at", "backups_until"),
    )
    ordered = 0
    for told in everything():
        for key, value in told.value.items():
            if key in ("name", "title", "text", "body", "reason", "note", "what", "bio", "organiser"):
                assert not isinstance(value, str) or not value.isdigit(), (told.where, key, value)
            if key.endswith("_at") and isinstance(value, str):
                assert "2026-08" <= value < "2029", (told.where, key, value)
        for order in orders:
            times = [datetime.fromisoformat(told.value[key]) for key in order if told.value.get(key)]
            assert times == sorted(times), (told.where, told.path, order)
            ordered += len(times) > 1
    assert ordered > 60


def test_a_campaign_has_what_its_state_needs() -> None:
    needed: dict[str, set[str]] = {
        "draft": set(),
        "scheduled": {"published_at", "starts_at", "ends_at", "rules_sha256"},
        "open": {"published_at", "starts_at", "ends_at", "rules_sha256"},
        "closed": {"published_at", "rules_sha256"},
        "judging": {"published_at", "rules_sha256"},
        "decided": {"frozen_at", "settled_at", "result_sha256"},
        "announced": {"announced_at", "objections_end_at"},
        "final": {"announced_at", "objections_end_at"},
        "cancelled": {"cancel_reason", "cancelled_at"},
    }
    seen = set()
    for told in everything():
        state = told.value.get("state")
        if not isinstance(state, str) or "announced_at" not in told.value:
            continue
        seen.add(state)
        missing = {each for each in needed[state] & told.value.keys() if not told.value[each]}
        assert missing == set(), told.where
        if state in ("draft", "scheduled", "open", "judging", "decided"):
            assert told.value["announced_at"] is None, told.where
    assert seen >= {"draft", "scheduled", "open", "decided", "announced", "cancelled"}


def test_links_are_of_the_site() -> None:
    links = [told.value["share_url"] for told in everything() if "share_url" in told.value]
    assert len(links) > 10
    assert all(link.startswith("https://feed.example/") for link in links)


def test_a_response_has_what_its_request_said() -> None:
    for name in ("create_campaign", "change_campaign", "change_me", "put_hot_action", "object_to_result", "ship_prize"):
        played = PLAYED[name]
        answer = next(iter(played.answers.values()))[JSON]
        answer = answer | (answer.get("shipment") or {})
        for key, value in played.body.items():
            if isinstance(value, list | dict):
                continue
            assert answer[key] == value, (name, key)
    assert PLAYED["publish_post"].body["text"] == answer_of("publish_post", "201")["text"]


def test_the_rules_are_those_of_the_campaign() -> None:
    card = answer_of("get_rules")
    rules = convert(card["rules"], Rules)
    assert card["text"] == rules_text(rules)
    assert card["rules_sha256"] == rules_sha256(card["rules"]) == answer_of("get_campaign")["rules_sha256"]
    assert answer_of("get_result")["campaign"]["rules_sha256"] == card["rules_sha256"]


def test_scores_follow_from_the_rules() -> None:
    rules = answer_of("get_rules")["rules"]
    weights = {key: Decimal(value) for key, value in rules["weights"].items()}
    rows = [row for row in answer_of("get_sheet")["items"] if row["rank"] is not None]
    assert sorted(row["rank"] for row in rows) == list(range(1, len(rows) + 1))
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
    for row in rows:
        likes = (Decimal(1 + row["likes_counted"])).ln() / (Decimal(1 + rules["caps"]["likes"])).ln()
        comments = (Decimal(1 + row["commenters_counted"])).ln() / (Decimal(1 + rules["caps"]["comments"])).ln()
        score = Decimal(row["quality"]) * weights["quality"] + 100 * (
            weights["likes"] * likes + weights["comments"] * comments
        )
        assert abs(score - Decimal(row["score"])) < Decimal("0.000002"), row
    for name in ("get_decision", "settle_campaign"):
        winners = answer_of(name)["winners"]
        assert [each["place"] for each in winners] == [1, 2, 3]
        for each in winners:
            assert each["score"] == next(row["score"] for row in rows if row["post_id"] == each["post_id"])


def test_signed_documents_verify_with_the_keys_of_the_example() -> None:
    keys = read_public_keys(msgspec.json.encode(answer_of("get_keys")).decode())
    played = PLAYED["get_result"]
    results = [each.answers["200"][JSON] for each in (played, *played.others.values())]
    assert [result["campaign"]["rules"]["method"] for result in results] == ["ranked", "draw"]
    for result in results:
        verified = verify_result(msgspec.json.encode(result), keys)
        assert verified.is_valid
        assert verified.signed == "authentic"
    played = PLAYED["get_proof"]
    for proof in (played, *played.others.values()):
        assert verify_proof(msgspec.json.encode(proof.answers["200"][JSON]), keys).is_valid
    assert len(answer_of("get_result")["amendments"]) == answer_of("list_winners")["amendment_count"] == 1


def test_no_example_is_empty() -> None:
    """A list without items explains nothing."""
    empty = {
        f"{name} {status}"
        for name, played in PLAYED.items()
        for status, contents in played.answers.items()
        if isinstance(contents.get(JSON), dict) and contents[JSON].get("items") == []
    }
    # There are no videos yet.
    assert empty == {"list_videos 200"}


def test_the_files_are_read_strictly() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"answer": {}}', type=Played)
