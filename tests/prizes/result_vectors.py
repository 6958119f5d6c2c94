"""Generates the vectors of docs/reference/result.md: `python -m tests.prizes.result_vectors > docs/reference/result-vectors.json`.

Everything in them is invented and computed once; they are the same in every run.
"""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

import feed
from feed.campaigns.model import Caps, Criterion, Prize, Rules, Weights, rules_document, rules_sha256
from feed.campaigns.scoring.engagement import quality_of
from feed.keys import merkle as tree
from feed.keys.signatures import PublicKey, canonical, public_key_of, sha256_of, sign, sign_document, sign_in_parts
from feed.prizes.draw import algorithm
from feed.prizes.draw.model import Beacon, Draw, DrawInputs
from feed.prizes.model import Candidate, Forced, FrozenMark, Place, Settlement, SheetRow, Winner, WinnerId
from feed.prizes.result.amendment import ChainHead, build_change
from feed.prizes.result.decision import Decision, decide, tickets_of
from feed.prizes.result.document import unsigned_members, with_attachments
from feed.prizes.result.proof import verify_proof, write_proof
from feed.prizes.result.verify import verify_result

PATH = Path(feed.__file__).parent.parent / "docs/reference/result-vectors.json"
PRIVATE_KEY = hashlib.sha256(b"the key of the vectors").digest()
SALT = hashlib.sha256(b"the salt of the vectors").digest()
ENDS_AT = datetime(2026, 9, 20, 16, tzinfo=UTC)
FROZEN_AT = ENDS_AT + timedelta(days=3)
FIRST_ID = 1865263907721216000
TIERS = (
    Prize("市民文化卡", "code", 1, Decimal(300), places=(1, 1)),
    Prize("深圳盒子", "goods", 1, Decimal("59.9"), places=(2, 3)),
    Prize("电子纪念证书", "code", 2, Decimal(1)),
)
RANKED = Rules(
    title="我和我的深圳",
    topic="我和我的深圳",
    starts_at=ENDS_AT - timedelta(days=10),
    ends_at=ENDS_AT,
    method="ranked",
    winner_count=3,
    reserve_count=2,
    prizes=TIERS,
    weights=Weights(Decimal("0.45"), Decimal("0.35"), Decimal("0.2")),
    caps=Caps(1000, 200),
    tie_break=("quality", "comments", "likes", "earliest"),
    criteria=(
        Criterion("立意", Decimal("0.4")),
        Criterion("画面", Decimal("0.35")),
        Criterion("文字", Decimal("0.25")),
    ),
)
DRAW = msgspec.structs.replace(
    RANKED,
    title="开学季抽奖",
    topic="开学季",
    method="draw",
    criteria=(),
    beacon="中国福利彩票双色球",
)
_MEMBERS = frozenset(
    [
        "announcement_post_id",
        "entry_by",
        "title",
        "topic",
        "starts_at",
        "ends_at",
        "method",
        "winner_count",
        "reserve_count",
        "prizes",
        "weights",
        "caps",
        "tie_break",
        "unclaimed",
        "beacon",
        "beacon_order",
        "beacon_wait_hours",
        "criteria",
        "quorum",
        "settle_at",
        "objection_days",
    ]
)
BY_COMMENT, BY_LIKE = (
    msgspec.structs.replace(DRAW, entry_by=way, announcement_post_id=str(FIRST_ID)) for way in ("comment", "like")
)
_REASONS = ["removed", "juror", "banned", "disqualified", "topic_edited_out", "voided"]


def vectors() -> dict[str, Any]:
    """The content of the file."""
    ranked, draw, by_comment, by_like = _ranked(), _draw(DRAW), _draw(BY_COMMENT), _draw(BY_LIKE)
    return {
        "about": "Vectors of docs/reference/result.md, made by tests/prizes/result_vectors.py.",
        "keys": [json.loads(msgspec.json.encode(public_key_of(PRIVATE_KEY)))],
        "trees": [_tree(size) for size in (0, 1, 2, 3, 5, 7, 8)],
        "results": [
            _described("a result by score: tiers, criteria, reasons, voids, two amendments", ranked, RANKED),
            _described("a result by lot: tiers, a public number, one amendment", draw, DRAW),
            _described("a draw by comments", by_comment, BY_COMMENT),
            _described("a draw by likes, whose entries have no id", by_like, BY_LIKE),
        ],
        "proofs": [
            _proof("the winner of the first place, who has lost it since", ranked, RANKED, 0),
            _proof("a reserve, who holds a place since", ranked, RANKED, 3),
            _proof("an entry without a rank, the last row", ranked, RANKED, len(ranked.rows) - 1),
            _proof("an entry of a draw", draw, DRAW, 2),
            _proof("a comment", by_comment, BY_COMMENT, 1),
            _proof("a like", by_like, BY_LIKE, 3),
        ],
    }


