"""Hosts whose key stores differ: nothing is sealed or opened with a key that the database does not know, and operators are told."""

import asyncio
import base64
import shutil
from pathlib import Path

import asyncpg
import msgspec
import pytest

from feed.accounts.model import AccountId
from feed.api.state import AppState
from feed.keys import fingerprint_store as fingerprints
from feed.keys.checks import accept_keys, compare_keys, record_and_compare, require_own_keys
from feed.keys.files import KeyStoreError
from feed.keys.fingerprints import KeysUnusable, campaign_name, fingerprint_of
from feed.keys.store import Keys, open_keys
from feed.postgres import Pool
from feed.prizes.claims.actions import claim_prize, reveal_claim
from feed.prizes.claims.codes import add_codes
from feed.prizes.claims.shredding import Retention, shred_next_campaign
from feed.prizes.model import ClaimClosed
from tests.support import make, phases
from tests.support.api import Join
from tests.support.command_line import Installation
from tests.support.prizes_api import become, error_of, grant_access


def other_host(keys_dir: Path, name: str = "other") -> Keys:
    """A host with a copy of the site's keys, as an installation begins, which shares no directory with the first one."""
    copied = keys_dir.with_name(name)
    copied.mkdir(mode=0o700)
    shutil.copy2(keys_dir / "site.json", copied / "site.json")
    return open_keys(copied, create=False)


async def claim(pool: Pool, keys: Keys, winner: asyncpg.Record) -> None:
    await claim_prize(pool, keys, winner["account_id"], winner["id"], phases.FORM)


async def test_what_one_host_has_sealed_no_other_key_seals_or_opens(pool: Pool, keys: Keys, tmp_path: Path) -> None:
    other = other_host(tmp_path / "keys")
    campaign = await phases.announced(pool, keys)
    editor = await access(pool, campaign.id)
    best, second = await phases.winners_of(pool, campaign.id)
    await claim(pool, keys, best)
    other.campaign_key(campaign.id, create=True)  # As every version before has done.

    with pytest.raises(KeysUnusable):
        await claim(pool, other, second)
    with pytest.raises(KeysUnusable):
        await claim(pool, other, best)
    with pytest.raises(KeysUnusable):
        await add_codes(pool, other, campaign.id, 1, ["A"], by=editor)
    with pytest.raises(KeysUnusable):
        await reveal_claim(pool, other, campaign.id, best["id"], by=editor, reason="寄送")
    assert await pool.fetchval("SELECT count(*) FROM claims") == 1

    shutil.copy2(tmp_path / f"keys/campaigns/{campaign.id}.key", tmp_path / f"other/campaigns/{campaign.id}.key")
    await claim(pool, other, second)
    assert await reveal_claim(pool, other, campaign.id, best["id"], by=editor, reason="寄送")


async def access(pool: Pool, campaign_id: int) -> AccountId:
    editor, admin = await make.person(pool, role="editor"), await make.person(pool, role="admin")
    await pool.execute(
        """
        INSERT INTO claim_access (campaign_id, account_id, granted_by, until, reason)
        VALUES ($1, $2, $3, now() + interval '1 day', '寄送')
        """,
        campaign_id,
        editor,
        admin,
    )
    return AccountId(editor)


async def test_a_host_without_the_key_makes_no_second_one(pool: Pool, keys: Keys, tmp_path: Path) -> None:
    other = other_host(tmp_path / "keys")
    campaign = await phases.announced(pool, keys)
    best, second = await phases.winners_of(pool, campaign.id)
    await claim(pool, keys, best)
    with pytest.raises(KeysUnusable):
        await claim(pool, other, second)
    assert other.fingerprints().keys() == keys.own_fingerprints().keys()

    # The same on the first host, when its file was lost.
    lost = tmp_path / f"keys/campaigns/{campaign.id}.key"
    lost.unlink()
    with pytest.raises(KeysUnusable):
        await claim(pool, keys, second)
    assert not lost.exists()
    # An operator who has no copy says so, and winners claim again.
    assert await accept_keys(pool, keys, []) == {campaign_name(campaign.id): "missing"}
    await claim(pool, keys, second)


async def test_of_two_hosts_that_begin_at_once_one_wins(pool: Pool, keys: Keys, tmp_path: Path) -> None:
    others = [other_host(tmp_path / "keys", f"host{number}") for number in range(3)]
    campaign = await phases.announced(pool, keys)
    best, second = await phases.winners_of(pool, campaign.id)
    hosts = [keys, *others]
    done = await asyncio.gather(
        *(claim(pool, host, (best, second)[number % 2]) for number, host in enumerate(hosts)), return_exceptions=True
    )
    assert [result for result in done if result is not None and not isinstance(result, KeysUnusable)] == []
    recorded = await pool.fetchval(
        "SELECT fingerprint FROM key_fingerprints WHERE name = $1", campaign_name(campaign.id)
    )
    sealed = {
        host.campaign_fingerprint(campaign.id) for host, result in zip(hosts, done, strict=True) if result is None
    }
    assert sealed == {recorded}


