"""Entries, voids, the jury and the pages of jurors on the wire: what is decided is done once, and every field is inert."""

import re
from typing import Any

import pytest

from feed.accounts.model import AccountId
from feed.api.state import AppState
from feed.campaigns import actions
from feed.campaigns.rules.draft import CampaignFields
from feed.decoding.decoder import convert
from tests.api.pages.editor.conftest import Staff
from tests.support import make, make_media
from tests.support.campaigns_api import terms
from tests.support.pages import BrowserClient, hidden_fields

# As long as a name may be.
MARKUP = "<script>n</script>"


async def running(app_state: AppState, **changed: Any) -> tuple[int, list[int]]:
    """An open campaign with three entries, by authors whose names are markup."""
    campaign = await make.campaign(app_state.pool, **changed)
    posts = []
    for number in range(3):
        author = await make.person(app_state.pool)
        await app_state.pool.execute("UPDATE accounts SET name = $2 WHERE id = $1", author, f"{MARKUP}{number}")
        posts.append(await make.entry(app_state.pool, campaign, author))
    for number, post in enumerate(posts):
        for _ in range(3 - number):
            await make.like(app_state.pool, post, await make.person(app_state.pool))
    await app_state.pool.execute("UPDATE post_revisions SET text = $1", f"#读书# {MARKUP}")
    return campaign, posts


async def test_an_entry_is_shortlisted_disqualified_and_reinstated_where_it_is(
    app_state: AppState, staff: Staff
) -> None:
    campaign, posts = await running(app_state)
    editor = await staff("钱编辑")
    base = f"/console/campaigns/{campaign}/entries"
    page = await editor.get(f"{base}?sort=newest")
    assert page.status_code == 200
    assert MARKUP not in page.text
    back = {
        "session_token": hidden_fields(page.text, f"{base}/{posts[0]}/disqualify")["session_token"],
        "back": f"{base}?sort=newest",
    }
    for verb, listed in (("shortlist", True), ("shortlist", True), ("unlist", False)):
        sent = await editor.post(f"{base}/{posts[0]}/{verb}", back)
        assert sent.headers["location"] == f"{base}?sort=newest"
        shown = (await editor.get(f"{base}?shortlist=yes")).text
        assert (f'id="entry-{posts[0]}"' in shown) == listed
    action = f"{base}/{posts[0]}/disqualify"
    nothing = await editor.send(page, action, {"reason_code": ""})
    assert nothing.status_code == 422
    await editor.send(page, action, {"reason_code": "copied", "note": MARKUP})
    gone = await editor.get(base)
    assert "已取消资格" in gone.text
    assert MARKUP not in gone.text
    again = await editor.send(page, action, {"reason_code": "copied"})
    assert (again.status_code, "entry_disqualified" in again.text) == (409, True)
    await editor.send(gone, f"{base}/{posts[0]}/reinstate", {"reason_code": "checked"})
    assert 'class="badge bad"' not in (await editor.get(base)).text
    filled = await editor.send(gone, f"/console/campaigns/{campaign}/shortlist", {"size": "2"})
    assert filled.headers["location"] == f"{base}?shortlist=yes"
    assert (await editor.get(f"{base}?shortlist=yes")).text.count('class="card entry"') == 2
    odd = await editor.send(gone, f"/console/campaigns/{campaign}/shortlist", {"size": "viele"})
    assert odd.status_code == 422


