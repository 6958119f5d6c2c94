"""The fixture of the tests of campaigns."""

import asyncpg
import pytest
from asyncpg import Record

from feed.keys.store import Keys
from tests.support.campaigns import Stage


@pytest.fixture
def stage(pool: "asyncpg.Pool[Record]", keys: Keys) -> Stage:
    return Stage(pool, keys)