def text() -> str:
    """The file, byte for byte."""
    return json.dumps(vectors(), ensure_ascii=False, indent=1) + "\n"


def public_keys() -> tuple[PublicKey, ...]:
    """The keys that the vectors are signed with."""
    return (public_key_of(PRIVATE_KEY),)


def large(count: int) -> bytes:
    """A signed result by score with so many entries: none of the vectors, for tests of the time that it takes."""
    document = _document(RANKED)
    rows, sha256 = _rows(count, RANKED), rules_sha256(document)
    outcome = decide(_settlement(1, voids=[]), rows, rules=RANKED, document=document, sha256=sha256).outcome
    return sign_document(outcome, partial(sign, PRIVATE_KEY), unsigned=unsigned_members(outcome.format))


def _rows(count: int, rules: Rules) -> list[SheetRow]:
    """Entries of persons, some of whom have two, the last ones without a rank."""
    rows = []
    # A person has one like, and may have several posts or comments.
    persons = count if rules.entry_by == "like" else 9
    for number in range(count):
        excluded = number >= count - len(_REASONS)
        marks = _marks(number) if rules.criteria else []
        rows.append(
            SheetRow(
                post_id=FIRST_ID + 977 * number if rules.entry_by == "post" else None,
                comment_id=FIRST_ID + 977 * number if rules.entry_by == "comment" else None,
                account_id=500 + number,
                person=hashlib.sha256(b"person %d" % (number % persons)).digest()[:16],
                entered_at=ENDS_AT - timedelta(hours=number % 5 + 1, microseconds=7 * number + 1),
                revision=1,
                quality=quality_of([Decimal(mark.score) for mark in marks]),
                likes_counted=[0, 1, 7, 999, 1000, 1001, 12, 350][number % 8] if rules.method == "ranked" else 0,
                commenters_counted=[0, 3, 200, 201, 17][number % 5] if rules.method == "ranked" else 0,
                eligible=not excluded,
                reason_code=_REASONS[count - number - 1] if excluded else None,
                excluded=[],
                marks=marks,
            )
        )
    return rows


def _marks(number: int) -> list[FrozenMark]:
    found = []
    for juror in range(number % 4):
        scores = [Decimal((37 * number + 11 * juror + 29 * part) % 101) + Decimal(number) / 8 for part in range(3)]
        scores = [min(each, Decimal(100)) for each in scores]
        total = sum((each.weight * score for each, score in zip(RANKED.criteria, scores, strict=True)), Decimal(0))
        found.append(FrozenMark(900 + juror, f"{total:.6f}", [f"{score:.6f}" for score in scores]))
    return found


def _settlement(number: int, **more: Any) -> Settlement:
    return Settlement(
        id=number,
        campaign_id=FIRST_ID - number,
        rules_version=2,
        frozen_at=FROZEN_AT,
        skipped=[],
        has_result=False,
        salt=SALT,
        format=2,
        unlinked=True,
        **more,
    )


def _document(rules: Rules) -> dict[str, Any]:
    """The rules with the members that they have here: members of later versions do not change the vectors."""
    return {name: value for name, value in rules_document(rules).items() if name in _MEMBERS}


def _ranked() -> Decision:
    document = _document(RANKED)
    voids = [
        {"kind": "comment", "reason_code": "spam", "count": 4},
        {"kind": "like", "reason_code": "bought", "count": 31},
        {"kind": "like", "reason_code": "spam", "count": 2},
    ]
    overridden = [{"kind": "comment_waits", "post_id": str(FIRST_ID), "comment_id": str(FIRST_ID + 1)}]
    settlement = _settlement(1, voids=voids, forced=Forced("评论待审已久", overridden), withdrawn=["ab" * 32])
    return decide(settlement, _rows(19, RANKED), rules=RANKED, document=document, sha256=rules_sha256(document))


