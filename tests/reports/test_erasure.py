"""Of an erased account no word is left in reports, their evidence and appeals; open ones can be decided before."""

from pathlib import Path

import httpx
from redis.asyncio import Redis

from feed.api.state import AppState
from feed.settings import Settings
from tests.support import erasing, planted
from tests.support.api import Join, Person
from tests.support.reporting import appeal, cases_of, hide, judge, publish, report, user_id

POST, NOTE, APPEAL = "栀子蝉鸣的动态", "蓊郁的举报说明", "蟾蜍涧口的申诉"


async def erase(app_state: AppState, account_id: str) -> None:
    await erasing.erase_row(app_state.pool, app_state.keys, int(account_id))
    await app_state.pool.execute("UPDATE erasures SET next_at = now()")
    await erasing.erase_rest(app_state.pool, app_state.keys)


async def act(ming: Person, hong: Person, reviewer: Person) -> str:
    """A reported post, a report of another's, an appeal against a removal; all by one person. Returns the account's id."""
    post_id, removed = await publish(ming, POST), await publish(ming, "另一条")
    assert (await report(hong, "post", post_id)).status_code == 201
    assert (await report(ming, "post", await publish(hong), note=NOTE)).status_code == 201
    await hide(reviewer, "post", removed)
    assert (await appeal(ming, "post", removed, APPEAL)).status_code == 201
    return await user_id(ming)


async def test_an_erased_account_leaves_no_word_in_decided_reports_and_appeals(
    client: httpx.AsyncClient, join: Join, app_state: AppState, settings: Settings, redis: Redis, tmp_path: Path
) -> None:
    ming, hong, reviewer = join("小明"), join("小红"), join("审", roles=("reviewer",))
    account_id = await act(ming, hong, reviewer)
    other = join("复", roles=("reviewer",))
    for case in await cases_of(other, "report"):
        assert (await judge(other, case, "dismiss")).status_code == 200
    for case in await cases_of(other, "appeal"):
        assert (await judge(other, case, "dismiss")).status_code == 200
    await erase(app_state, account_id)
    tables = await planted.tables_of(settings.database_url)
    assert planted.found_in([*tables.items()], [POST, NOTE, APPEAL]) == []
    # That it was reported, and how that ended, stays for the reporter.
    (own,) = (await hong("GET", "/me/reports")).json()["items"]
    assert own["state"] == "dismissed"


async def test_what_is_open_stays_decidable_and_is_erased_afterwards(
    client: httpx.AsyncClient, join: Join, app_state: AppState, settings: Settings
) -> None:
    ming, hong, reviewer = join("小明"), join("小红"), join("审", roles=("reviewer",))
    account_id = await act(ming, hong, reviewer)
    await erase(app_state, account_id)
    tables = await planted.tables_of(settings.database_url)
    assert {word for _, word in planted.found_in([*tables.items()], [POST, NOTE, APPEAL])} == {POST, APPEAL}
    other = join("复", roles=("reviewer",))
    kept = {case["subject"]["author"]["id"]: case for case in await cases_of(other, "report")}[account_id]
    assert (kept["report"]["changed"], kept["report"]["evidence"][0]["text"]) == (True, POST)
    for case in [kept, *await cases_of(other, "appeal")]:
        assert (await judge(other, case, "dismiss")).status_code == 200
    await app_state.pool.execute("UPDATE erasures SET next_at = now()")
    await erasing.erase_rest(app_state.pool, app_state.keys)
    tables = await planted.tables_of(settings.database_url)
    assert planted.found_in([*tables.items()], [POST, NOTE, APPEAL]) == []
