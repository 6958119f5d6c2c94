"""Reports of comments that were edited: each text is reported, and approved by reviewers, by itself."""

import httpx

from tests.support.api import Join
from tests.support.reporting import cases_of, hide, judge, publish, report, report_by, say


async def test_an_edited_comment_is_reported_again_and_hidden_although_its_first_text_was_approved(
    join: Join, client: httpx.AsyncClient
) -> None:
    author, reviewer = join("小明"), join("审核", roles=("reviewer",))
    post = await publish(author)
    comment = await say(author, post, "第一句")
    await hide(reviewer, "comment", comment, verdict="approve", reason_code="fine")
    first = join("甲")
    assert (await report(first, "comment", comment)).status_code == 201
    assert (await author("PATCH", f"/comments/{comment}", {"text": "第二句"})).status_code == 200
    # The person who has reported the first text reports the second one too.
    assert (await report(first, "comment", comment)).status_code == 201
    assert await report_by(join, "乙丙", "comment", comment) == [201, 201]
    assert "第二句" not in (await client.get(f"/posts/{post}/comments")).text
    (case,) = await cases_of(reviewer, "report")
    assert (case["subject"]["revision"], case["subject"]["text"]) == (2, "第二句")
    assert (await judge(reviewer, case, "dismiss", reason_code="fine")).status_code == 200
    assert "第二句" in (await client.get(f"/posts/{post}/comments")).text
