"""`feed settle` and `feed verify`, as an operator and a doubter type them."""

import argparse
import json
from pathlib import Path

import msgspec
import pytest

from feed.commands import keys
from feed.postgres import Pool
from tests.prizes import result_vectors
from tests.support import phases
from tests.support.command_line import Installation


@pytest.fixture
def there(tmp_path: Path, database: str, redis_url: str) -> Installation:
    return Installation(tmp_path, database, redis_url)


async def test_settling_says_who_wins_and_is_done_once(there: Installation, pool: Pool) -> None:
    campaign = await phases.due(pool)

    ran = await there.feed("settle", str(campaign.id))

    assert ran.status == 0, ran.err
    for post_id in campaign.posts[:2]:
        assert str(post_id) in ran.out
    assert str(campaign.posts[2]) not in ran.out
    assert "1 名候补" in ran.out
    again = await there.feed("settle", str(campaign.id))
    assert again.status == 1
    assert "评定或开奖已经完成" in again.err
    assert "The campaign is settled already" in again.err
    assert await pool.fetchval("SELECT count(*) FROM settlements") == 1


async def test_settling_what_cannot_be_settled_is_said_in_words(there: Installation, pool: Pool) -> None:
    campaign = await phases.due(pool)
    await pool.execute("UPDATE entries SET shortlisted_at = now() WHERE post_id = $1", campaign.posts[0])
    for words, status in ((("1",), 1), (("x",), 2), ((str(campaign.id),), 1), ((str(campaign.id), "--reason", " "), 1)):
        ran = await there.feed("settle", *words)
        assert ran.status == status, words
        assert ran.err or "--reason settles all the same" in ran.out
        assert "Traceback" not in ran.err

    ran = await there.feed("settle", str(campaign.id), "--reason", "评委出差")

    assert ran.status == 0, ran.err
    assert str(campaign.posts[0]) in ran.out


async def test_verifying_needs_nothing_but_the_file(there: Installation, pool: Pool, tmp_path: Path) -> None:
    campaign = await phases.settled(pool, there.keys)
    result = await phases.result_of(pool, campaign.id)
    assert result is not None
    published, changed = tmp_path / "结果.json", tmp_path / "changed.json"
    published.write_bytes(result)
    alone = {"FEED_DATABASE_URL": "", "FEED_REDIS_URL": "", "FEED_KEYS_DIR": ""}

    ran = await there.feed("verify", str(published), **alone)
    assert ran.status == 0
    assert "self-consistent, not authenticated" in ran.out

    document = json.loads(result)
    document["winners"][0], document["winners"][1] = document["winners"][1], document["winners"][0]
    changed.write_text(json.dumps(document))
    ran = await there.feed("verify", str(changed), **alone)
    assert ran.status == 1
    assert "[✗]" in ran.out


async def test_verifying_with_a_key_tells_who_signed(there: Installation, pool: Pool, tmp_path: Path) -> None:
    campaign = await phases.settled(pool, there.keys)
    result = await phases.result_of(pool, campaign.id)
    assert result is not None
    published = tmp_path / "result.json"
    published.write_bytes(result)
    (signed_with,) = there.keys.public_keys().keys

    ran = await there.feed("verify", str(published), "--key", signed_with.public_key)
    assert ran.status == 0, ran.out
    assert "签名有效" in ran.out
    forged = json.loads(result) | {"frozen_at": "2026-01-01T00:00:00.000000Z"}
    published.write_text(json.dumps(forged))
    ran = await there.feed("verify", str(published), "--key", signed_with.public_key)
    assert ran.status == 1
    assert "签名不符" in ran.out


async def test_verifying_a_proof_tells_of_one_entry(there: Installation, tmp_path: Path) -> None:
    vectors = json.loads(result_vectors.PATH.read_text("utf-8"))
    served = tmp_path / "feed-keys.json"
    served.write_text(json.dumps({"keys": vectors["keys"]}), "utf-8")
    alone = {"FEED_DATABASE_URL": "", "FEED_REDIS_URL": "", "FEED_KEYS_DIR": ""}
    expected = (
        ("名次 1，现不持有获奖位", "rank 1, and holds no place now", "declined"),
        ("现持有获奖第 1 位：“市民文化卡”、“电子纪念证书”", "holds place 1 now", "quality 48.675000 of 1 marks"),
        ("未入排名：内容已被移除", "not ranked: Removed by a reviewer", "row 19 of 19"),
        ("现持有获奖第 3 位：“深圳盒子”", "row 3 of 15", "the other rows"),
        ("名次 2", "row 2 of 15", "holds place"),
        ("名次 4", "row 4 of 15"),
    )
    for described, words in zip(vectors["proofs"], expected, strict=True):
        file = tmp_path / "proof.json"
        file.write_text(json.dumps(described["proof"]), "utf-8")
        ran = await there.feed("verify", "--proof", str(file), "--key", str(served), **alone)
        assert ran.status == 0, ran.out
        for each in (*words, "结论：有效"):
            assert each in ran.out
        ran = await there.feed("verify", "--proof", str(file), **alone)
        assert ran.status == 0
        assert "self-consistent, not authenticated" in ran.out
    for language, has, has_not in (("zh", "结论：有效", "VERDICT"), ("en", "VERDICT: valid", "结论")):
        ran = await there.feed("verify", "--proof", str(file), "--key", str(served), "--lang", language, **alone)
        assert has in ran.out
        assert has_not not in ran.out
    file.write_text(json.dumps(described["proof"] | {"index": 1}), "utf-8")
    ran = await there.feed("verify", "--proof", str(file), "--key", str(served), **alone)
    assert ran.status == 1
    assert "该行不属于这份结果" in ran.out
    assert "结论：无效" in ran.out


