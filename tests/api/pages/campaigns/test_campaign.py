"""The pages of campaigns: what they say in each state, to whom, and what they do not say."""

import re
from datetime import timedelta
from typing import Any

import pytest

from feed.api.state import AppState
from feed.campaigns.model import WAIT_KINDS
from feed.keys.store import Keys
from feed.prizes.result.messages import OVERRIDES
from tests.api.pages.campaigns.support import browser_of, words, words_of
from tests.support import make, make_media, phases
from tests.support.make import DAY, HOUR

NOW_WORDS = {
    "scheduled": "活动还没有开始",
    "open": "正在征集作品",
    "closed": "已经截止，正在核对名单",
    "judging": "正在评选",
    "decided": "由两名编辑确认后公布",
    "announced": "公示 3 天",
    "final": "结果最终确定",
    "archived": "活动已结束并归档",
    "cancelled": "本活动已取消",
}


async def in_state(app_state: AppState, keys: Keys, state: str) -> int:
    pool = app_state.pool
    if state in ("scheduled", "open", "closed"):
        starts = {"scheduled": 1, "open": -1, "closed": -3}[state] * DAY
        return await make.campaign(pool, starts_at=make.now() + starts, ends_at=make.now() + starts + 2 * DAY)
    if state == "judging":
        return (await phases.frozen(pool, keys)).id
    if state == "decided":
        return (await phases.settled(pool, keys)).id
    campaign = (await phases.announced(pool, keys)).id if state != "cancelled" else await make.campaign(pool)
    if state in ("final", "archived"):
        await phases.finish(pool, campaign, days=3)
    if state in ("archived", "cancelled"):
        await pool.execute("UPDATE campaigns SET state = $2 WHERE id = $1", campaign, state)
    return campaign


@pytest.mark.parametrize("state", NOW_WORDS)
async def test_each_state_has_its_own_words(app_state: AppState, keys: Keys, state: str) -> None:
    campaign = await in_state(app_state, keys, state)
    browser = await browser_of(app_state)
    answer = await browser.get(f"/campaigns/{campaign}")
    said = words_of(answer)
    assert [each for each, words in NOW_WORDS.items() if words in said] == [state]
    assert answer.text.count('aria-current="step"') == (0 if state == "cancelled" else 1)
    # A result is spoken of once it is public, and objections while they are taken.
    assert ("获奖名单" in said) is (state in ("announced", "final", "archived"))
    assert ("提出异议" in said.replace("提出异议；", "")) is (state == "announced")


async def test_the_list_separates_what_is_open_from_what_is_over(app_state: AppState) -> None:
    now = make.now()
    for title, start in (("将要开始", now + DAY), ("正在征集", now - DAY), ("早已截止", now - 9 * DAY)):
        await make.campaign(app_state.pool, title=title, starts_at=start, ends_at=start + 2 * DAY)
    said = await words(await browser_of(app_state), "/campaigns")
    order = ["正在进行", "正在征集", "即将开始", "将要开始", "往期活动", "早已截止"]
    assert sorted(order, key=said.index) == order


async def test_a_draft_has_no_page(app_state: AppState) -> None:
    draft = await make.campaign(app_state.pool)
    await app_state.pool.execute("UPDATE campaigns SET state = 'draft', published_at = NULL WHERE id = $1", draft)
    browser = await browser_of(app_state)
    for path in (f"/campaigns/{draft}", f"/campaigns/{draft}/rules", f"/campaigns/{draft}/board"):
        assert (await browser.get(path)).status_code == 404
    assert str(draft) not in (await browser.get("/campaigns")).text


@pytest.mark.parametrize("given", ["x", "0", "-1", "9" * 40, "1%2Fme", "..%2F..", "%00"])
async def test_an_id_that_is_none_has_no_page(app_state: AppState, given: str) -> None:
    browser = await browser_of(app_state, await make.person(app_state.pool))
    for path in (f"/campaigns/{given}", f"/campaigns/{given}/rules", f"/campaigns/{given}/board"):
        assert (await browser.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"board": "hidden"}, "按规则，本活动不公开榜单"),
        ({"board": "after_close"}, "按规则，榜单在截止后公开"),
        ({"method": "draw"}, "抽签活动没有榜单"),
        ({"board": "public"}, "还没有上榜的作品"),
    ],
)
async def test_a_board_says_why_it_shows_nothing(app_state: AppState, rules: dict[str, Any], words: str) -> None:
    campaign = await make.campaign(app_state.pool, **rules)
    browser = await browser_of(app_state)
    for path in (f"/campaigns/{campaign}", f"/campaigns/{campaign}/board"):
        answer = await browser.get(path)
        assert words in words_of(answer)
        assert f'id="board" data-live-region="board:{campaign}"' in answer.text