def _draw(rules: Rules) -> Decision:
    document = _document(rules)
    settlement, rows = _settlement(2), _rows(15, rules)
    tickets, nonce = tickets_of(settlement, rows), hashlib.sha256(b"the nonce of the vectors").digest()
    published_at = FROZEN_AT + timedelta(minutes=1)
    inputs = DrawInputs(
        draw=Draw(
            list_sha256=algorithm.list_hash(settlement.campaign_id, tickets),
            ticket_count=len(tickets),
            listed_in=None,
            list_published_at=published_at,
            beacon=Beacon(
                source="public_number",
                round="2026110",
                value="03 07 12 18 25 33 09",
                appeared_at=published_at + timedelta(hours=13),
                entered_by=[71, 72],
            ),
        ),
        tickets=tickets,
        nonce=nonce,
        nonce_sha256=algorithm.nonce_hash(nonce),
    )
    return decide(settlement, rows, rules=rules, document=document, sha256=rules_sha256(document), draw_inputs=inputs)


def _publish(decision: Decision, rules: Rules) -> tuple[bytes, list[bytes]]:
    """The signed document, and the amendments that follow it: places lost from the first on, until one reserve is left."""
    signed = sign_document(
        decision.outcome, partial(sign, PRIVATE_KEY), unsigned=unsigned_members(decision.outcome.format)
    )
    head = ChainHead(2, sha256_of(signed), 0, sha256_of(signed))
    amendments: list[bytes] = []
    reserves = list(decision.reserves)
    for place in decision.places[: 2 if rules.method == "ranked" else 1]:
        candidates = [Candidate(each, None) for each in reserves]
        if amendments:
            candidates[0] = Candidate(reserves[0], "banned")
        state: Any = {"state": "declined"} if not amendments else {"state": "forfeited", "state_reason": "erased"}
        change, entered = build_change(
            head,
            _winner(place, decision, **state),
            place,
            candidates,
            rules=rules,
            refill=True,
            salt=SALT,
            at=FROZEN_AT + timedelta(days=len(amendments) + 1),
        )
        reserves = [each for each in reserves if each != entered]
        amendments.append(sign_document(change, partial(sign, PRIVATE_KEY)))
        head = ChainHead(2, head.result_sha256, change.number, sha256_of(amendments[-1]))
    return signed, amendments


def _winner(place: Place, decision: Decision, **state: Any) -> Winner:
    return Winner(
        id=WinnerId(place.place),
        campaign_id=int(decision.outcome.campaign.id),
        settlement_id=1,
        place=place.place,
        rank=place.rank,
        post_id=place.post_id,
        comment_id=place.comment_id,
        account_id=place.account_id,
        prizes=place.prizes,
        claim_ends_at=None,
        **state,
    )


def _described(name: str, decision: Decision, rules: Rules) -> dict[str, Any]:
    signed, amendments = _publish(decision, rules)
    document = with_attachments(signed, amendments, {"00" * 16: "沈**"})
    members = json.loads(signed)
    signed_part = {each: value for each, value in members.items() if each not in ("sheet", "signature")}
    return {
        "name": name,
        "document": json.loads(document),
        "signed_sha256": sha256_of(canonical(signed_part)),
        "result_sha256": sha256_of(signed),
        "holders": verify_result(document, None).holders,
    }


def _proof(name: str, decision: Decision, rules: Rules, index: int) -> dict[str, Any]:
    _, amendments = _publish(decision, rules)
    _, head = sign_in_parts(decision.outcome, partial(sign, PRIVATE_KEY), unsigned=("sheet",))
    siblings = tree.siblings_of(index, len(decision.rows))
    path = [decision.levels[level][32 * position : 32 * position + 32] for level, position in siblings]
    proof = write_proof(head, index, decision.rows[index].document, path, amendments)
    return {"name": name, "proof": json.loads(proof), "place": verify_proof(proof, None).place}


def _tree(size: int) -> dict[str, Any]:
    rows = [b'{"row":%d}' % number for number in range(size)]
    levels = tree.levels_of(rows)
    return {
        "rows": [row.decode() for row in rows],
        "root": tree.root_of(levels).hex(),
        "paths": [
            [levels[level][position].hex() for level, position in tree.siblings_of(index, size)]
            for index in range(size)
        ],
    }


if __name__ == "__main__":
    print(text(), end="")
