"""One verdict for many cases, on the page of batches."""

import re

from feed.api.state import AppState
from tests.api.pages.reviewer.browsing import browser_of, field
from tests.support.api import Join
from tests.support.reporting import cases_of, publish

BATCHES = "/console/queue/batches"


async def test_each_chosen_case_has_an_outcome_and_the_batch_is_undone(app_state: AppState, join: Join) -> None:
    author, reviewer = join("阿珍"), join("阿雅", roles=("reviewer",))
    first = await publish(author, "甲")
    await publish(author, "乙")
    await publish(author, "丙")
    browser = await browser_of(app_state, reviewer)
    page = await browser.open(BATCHES)
    chosen = re.findall(r'name="case" value="([^"]+)"', page.text)
    assert len(chosen) == 3
    await author("DELETE", f"/posts/{first}")
    page = await browser.send(
        BATCHES, form_token=field(page, "form_token"), case=chosen[:2], verdict="reject", reason_code="spam"
    )
    assert page.text.count(">完成<") == 1
    assert page.text.count(">未处理<") == 1
    assert len(await cases_of(reviewer, "post")) == 1
    page = await browser.send(
        f"{BATCHES}/undo", form_token=field(page, "form_token"), batch_id=field(page, "batch_id"), verdict="reject"
    )
    assert "已撤销 1 条" in page.text
    assert len(await cases_of(reviewer, "post")) == 2


async def test_a_batch_without_a_case_or_reason_says_what_is_missing(app_state: AppState, join: Join) -> None:
    await publish(join("阿珍"), "甲")
    browser = await browser_of(app_state, join("阿雅", roles=("reviewer",)))
    page = await browser.open(BATCHES)
    (case,) = re.findall(r'name="case" value="([^"]+)"', page.text)
    assert (await browser.send(BATCHES, verdict="approve")).status_code == 422
    page = await browser.send(BATCHES, case=case, verdict="remove", note="为什么")
    assert page.status_code == 422
    assert f'value="{case}" checked' in page.text
    assert 'value="为什么"' in page.text
    assert (await browser.send(BATCHES, case="x:y", verdict="approve")).status_code == 422