async def test_voids_are_made_only_as_their_effect_was_shown(app_state: AppState, staff: Staff) -> None:
    campaign, posts = await running(app_state)
    editor = await staff("钱编辑")
    path = f"/console/campaigns/{campaign}/voids"
    fields: dict[str, Any] = {
        "target": "post",
        "post_id": str(posts[0]),
        "kinds": ["like", "comment"],
        "reason_code": "bought",
        "note": MARKUP,
    }
    page = await editor.get(f"{path}?post_id={posts[0]}")
    # A request that skips the preview, or was changed after it, is shown its effect first.
    shown = await editor.send(page, path, fields | {"do": "add"})
    assert (shown.status_code, "3 → 0" in shown.text) == (200, True)
    other = await editor.send(shown, path, fields | {"do": "add", "post_id": str(posts[1])})
    assert (other.status_code, "2 → 0" in other.text) == (200, True)
    assert await app_state.pool.fetchval("SELECT count(*) FROM voids") == 0
    made = [await editor.send(shown, path, fields | {"do": "add"}) for _ in range(2)]
    assert [each.headers["location"] for each in made] == [f"{path}?done=added"] * 2
    assert await app_state.pool.fetchval("SELECT count(*) FROM voids") == 1
    listed = (await editor.get(path)).text
    assert MARKUP not in listed
    void = re.search(r'formaction="([^"]*/withdraw)"', listed)
    assert void is not None
    withdrawn = await editor.post(void[1], {"session_token": hidden_fields(listed, path)["session_token"]})
    assert withdrawn.headers["location"] == f"{path}?done=withdrawn"
    odd_fields: list[dict[str, Any]] = [
        {"post_id": "x"},
        {"target": "users", "user_ids": "1 x"},
        {"reason_code": "no"},
        {"kinds": []},
    ]
    for odd in odd_fields:
        refused = await editor.send(page, path, fields | odd)
        assert (refused.status_code, refused.headers["content-type"]) == (422, "text/html; charset=utf-8"), odd


async def test_the_jury_is_named_by_search_and_its_marks_stay_secret_until_they_are_locked(
    app_state: AppState, staff: Staff
) -> None:
    campaign, posts = await running(app_state)
    editor, juror = await staff("钱编辑"), await staff("评委王", role=None)
    base = f"/console/campaigns/{campaign}/jury"
    found = await editor.get(f"{base}?q=评委王")
    named = await editor.send(found, f"{base}/add")
    assert named.headers["location"] == f"{base}?done=added"
    await app_state.pool.execute("UPDATE entries SET shortlisted_at = now() WHERE campaign_id = $1", campaign)
    marking = f"/console/jury/{campaign}"
    # Nothing else leads a juror without a role to the marks.
    assert f'href="{marking}"' in (await juror.get("/inbox")).text
    page = await juror.get(marking)
    # Neither names nor numbers are in the source of the page, whatever is in the operation's response.
    assert MARKUP not in page.text
    assert "script&gt;0" not in page.text
    assert not re.search(r"赞|评论", page.text)
    action = f"{marking}/{posts[0]}/mark"
    wrong = await juror.send(page, action, {"score": "101", "note": MARKUP})
    assert (wrong.status_code, 'value="101"' in wrong.text, MARKUP in wrong.text) == (422, True, False)
    marked = await juror.send(page, action, {"score": "77.25", "note": "好"})
    assert marked.headers["location"] == f"{marking}?saved={posts[0]}"
    following = await juror.get(marked.headers["location"])
    assert f'action="{marking}/{posts[1]}/mark"' in following.text
    recused = await juror.send(following, f"{marking}/{posts[1]}/recuse", {"reason": f"亲属 {MARKUP}"})
    assert recused.status_code == 303
    progress = (await editor.get(base)).text
    assert "1 / 2" in progress
    assert "亲属" in progress
    assert MARKUP not in progress
    assert "77.25" not in progress
    assert "77.25" not in (await editor.get(f"/console/campaigns/{campaign}/entries")).text
    stranger = await staff("路人", role=None)
    assert (await stranger.get(marking)).status_code == 403
    assert (await stranger.get("/console/jury")).status_code == 200


@pytest.mark.parametrize("state", ["draft", "open"])
async def test_markup_in_every_field_of_a_campaign_is_inert_in_the_console(
    app_state: AppState, staff: Staff, state: str
) -> None:
    editor = await staff(MARKUP)
    account = int(await app_state.pool.fetchval("SELECT max(id) FROM accounts"))
    fields: dict[str, Any] = {
        "title": MARKUP,
        "topic": "读书",
        "body": MARKUP,
        "notes": MARKUP,
        "organiser": MARKUP,
        "contact": MARKUP,
        "beacon": MARKUP,
        "criteria": [{"name": "<b>创意", "weight": "1"}],
        "prizes": [{"name": MARKUP, "kind": "ticket", "value_cny": "1", "terms": MARKUP}],
        "delivery": {"within_days": 3, "place": MARKUP},
    }
    campaign: int
    if state == "open":
        campaign = await make.campaign(app_state.pool, **fields)
    else:
        campaign = await actions.create_campaign(app_state.pool, AccountId(account), convert(fields, CampaignFields))
    for rest in ("", "/edit", "/publish", "/cancel", "/entries", "/voids", "/jury", "/lock-marks", "/pictures?slot=0"):
        page = await editor.get(f"/console/campaigns/{campaign}{rest}")
        assert page.status_code == 200, rest
        assert MARKUP not in page.text, rest
        assert "<b>创意" not in page.text, rest
    for path in ("/console", "/console/campaigns"):
        assert MARKUP not in (await editor.get(path)).text


