"""The words of the machine check on their page, and the audit log on its own."""

from feed.api.state import AppState
from tests.api.pages.reviewer.browsing import browser_of
from tests.support.api import Join

WORDS = "/console/words"


async def test_words_are_added_found_in_a_text_and_taken_out(app_state: AppState, join: Join) -> None:
    editor = await browser_of(app_state, join("老周", roles=("editor",)))
    page = await editor.send(WORDS, terms="代开发票\r\n加微信领奖\r\n", level="block", label="fraud", note="常见骗局")
    assert "新增 2" in page.text
    reviewer = await browser_of(app_state, join("阿雅", roles=("reviewer",)))
    page = await reviewer.open(f"{WORDS}?q=发票")
    assert "代开发票" in page.text
    assert "加微信领奖" not in page.text
    # Reviewers read the list.
    assert f'action="{WORDS}/remove"' not in page.text
    page = await reviewer.send(f"{WORDS}/check", text="这里代开发票")
    assert "拦下待审" in page.text
    assert '<mark class="hit block"' in page.text
    page = await editor.send(f"{WORDS}/remove", term="代开发票")
    assert "移出 1" in page.text
    assert "通过" in (await reviewer.send(f"{WORDS}/check", text="这里代开发票")).text


async def test_a_word_that_cannot_be_listed_stays_in_its_field(app_state: AppState, join: Join) -> None:
    editor = await browser_of(app_state, join("老周", roles=("editor",)))
    page = await editor.send(WORDS, terms=".*", level="block", note="<b>")
    assert page.status_code == 422
    assert ">.*</textarea>" in page.text
    reviewer = await browser_of(app_state, join("阿雅", roles=("reviewer",)))
    assert (await reviewer.send(WORDS, terms="读书会", level="review")).status_code == 403
    for fields in ({"text": ""}, {"text": "长" * 6000}, {"text": "\x00"}):
        assert (await reviewer.send(f"{WORDS}/check", fields)).status_code in (200, 422), fields
    for query in ("?level=x", "?cursor=x", "?q=%00"):
        assert (await reviewer.open(WORDS + query)).status_code < 500, query
    assert (await editor.send(f"{WORDS}/remove", term="没有的词")).status_code == 404


async def test_the_audit_log_is_for_admins_and_is_read_by_subject(app_state: AppState, join: Join) -> None:
    editor, admin = join("老周", roles=("editor",)), join("总编", roles=("admin",))
    browser = await browser_of(app_state, editor)
    assert (await browser.open("/console/audit")).status_code == 403
    await browser.send(WORDS, terms="代开发票", level="block", note="<script>alert(1)</script>")
    reading = await browser_of(app_state, admin)
    page = await reading.open("/console/audit?action=words.change")
    assert "待封存" in page.text
    assert "老周" in page.text
    assert "<script>alert" not in page.text
    for query in ("subject=x", "subject=post:x", "actor=x", "action=%3Cb%3E", "cursor=x"):
        assert (await reading.open(f"/console/audit?{query}")).status_code in (400, 422), query
