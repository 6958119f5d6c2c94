"""Random sequences of what authors, readers and staff do: after each, every endpoint shows each viewer what a model predicts."""

import os

import httpx
import msgspec
import pytest

from feed.api.state import AppState
from feed.screens.posts import hot_lists, pages, topics
from feed.settings import Settings
from tests.support.api import Join
from tests.support.town_views import Viewer, compare
from tests.support.town_walk import CITIZENS, REVIEWERS, Walk

# `FEED_SEQUENCES=100:200 FEED_SEQUENCE_STEPS=60` looks for new ones.
_BEGIN, _END = (int(part) for part in os.environ.get("FEED_SEQUENCES", "0:1").split(":"))
_STEPS = int(os.environ.get("FEED_SEQUENCE_STEPS", "30"))


@pytest.fixture(params=[0, 1, 2], ids=["publish_first", "one_stage", "two_stages"])
def stages(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def settings(settings: Settings, stages: int, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for module, name in ((pages, "CACHE_SECONDS"), (hot_lists, "_CACHE_SECONDS"), (topics, "_CACHE_SECONDS")):
        # What is compared is what is read, not for how long a page may be kept.
        monkeypatch.setattr(module, name, 0.0)
    chain = "publish_first" if not stages else str(stages)
    return msgspec.structs.replace(
        settings,
        review_chain=chain,
        review_chain_comments=chain,
        # So that the model need not know the risks of words.
        review_risks="98,99,100",
        reports_to_hide_post=1,
        reports_to_hide_comment=1,
        reports_after_approval=100,
    )


@pytest.mark.parametrize("seed", range(_BEGIN, _END))
async def test_every_endpoint_shows_what_the_model_predicts(
    app_state: AppState, client: httpx.AsyncClient, join: Join, stages: int, seed: int
) -> None:
    # Thousands of responses, of endpoints whose documents other tests compare.
    client.event_hooks = {"response": []}
    walk = Walk(app_state, client, join, stages=stages, seed=10 * seed + stages)
    await walk.begin()
    viewers: list[Viewer] = [None, *CITIZENS, REVIEWERS[0]]
    for step in range(_STEPS):
        await walk.step()
        if walk.random.random() < 0.7:
            await walk.run_jobs()
        wrong = await compare(walk, walk.random.sample(viewers, 1))
        assert not wrong, "\n".join([f"seed {seed}, step {step}", *walk.log[-30:], *wrong])
    await walk.run_jobs()
    wrong = await compare(walk, viewers)
    assert not wrong, "\n".join([f"seed {seed}, at the end", *walk.log[-30:], *wrong])