async def test_a_picture_is_chosen_for_a_prize_and_taken_away(app_state: AppState, staff: Staff) -> None:
    editor = await staff("钱编辑")
    account = int(await app_state.pool.fetchval("SELECT max(id) FROM accounts"))
    fields = {"title": "读书", "prizes": [{"name": "好书", "kind": "goods", "value_cny": "59.9"}]}
    campaign = await actions.create_campaign(app_state.pool, AccountId(account), convert(fields, CampaignFields))
    path = f"/console/campaigns/{campaign}/pictures"
    page = await editor.get(f"{path}?slot=0")
    assert "好书" in page.text
    token = hidden_fields(
        (await editor.get(f"/console/campaigns/{campaign}/edit")).text, f"/console/campaigns/{campaign}/edit"
    )
    for slot, media, status in (("0", "1", 422), ("9", "1", 303), ("cover", "x", 422), ("²", "", 303)):
        answer = await editor.post(path, {"session_token": token["session_token"], "slot": slot, "media_id": media})
        assert answer.status_code == status, slot
    assert isinstance(editor, BrowserClient)


async def test_what_was_not_read_is_neither_published_nor_given_a_picture(app_state: AppState, staff: Staff) -> None:
    first = await staff("钱编辑")
    account = AccountId(int(await app_state.pool.fetchval("SELECT max(id) FROM accounts")))
    prizes = [{"name": name, "kind": "goods", "value_cny": "59.9"} for name in ("好书", "门票")]
    weights = {"quality": "0.5", "likes": "0.3", "comments": "0.2"}
    fields = convert(terms(prizes=prizes, weights=weights), CampaignFields)
    campaign = await actions.create_campaign(app_state.pool, account, fields)
    media_id = await make_media.medium(app_state.pool, account)
    base = f"/console/campaigns/{campaign}"
    publishing = await first.get(f"{base}/publish")
    pictures = await first.get(f"{base}/pictures?slot=0")
    assert "确认发布" in publishing.text
    # The prizes change their places.
    moved = convert({"prizes": prizes[::-1]}, CampaignFields)
    await actions.change_campaign(app_state.pool, app_state.keys, account, campaign, moved)
    refused = await first.send(pictures, f"{base}/pictures", {"media_id": str(media_id)})
    assert (refused.status_code, "另一位编辑已修改本活动" in refused.text) == (409, True)
    refused = await first.send(publishing, f"{base}/publish")
    assert (refused.status_code, "另一位编辑已修改本活动" in refused.text) == (409, True)
    draft = await app_state.pool.fetchval("SELECT draft FROM campaigns WHERE id = $1", campaign)
    assert [(each["name"], each.get("image_media_id")) for each in draft["prizes"]] == [("门票", None), ("好书", None)]
    # What is read now can be acted on.
    assert (await first.send(refused, f"{base}/publish")).status_code == 303


async def test_a_juror_who_gives_up_the_seat_reads_that_it_is_given_up_or_why_not(
    app_state: AppState, staff: Staff
) -> None:
    campaign, _ = await running(app_state)
    # Who made it is notified.
    made_by = await make.person(app_state.pool, role="editor")
    await app_state.pool.execute("UPDATE campaigns SET created_by = $2 WHERE id = $1", campaign, made_by)
    juror = await staff("评委王", role=None)
    await make.juror(app_state.pool, campaign, int((await juror.get("/sign-in/state")).json()["user_id"]))
    page = await juror.get("/console/jury")
    action = f"/console/jury/{campaign}/decline"
    declined = await juror.send(page, action)
    assert "你已不是该活动的评委" in (await juror.get(declined.headers["location"])).text
    refused = await juror.post("/console/jury/17/decline", hidden_fields(page.text, action))
    assert (refused.status_code, "你现在不是任何活动的评委" in refused.text) == (404, True)
