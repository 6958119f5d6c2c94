"""The stage on which the stories of campaigns are played."""

import asyncpg
import pytest
from asyncpg import Record

from tests.campaigns.stage import Stage


@pytest.fixture
def stage(pool: "asyncpg.Pool[Record]") -> Stage:
    return Stage(pool)