@pytest.mark.parametrize(
    "words", [(), ("{file}", "--proof", "{file}"), ("--proof", "/nowhere.json"), ("--proof", "{file}")]
)
async def test_one_document_is_verified_at_a_time(there: Installation, tmp_path: Path, words: tuple[str, ...]) -> None:
    file = tmp_path / "file.json"
    file.write_text("{}")
    ran = await there.feed("verify", *(word.format(file=file) for word in words))
    assert ran.status != 0
    assert "Traceback" not in ran.err + ran.out
    assert ran.err or "结论：无效" in ran.out


async def test_verifying_a_result_of_the_second_format_tells_of_marks_rows_and_voids(
    there: Installation, tmp_path: Path
) -> None:
    vectors = json.loads(result_vectors.PATH.read_text("utf-8"))
    file = tmp_path / "result.json"
    for described, words in zip(
        vectors["results"],
        (
            ("3 名获奖者", "19 行与签名所含的树根一致", "3 位评委的 27 份打分", "31 项（bought）"),
            *[("3 名中奖者", "15 rows have the root")] * 3,
        ),
        strict=True,
    ):
        file.write_text(json.dumps(described["document"]), "utf-8")
        ran = await there.feed("verify", str(file))
        assert ran.status == 0, ran.out
        for each in words:
            assert each in ran.out
    assert "评委" not in ran.out.partition("无法由文件得知")[0]


@pytest.mark.parametrize("words", [("/nowhere.json",), ("{file}", "--key", "no key"), ("{file}",)])
async def test_verifying_what_is_no_result_is_said_in_words(
    there: Installation, tmp_path: Path, words: tuple[str, ...]
) -> None:
    file = tmp_path / "garbage.json"
    file.write_bytes(b"\xff{")
    ran = await there.feed("verify", *(word.format(file=file) for word in words))
    assert ran.status != 0
    assert "Traceback" not in ran.err + ran.out
    assert ran.err or ran.out


@pytest.mark.parametrize("words", [("--data", "{}", "rotate"), ("rotate", "--data", "{}")])
def test_the_directory_is_said_before_or_behind_the_inner_command(tmp_path: Path, words: tuple[str, ...]) -> None:
    parser = argparse.ArgumentParser()
    keys.register(parser.add_subparsers())
    arguments = parser.parse_args(["keys", *(word.format(tmp_path) for word in words)])
    assert (arguments.data, arguments.run) == (tmp_path, keys.run_rotate)


async def test_a_rotated_key_signs_what_is_new_and_what_is_old_still_verifies(
    there: Installation, pool: Pool, tmp_path: Path
) -> None:
    old = await phases.settled(pool, there.keys)
    before = there.keys.signing_key()

    ran = await there.feed("keys", "rotate")

    assert ran.status == 0, ran.err
    now = there.keys.signing_key()
    assert now.key_id != before.key_id
    assert now.key_id in ran.out
    listed = await there.feed("keys")
    assert [line.split()[0] for line in listed.out.splitlines()] == [now.key_id, before.key_id]
    new = await phases.settled(pool, there.keys)
    served = tmp_path / "feed-keys.json"
    served.write_bytes(msgspec.json.encode(there.keys.public_keys()))
    for campaign, key in ((old, before), (new, now)):
        result = await phases.result_of(pool, campaign.id)
        assert result is not None
        file = tmp_path / f"{campaign.id}.json"
        file.write_bytes(result)
        ran = await there.feed("verify", str(file), "--key", str(served))
        assert ran.status == 0, ran.out
        assert key.key_id in ran.out


async def test_verifying_tells_of_amendments_and_of_what_a_file_cannot_tell(
    there: Installation, tmp_path: Path
) -> None:
    vector = json.loads((Path(__file__).parents[1] / "prizes/result/result_vector.json").read_text("utf-8"))
    document = json.loads(vector["document"]) | {
        "amendments": vector["amendments"],
        "people": {"ab": "沈**", "cd": "巴**"},
    }
    file, served = tmp_path / "result.json", tmp_path / "feed-keys.json"
    file.write_text(json.dumps(document), "utf-8")
    served.write_text(json.dumps({"keys": [vector["public_key"]]}), "utf-8")
    alone = {"FEED_DATABASE_URL": "", "FEED_REDIS_URL": "", "FEED_KEYS_DIR": ""}

    ran = await there.feed("verify", str(file), "--key", str(served), **alone)

    assert ran.status == 0, ran.out
    for words in ("2 份更正", "an objection was upheld", "逾期未领", "whether there are later amendments", "是否真人"):
        assert words in ran.out
    winners = [winner["post_id"] for winner in document["winners"]]
    for amendment in vector["amendments"]:
        winners[amendment["place"] - 1] = amendment["enters"] and amendment["enters"]["post_id"]
    assert "，".join(f"#{place} {post_id or '空缺'}" for place, post_id in enumerate(winners, 1)) in ran.out
    assert ", ".join(f"#{place} {post_id or 'vacant'}" for place, post_id in enumerate(winners, 1)) in ran.out
    for words in ("另附 2 个姓名", "2 names are joined to it, none of them signed"):
        assert words in ran.out
    file.write_text(json.dumps({name: value for name, value in document.items() if name != "people"}), "utf-8")
    ran = await there.feed("verify", str(file), **alone)
    assert "names are joined" not in ran.out
    changed = [vector["amendments"][0], vector["amendments"][1] | {"reason": "declined"}]
    file.write_text(json.dumps(document | {"amendments": changed}), "utf-8")
    ran = await there.feed("verify", str(file), "--key", str(served), **alone)
    assert ran.status == 1
    assert "更正的签名不符" in ran.out
    ran = await there.feed("verify", str(file), **alone)
    assert "self-consistent, not authenticated" in ran.out
