"""`feed retention` and what `feed doctor` says of prizes, as an operator types them."""

from pathlib import Path

import pytest

from feed.keys.store import open_keys
from feed.postgres import Pool
from feed.prizes.claims.shredding import Retention, shred_next_campaign
from tests.support import phases
from tests.support.command_line import Installation


@pytest.fixture
def there(tmp_path: Path, database: str, redis_url: str) -> Installation:
    return Installation(tmp_path, database, redis_url)


async def test_it_says_when_details_end_and_when_they_have(there: Installation, pool: Pool, tmp_path: Path) -> None:
    assert "no campaign is final" in (await there.feed("retention")).out
    keys = open_keys(tmp_path / "keys", create=True)
    campaign = await phases.announced(pool, keys)
    await pool.execute(
        "UPDATE campaigns SET state = 'final', final_at = now() - interval '100 days' WHERE id = $1", campaign.id
    )
    waits = (await there.feed("retention")).out
    assert str(campaign.id) in waits
    assert "2 件奖品未交付" in waits
    doctor = await there.feed("doctor")
    assert doctor.status == 1
    assert f"campaign {campaign.id} keeps details that are due for destruction" in doctor.out
    await pool.execute("UPDATE winners SET state = 'lapsed'")
    assert await shred_next_campaign(pool, keys, Retention())
    assert "destroyed; in backups, sealed, until" in (await there.feed("retention")).out
