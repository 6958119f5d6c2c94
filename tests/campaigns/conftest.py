"""The stage on which the stories of campaigns are played."""

from pathlib import Path

import asyncpg
import pytest
from asyncpg import Record

from feed.keys import Keys, open_keys
from tests.campaigns.stage import Stage


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return open_keys(tmp_path / "keys", create=True)


@pytest.fixture
def stage(pool: "asyncpg.Pool[Record]", keys: Keys) -> Stage:
    return Stage(pool, keys)
