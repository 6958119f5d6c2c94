"""The examples of the document are played on a running server, in a story from the first draft to the last receipt."""

import os

import httpx
import msgspec
import pytest

from feed.api.openapi.examples.played import FOLDER, read_played
from feed.api.openapi.examples.streams import STREAMS
from feed.api.state import AppState
from feed.settings import Settings
from tests.support.story.audited import unaudited
from tests.support.story.clock import CLOCK_FILE, clock_at
from tests.support.story.comparison import differences
from tests.support.story.play import BEGINS, PUBLIC_URL, play
from tests.support.story.servers import RECEIPTS_TOKEN
from tests.support.story.stage import Stage


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(
        settings,
        public_url=PUBLIC_URL,
        sms_receipt_token=RECEIPTS_TOKEN,
        allowed_hosts="feed.test",
        privacy_version="2026-08",
        privacy_url=f"{PUBLIC_URL}/privacy",
    )


async def test_a_running_server_accepts_every_example(client: httpx.AsyncClient, app_state: AppState) -> None:
    """With other ids, codes and tokens, and with the times of the story moved to the present."""
    document = (await client.get("http://feed.test/openapi.json")).json()
    stage = Stage(client, app_state, clock_at(app_state.pool, BEGINS), document)
    await play(stage)
    assert stage.played.keys() == stage.operations.keys() - STREAMS.keys(), "each operation has its place in the story"
    # One event for each object that an act of the staff affects, also when it is undone.
    assert unaudited(stage) == [], "tests/support/story/audited.py"
    if CLOCK_FILE in os.environ:
        stage.record(FOLDER)
    stored = read_played()
    assert stored.keys() == stage.played.keys()
    found = [each for name, played in stage.played.items() for each in differences(name, played, stored[name])]
    assert found == [], (
        "`make examples` (python -m tests.support.story.record) records the examples again:\n" + "\n".join(found)
    )