async def test_a_frozen_list_has_no_board(app_state: AppState, keys: Keys) -> None:
    campaign = await phases.frozen(app_state.pool, keys)
    said = await words(await browser_of(app_state), f"/campaigns/{campaign.id}")
    assert "公布结果之前不显示榜单" in said


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_a_page_says_what_the_decision_waits_for_without_naming_what_editors_see(
    app_state: AppState, keys: Keys, language: str
) -> None:
    campaign = (await phases.frozen(app_state.pool, keys)).id
    browser = await browser_of(app_state, language=language)
    assert 'id="waits"' not in (await browser.get(f"/campaigns/{campaign}")).text
    secret = {"post_id": "777000777", "comment_id": "777000777", "marks": 1, "needed": 3, "reason": "内部说明"}
    blocks = [{"kind": kind, **secret} for kind in WAIT_KINDS for _ in range(2)]
    await app_state.pool.execute("UPDATE campaigns SET blocked_by = $2 WHERE id = $1", campaign, blocks)
    answer = await browser.get(f"/campaigns/{campaign}")
    listed = answer.text.partition('id="waits"')[2].partition("</ul>")[0]
    assert listed.count("<li>") == len(WAIT_KINDS) == len(set(listed.split("<li>")[1:]))
    served = await browser.get(f"/v1/campaigns/{campaign}", headers={"accept": "application/json"})
    assert served.json()["waits_for"] == list(WAIT_KINDS)
    for shown in (answer.text, served.text):
        assert "777000777" not in shown
        assert "内部说明" not in shown


def test_every_condition_that_can_be_overridden_is_one_that_readers_are_shown() -> None:
    # An undone settlement and a missing public number cannot be overridden.
    assert set(OVERRIDES) - {"before_settle_at"} == set(WAIT_KINDS) - {"settlement_undone", "awaiting_beacon"}


async def test_a_board_names_ranks_scores_and_their_parts(app_state: AppState, keys: Keys) -> None:
    campaign = await phases.announced(app_state.pool, keys, board="public")
    said = await words(await browser_of(app_state), f"/campaigns/{campaign.id}")
    assert "最终得分榜 最终" in said
    assert re.search(r"1 .+ 得分 \d+\.\d{6} （质量 0\.00、点赞 \d+\.\d\d、评论 0\.00）", said)


async def test_a_user_reads_what_counts_and_why_the_rest_does_not(app_state: AppState) -> None:
    pool = app_state.pool
    campaign = await make.campaign(pool)
    author = await make.person(pool)
    post = await make.entry(pool, campaign, author)
    for _ in range(2):
        await make.like(pool, post, await make.person(pool))
    await make.like(pool, post, await make.account(pool, verified=False))
    browser = await browser_of(app_state, author)
    said = await words(browser, f"/campaigns/{campaign}")
    assert "我的参与 符合获奖条件" in said
    assert "点赞32" in said
    assert "不计入：点赞 1" in said
    assert "我的参与" not in await words(await browser_of(app_state), f"/campaigns/{campaign}")


async def test_a_user_without_phone_reads_that_nothing_can_be_won(app_state: AppState) -> None:
    campaign = await make.campaign(app_state.pool)
    browser = await browser_of(app_state, await make.account(app_state.pool, verified=False))
    answer = await browser.get(f"/campaigns/{campaign}")
    assert "目前你不能获奖：" in words_of(answer)
    assert 'href="/me/phone"' in answer.text


async def test_a_page_for_everybody_holds_nothing_of_a_reader(app_state: AppState) -> None:
    campaign = await make.campaign(app_state.pool)
    for path in (
        "/campaigns",
        f"/campaigns/{campaign}",
        f"/campaigns/{campaign}/rules",
        f"/campaigns/{campaign}/board",
    ):
        answer = await (await browser_of(app_state)).get(path)
        assert answer.headers["cache-control"] == "public, max-age=0, s-maxage=1"
        assert "set-cookie" not in answer.headers
        assert "session_token" not in answer.text
        own = await (await browser_of(app_state, await make.person(app_state.pool))).get(path)
        assert own.headers["cache-control"] == "private, no-cache"