async def test_keys_of_before_are_recorded_at_the_first_start(pool: Pool, keys: Keys, tmp_path: Path) -> None:
    keys.campaign_key(7, create=True)
    other = other_host(tmp_path / "keys")
    other.campaign_key(7, create=True)
    other.campaign_key(8, create=True)
    assert await record_and_compare(pool, keys) == {}
    assert await record_and_compare(pool, other) == {"campaign/7": "other"}
    assert await record_and_compare(pool, keys) == {"campaign/8": "missing"}
    require_own_keys({"campaign/8": "missing"})


async def test_another_sites_keys_are_refused(pool: Pool, keys: Keys, tmp_path: Path) -> None:
    await record_and_compare(pool, keys)
    stranger = open_keys(tmp_path / "stranger", create=True)
    differences = await record_and_compare(pool, stranger, record=False)
    assert {"site/token", "site/cursor", "site/person", "site/seal"} <= differences.keys()
    with pytest.raises(KeyStoreError, match="site/person"):
        require_own_keys(differences)


async def test_a_store_from_before_a_rotation_is_refused_and_the_rotated_one_is_not(
    pool: Pool, keys: Keys, tmp_path: Path
) -> None:
    older = other_host(tmp_path / "keys")
    await record_and_compare(pool, keys)
    keys.rotate_signing_key(make.now())
    assert await record_and_compare(pool, keys) == {}
    differences = await compare_keys(pool, older)
    assert list(differences.values()) == ["missing"]
    with pytest.raises(KeyStoreError, match="signing/"):
        require_own_keys(differences)


async def test_a_destroyed_key_that_a_restored_store_brings_back_is_not_used(
    pool: Pool, keys: Keys, tmp_path: Path
) -> None:
    campaign = await phases.announced(pool, keys)
    best, second = await phases.winners_of(pool, campaign.id)
    await claim(pool, keys, best)
    shutil.copytree(tmp_path / "keys", tmp_path / "restored")
    restored = open_keys(tmp_path / "restored", create=False)
    await phases.finish(pool, campaign.id, days=365)
    assert await shred_next_campaign(pool, keys, Retention())
    assert await record_and_compare(pool, keys) == {}
    assert await record_and_compare(pool, restored) == {campaign_name(campaign.id): "kept"}
    with pytest.raises(ClaimClosed):
        await claim(pool, restored, second)
    # To accept it would undo the destruction.
    assert await accept_keys(pool, restored, []) == {}


def test_a_fingerprint_tells_nothing_and_depends_on_the_name() -> None:
    key = bytes(range(32))
    found = fingerprint_of("site/token", key)
    assert (len(found), found) == (32, fingerprint_of("site/token", key))
    assert found != fingerprint_of("site/cursor", key)
    assert key.hex()[:8] not in found


async def test_a_lost_key_is_an_outage_of_claims_at_every_endpoint(
    app_state: AppState, keys: Keys, join: Join, tmp_path: Path
) -> None:
    campaign = await phases.announced(app_state.pool, keys)
    best, _ = await phases.winners_of(app_state.pool, campaign.id)
    winner = await become(app_state.pool, join, best["account_id"], "得主")
    form = msgspec.to_builtins(phases.FORM)
    assert (await winner("PUT", f"/me/prizes/{best['id']}/claim", form)).status_code == 200
    editor = await grant_access(join, campaign.id)
    path = tmp_path / f"keys/campaigns/{campaign.id}.key"
    content = path.read_bytes()
    for damage in ("lost", "other", "open to others"):
        if damage == "lost":
            path.unlink()
        elif damage == "other":
            path.touch(0o600)
            path.write_bytes(base64.b64encode(bytes(32)))
        else:
            path.write_bytes(content)
            path.chmod(0o644)
        for response in (
            await winner("PUT", f"/me/prizes/{best['id']}/claim", form),
            await editor("POST", f"/admin/campaigns/{campaign.id}/claims/{best['id']}/reveal", {"reason": "寄送"}),
            await editor("POST", f"/admin/campaigns/{campaign.id}/claims/export", {"reason": "寄送"}),
        ):
            assert error_of(response) == (503, "keys_unusable"), damage
            assert int(response.headers["retry-after"]) >= 1


async def test_commands_say_which_keys_differ(tmp_path: Path, database: str, redis_url: str) -> None:
    there = Installation(tmp_path, database, redis_url)
    assert (await there.feed("migrate")).status == 0
    stranger = str(tmp_path / "stranger")
    open_keys(Path(stranger), create=True)
    for command in (("migrate",), ("api", "--port", "1"), ("worker",)):
        ran = await there.feed(*command, FEED_KEYS_DIR=stranger)
        assert ran.status == 1, command
        assert "site/person" in ran.err
        assert "FEED_KEYS_DIR" in ran.err
        assert "Traceback" not in ran.err
    doctor = await there.feed("doctor", FEED_KEYS_DIR=stranger)
    assert doctor.status == 1
    assert "WRONG  key store" in doctor.out
    # A mistyped name accepts nothing, and says so.
    mistyped = await there.feed("keys", "accept", "campain/1", FEED_KEYS_DIR=stranger)
    assert (mistyped.status, "campain/1" in mistyped.err) == (1, True)
    assert "accepted" in (await there.feed("keys", "accept", FEED_KEYS_DIR=stranger)).out
    assert (await there.feed("doctor", FEED_KEYS_DIR=stranger)).status == 0
    assert (await there.feed("doctor")).status == 1
    conn = await asyncpg.connect(database)
    assert "site/seal" in await fingerprints.list_recorded(conn)
    await conn.close()
