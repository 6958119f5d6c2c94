"""Plans of the queue, the lease and the verdict with 100,000 open cases."""

import msgspec
import pytest

from feed.accounts.model import AccountId
from feed.cases.model import CaseFilter, CaseId
from feed.moderation import actions, queue_store
from feed.moderation.model import NewVerdict
from feed.pagination import NEWEST, OLDEST
from tests.plans.cases import Case
from tests.plans.fill import BUSY_ACCOUNT, BUSY_TOPIC, CAMPAIGN, POSTS, REVIEWER
from tests.plans.guard import MODES, violations
from tests.plans.plans import Mode, record_plans

# Of each filter: the pages that its list may access. Those of the last three read the whole queue.
FILTERS: dict[str, tuple[CaseFilter, int]] = {
    "none": (CaseFilter(), 100),
    "first stage": (CaseFilter(stage=1), 100),
    "second stage": (CaseFilter(stage=2), 200),
    "third stage, which has none": (CaseFilter(stage=3), 20),
    "kind": (CaseFilter(kind="comment"), 800),
    "author of many": (CaseFilter(author_id=BUSY_ACCOUNT), 3_000),
    "subject": (CaseFilter(subject_id=POSTS - 1000), 30),
    "small campaign": (CaseFilter(campaign_id=CAMPAIGN), 2_000),
    "small campaign, one kind": (CaseFilter(kind="post", campaign_id=CAMPAIGN), 2_000),
    "author and campaign": (CaseFilter(author_id=BUSY_ACCOUNT, campaign_id=CAMPAIGN), 3_000),
    "much used topic": (CaseFilter(topic_ids=[BUSY_TOPIC]), 30_000),
    "two that exclude each other": (CaseFilter(author_id=1, nothing=True), 0),
    "kind that no case has": (CaseFilter(kind="appeal"), 100_000),
    "topic that few have": (CaseFilter(topic_ids=[2999]), 800_000),
    "media, which none has": (CaseFilter(has_media=True), 300_000),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", FILTERS)
async def test_each_filter_reads_few_pages_in_every_plan(long_queue: str, name: str, mode: Mode) -> None:
    case_filter, pages = FILTERS[name]
    async with record_plans(long_queue, mode) as recorder:
        for free in (False, True):
            await recorder.plans()
            await queue_store.list_open(recorder.conn, case_filter, OLDEST, 21, free=free)
            # The rights of the reviewers with a lease are read besides.
            case = Case(lambda _: None, (), pages + 3_000 * free, through=("cases",) if "campaign" in name else ())  # type: ignore[arg-type, return-value]
            assert violations(case, await recorder.plans()) == []
        await queue_store.list_closed(recorder.conn, case_filter, NEWEST, 21)


@pytest.mark.parametrize("mode", MODES)
async def test_a_lease_and_a_verdict_read_few_pages(long_queue: str, mode: Mode) -> None:
    reviewer = AccountId(REVIEWER)
    async with record_plans(long_queue, mode) as recorder:
        await recorder.plans()
        leased = await actions.lease_cases(recorder.pool, reviewer, CaseFilter(), count=10)
        assert violations(_few(5_000), await recorder.plans()) == []
        assert len(leased) == 10
        judged = await actions.judge_case(recorder.pool, reviewer, CaseId(leased[0]), NewVerdict("approve", 1))
        assert judged is not None
        # Appeals, of which there are none here, are joined with the sanctions that they are against.
        few = msgspec.structs.replace(_few(2_000), through=("sanctions",))
        assert violations(few, await recorder.plans()) == []


def _few(pages: int) -> Case:
    return msgspec.structs.replace(Case(lambda _: None, (), 0), pages=pages)  # type: ignore[arg-type, return-value]