async def test_a_link_preview_has_title_summary_and_address(app_state: AppState) -> None:
    campaign = await make.campaign(app_state.pool, title='读书"月" & <夜>', body="分享\n你的读书瞬间" + "好" * 200)
    answer = await (await browser_of(app_state)).get(f"/campaigns/{campaign}")
    metas = dict(re.findall(r'<meta property="(og:[a-z:_]+)" content="([^"]*)">', answer.text))
    assert metas["og:title"] == "读书&#34;月&#34; &amp; &lt;夜&gt;"
    assert metas["og:description"].startswith("分享 你的读书瞬间好")
    assert len(metas["og:description"]) == 120
    assert metas["og:url"] == f"{app_state.settings.public_url}/campaigns/{campaign}"
    assert metas["og:image"].startswith("http")
    assert metas["og:image"].endswith("/share.png")


async def test_every_page_of_a_campaign_has_one_heading_and_says_something(app_state: AppState) -> None:
    campaign = await make.campaign(app_state.pool)
    for _ in range(11):
        await make.entry(app_state.pool, campaign)
    coming = await make.campaign(app_state.pool, starts_at=make.now() + DAY, ends_at=make.now() + 2 * DAY)
    browser = await browser_of(app_state)
    first = await browser.get(f"/campaigns/{campaign}")
    more = re.search(r'rel="next" href="([^"#]+)', first.text)
    assert more is not None
    for path in (f"/campaigns/{campaign}", more[1].replace("&amp;", "&"), f"/campaigns/{coming}/board"):
        assert (await browser.get(path)).text.count("<h1") == 1, path
    assert "活动开始后才有榜单" in await words(browser, f"/campaigns/{coming}/board")


async def test_markup_in_a_campaign_stays_text(app_state: AppState) -> None:
    evil = "<script>alert(1)</script>"
    prize = phases.PRIZE | {"name": evil}
    campaign = await make.campaign(
        app_state.pool, title=evil, body=evil, notes=evil, organiser=evil, contact=evil, prizes=[prize]
    )
    browser = await browser_of(app_state)
    for path in ("/campaigns", f"/campaigns/{campaign}", f"/campaigns/{campaign}/rules"):
        answer = await browser.get(path)
        assert evil not in answer.text
        assert "&lt;script&gt;" in answer.text


async def test_each_version_of_the_rules_stays_readable(app_state: AppState) -> None:
    pool = app_state.pool
    campaign = await make.campaign(pool)
    await pool.execute("UPDATE campaign_rules SET rules_text = '第一版规则' WHERE campaign_id = $1", campaign)
    await pool.execute(
        """
        INSERT INTO campaign_rules (campaign_id, version, rules, rules_text, rules_sha256, created_by)
        SELECT campaign_id, 2, rules, '第二版规则', repeat('ab', 32), created_by FROM campaign_rules WHERE campaign_id = $1
        """,
        campaign,
    )
    await pool.execute("UPDATE campaigns SET rules_version = 2 WHERE id = $1", campaign)
    browser = await browser_of(app_state)
    newest = await words(browser, f"/campaigns/{campaign}/rules")
    assert "第二版规则" in newest
    assert "ab" * 32 in newest
    assert "较早版本" not in newest
    first = await words(browser, f"/campaigns/{campaign}/rules?version=1")
    assert "第一版规则" in first
    assert "这是规则的较早版本" in first
    assert (await browser.get(f"/campaigns/{campaign}/rules?version=3")).status_code == 404


async def test_times_are_those_of_shanghai_with_utc_beside_them(app_state: AppState) -> None:
    ends = (make.now() + 10 * DAY).replace(hour=17, minute=30, second=0, microsecond=0)
    campaign = await make.campaign(app_state.pool, ends_at=ends)
    answer = await (await browser_of(app_state)).get(f"/campaigns/{campaign}")
    shown = ends + timedelta(hours=8)
    written = f"{shown.year}年{shown.month}月{shown.day}日 01:30"
    assert f'<time datetime="{ends:%Y-%m-%dT%H:%M:%S}Z">{written}</time>' in answer.text


async def test_a_draw_shows_what_it_has_committed_itself_to(app_state: AppState, keys: Keys) -> None:
    campaign = await phases.listed(app_state.pool, keys)
    said = await words(await browser_of(app_state), f"/campaigns/{campaign.id}")
    assert "封存种子 种子的 SHA-256：" in said
    assert "张签" in said
    assert f"等待：{phases.NUMBER_NAME}" in said


