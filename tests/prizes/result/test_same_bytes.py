"""The same verdicts give the same document: with rows in another order, on another day, on every supported Python."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from feed.campaigns.model import Rules
from feed.decoding.decoder import convert
from feed.keys.signatures import PublicKey, canonical, sha256_of, sign, sign_document
from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes.model import Settlement, SheetRow
from feed.prizes.result.amendment import Change
from feed.prizes.result.decision import decide
from feed.prizes.result.verify import verify_result
from feed.prizes.settlement.actions import freeze_next_campaign, settle_next_campaign
from tests.support import make, phases

VECTOR = Path(__file__).with_name("result_vector.json")

TIERS = [{**phases.PRIZE, "places": [1, 1]}, {**phases.PRIZE, "name": "书签", "places": [2, 2]}]


def _vector() -> dict[str, Any]:
    vector: dict[str, Any] = json.loads(VECTOR.read_text("utf-8"))
    return vector


def test_the_document_of_the_vector_has_the_same_bytes() -> None:
    """The vector was computed once; another Python, library or machine that computes other bytes fails here."""
    vector = _vector()
    given = vector["given"]
    settlement = msgspec.convert(given["settlement"] | {"has_result": False}, Settlement, strict=False)
    rows = msgspec.convert(given["rows"], list[SheetRow])
    rules = convert(given["rules"], Rules)
    decision = decide(settlement, rows, rules=rules, document=given["rules"], sha256=given["rules_sha256"])
    assert canonical(decision.outcome).decode() == vector["canonical"]
    private = bytes.fromhex(given["private_key"])
    assert sign_document(decision.outcome, partial(sign, private)).decode() == vector["document"]
    assert canonical(msgspec.convert(vector["change"], Change)).decode() == vector["change_canonical"]


def test_the_document_of_the_vector_as_it_is_settled_today_has_the_same_bytes_too() -> None:
    """The same sheet with pseudonyms per account in rows that cannot win; a change of these bytes fails here."""
    given = _vector()["given"]
    settlement = msgspec.convert(
        given["settlement"] | {"has_result": False, "unlinked": True}, Settlement, strict=False
    )
    rows = msgspec.convert(given["rows"], list[SheetRow])
    rules = convert(given["rules"], Rules)
    decision = decide(settlement, rows, rules=rules, document=given["rules"], sha256=given["rules_sha256"])
    assert decision.outcome.counts.excluded == {"other": 4}
    assert sha256_of(canonical(decision.outcome)) == "586227ee6c367f446bbf31f6af2379a1916585dcdd643df6ec592c5862620b9f"


def test_the_vector_verifies_only_with_its_key() -> None:
    vector = _vector()
    document = json.loads(vector["document"]) | {"amendments": vector["amendments"]}
    key = msgspec.convert(vector["public_key"], PublicKey)
    text = json.dumps(document).encode()
    assert verify_result(text, [key]).is_valid
    assert not verify_result(text, []).is_valid
    assert verify_result(text, [key]).holders == vector["holders"]


async def test_a_settlement_of_rows_in_another_order_differs_only_in_the_time(pool: Pool, keys: Keys) -> None:
    campaign = await phases.due(pool, entries=12, prizes=TIERS)
    at = make.now() - 5 * make.DAY
    for post in campaign.posts[4:8]:
        # Ties, and one person with many likes.
        await make.like(pool, post, await make.account(pool, person="fan"), at=at)
        await make.comment(pool, post, await make.account(pool), at=at)
    await make.void(pool, campaign.id, post_id=campaign.posts[2], kinds=["like"])
    first = await _settle(pool, keys, campaign.id)
    salt = await pool.fetchval("SELECT result_salt FROM campaigns WHERE id = $1", campaign.id)

    await _reset(pool, campaign.id)
    for table in ("likes", "comments", "entries", "voids", "post_revisions"):
        await _reinsert_backwards(pool, table)
    again = await _settle(pool, keys, campaign.id)

    assert await pool.fetchval("SELECT result_salt FROM campaigns WHERE id = $1", campaign.id) == salt
    assert first["frozen_at"] != again["frozen_at"]
    # The signature covers the time.
    for document in (first, again):
        del document["frozen_at"], document["signature"]
    assert json.dumps(first) == json.dumps(again)


async def _settle(pool: Pool, keys: Keys, campaign_id: int) -> dict[str, Any]:
    assert await freeze_next_campaign(pool)
    assert await settle_next_campaign(pool, keys)
    text = await phases.result_of(pool, campaign_id)
    assert text is not None
    assert verify_result(text, keys.public_keys().keys).is_valid
    document: dict[str, Any] = json.loads(text)
    return document


async def _reset(pool: Pool, campaign_id: int) -> None:
    await phases.rewind(pool, campaign_id)
    await pool.execute("DELETE FROM sheet_rows")
    await pool.execute("DELETE FROM settlements")
    await pool.execute("UPDATE campaigns SET frozen_at = NULL, settled_at = NULL WHERE id = $1", campaign_id)


async def _reinsert_backwards(pool: Pool, table: str) -> None:
    """Rewrites the rows of a table in reverse physical order."""
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute(
            f"CREATE TEMPORARY TABLE reversed ON COMMIT DROP AS SELECT * FROM {table} ORDER BY ctid DESC"
        )
        await conn.execute(f"TRUNCATE {table} CASCADE")
        await conn.execute(f"INSERT INTO {table} SELECT * FROM reversed")