async def test_a_draw_by_comment_leads_to_its_announcement(app_state: AppState) -> None:
    pool = app_state.pool
    post = await make.post(pool, await make.account(pool), at=make.now() - HOUR)
    campaign = await make.campaign(pool, method="draw", entry_by="comment", announcement_post_id=str(post))
    answer = await (await browser_of(app_state)).get(f"/campaigns/{campaign}")
    assert "在下面这条动态下评论，就是参与抽签" in words_of(answer)
    assert f'id="post-{post}"' in answer.text
    assert f'href="/posts/{post}#comments">去评论' in answer.text
    assert 'id="entries"' not in answer.text


async def test_a_draw_whose_announcement_is_hidden_says_so_and_leads_nowhere(app_state: AppState) -> None:
    pool = app_state.pool
    for entry_by in ("comment", "like"):
        post = await make.post(pool, await make.account(pool), at=make.now() - HOUR, state="removed")
        campaign = await make.campaign(pool, method="draw", entry_by=entry_by, announcement_post_id=str(post))
        answer = await (await browser_of(app_state)).get(f"/campaigns/{campaign}")
        assert "公告动态正在复核，暂时不能参加" in words_of(answer)
        assert "下面这条动态" not in words_of(answer)
        assert f'href="/posts/{post}' not in answer.text


async def test_an_expired_cursor_begins_again(app_state: AppState) -> None:
    campaign = await make.campaign(app_state.pool)
    for _ in range(11):
        await make.entry(app_state.pool, campaign)
    browser = await browser_of(app_state)
    first = await browser.get(f"/campaigns/{campaign}")
    more = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert more is not None
    second = await browser.get(more[1].replace("&amp;", "&").partition("#")[0])
    assert second.text.count("<article") == 1
    assert "怎么参与" not in second.text
    assert (await browser.get(f"/campaigns/{campaign}?cursor=forged")).status_code == 400


@pytest.mark.parametrize("query", ["sort=worst", "cursor=%00", "version=x", "unknown=1"])
async def test_a_wrong_parameter_is_never_a_failure_of_the_server(app_state: AppState, query: str) -> None:
    campaign = await make.campaign(app_state.pool)
    browser = await browser_of(app_state)
    for path in (
        "/campaigns",
        f"/campaigns/{campaign}",
        f"/campaigns/{campaign}/rules",
        f"/campaigns/{campaign}/board",
    ):
        assert (await browser.get(f"{path}?{query}")).status_code < 500


async def test_a_cover_is_a_small_absolute_picture_in_link_previews(app_state: AppState) -> None:
    pool = app_state.pool
    cover = await make_media.medium(pool, await make.person(pool), used_as="cover", alt='晚霞 "里" 的天际线')
    campaign = await make.campaign(pool, cover_media_id=str(cover))
    await pool.execute("UPDATE media SET campaign_id = $2 WHERE id = $1", cover, campaign)
    browser = await browser_of(app_state)
    answer = await browser.get(f"/campaigns/{campaign}")
    found = re.search(r'<meta property="og:image" content="([^"]*)">', answer.text)
    assert found is not None
    assert re.fullmatch(r"https?://[^/]+/.+/list\.(jpg|webp)", found[1])
    assert '<meta property="og:image:alt" content="晚霞 &#34;里&#34; 的天际线">' in answer.text
    # In place of one that was taken down stands the picture of the site.
    await pool.execute("UPDATE media SET removed_at = now(), removed_for = 'taken_down' WHERE id = $1", cover)
    without = await browser.get(f"/campaigns/{campaign}")
    found = re.search(r'<meta property="og:image" content="([^"]*)">', without.text)
    assert found is not None
    assert found[1].endswith("/share.png")
    assert "og:image:alt" not in without.text


async def test_reserves_are_shown_without_names(app_state: AppState, keys: Keys) -> None:
    campaign = await phases.announced(app_state.pool, keys, entries=6, reserve_count=2)
    said = await words(await browser_of(app_state), f"/campaigns/{campaign.id}")
    assert "候补名单（2） 作品（总排名第 3） 作品（总排名第 4）" in said


@pytest.mark.parametrize("state", NOW_WORDS)
async def test_pages_in_english_speak_english(app_state: AppState, keys: Keys, state: str) -> None:
    campaign = await in_state(app_state, keys, state)
    browser = await browser_of(app_state, await make.person(app_state.pool), language="en")
    for path in ("/campaigns", "/prizes", f"/campaigns/{campaign}", f"/campaigns/{campaign}/objections"):
        said = await words(browser, path)
        for own in ("读书月", "读书", "深圳盒子", phases.NUMBER_NAME, "中文"):
            said = said.replace(own, "")
        assert re.findall("[\N{CJK UNIFIED IDEOGRAPH-4E00}-\N{CJK UNIFIED IDEOGRAPH-9FFF}]+", said) == [], path
