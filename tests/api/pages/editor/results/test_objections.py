"""Objections in the console: one answer, one answer for many, and who may not give one."""

from feed.accounts.model import AccountId
from feed.api.state import AppState
from feed.prizes.model import ObjectionKind
from feed.prizes.objections.actions import object_to_result
from tests.api.pages.editor.conftest import Staff
from tests.support import phases


async def objecting(app_state: AppState, campaign: phases.Played, *kinds: ObjectionKind) -> list[int]:
    """Objections of the kinds, each from another participant."""
    made: list[int] = []
    for post_id, kind in zip(campaign.posts, kinds, strict=False):
        author = await app_state.pool.fetchval("SELECT author_id FROM posts WHERE id = $1", post_id)
        made.append(
            await object_to_result(app_state.pool, campaign.id, by=AccountId(author), text=f"有异议：{kind}", kind=kind)
        )
    return made


async def test_an_uninvolved_editor_upholds_an_objection_and_another_one_reads_what_to_do(
    app_state: AppState, staff: Staff
) -> None:
    campaign = await phases.announced(app_state.pool, app_state.keys)
    (objection,) = await objecting(app_state, campaign, "winner")
    editor = await staff("钱编辑")
    path = f"/console/campaigns/{campaign.id}/objections"
    page = await editor.get(path)
    assert "有异议：winner" in page.text
    action = f"{path}/{objection}/answer"
    blank = await editor.send(page, action, {"text": "属实", "remedy": "replace", "rank": ""})
    assert blank.status_code == 422
    assert ">属实</textarea>" in blank.text
    done = await editor.send(page, action, {"text": "属实", "remedy": "replace", "rank": "1"})
    assert done.headers["location"] == f"{path}?done=answered"
    after = await (await staff("孙编辑")).get(path)
    assert "成立" in after.text
    assert f'href="/console/campaigns/{campaign.id}/winners/places/1/replace"' in after.text
    again = await editor.send(page, action, {"text": "另一个答复"})
    assert again.status_code == 409


async def test_one_answer_is_for_all_of_a_kind_that_were_read(app_state: AppState, staff: Staff) -> None:
    campaign = await phases.announced(app_state.pool, app_state.keys)
    await objecting(app_state, campaign, "counts", "counts", "marks")
    editor = await staff("钱编辑")
    path = f"/console/campaigns/{campaign.id}/objections"
    page = await editor.get(path)
    done = await editor.send(page, f"{path}/answer", {"text": "按规则计数无误"})
    assert done.headers["location"] == f"{path}?done=answered"
    assert await app_state.pool.fetchval("SELECT count(*) FROM objections WHERE answer IS NOT NULL") == 2


async def test_who_took_part_reads_why_somebody_else_has_to_answer(app_state: AppState, staff: Staff) -> None:
    campaign = await phases.settled(app_state.pool, app_state.keys)
    first, second = await staff("钱编辑"), await staff("孙编辑")
    announce = f"/console/campaigns/{campaign.id}/winners/announce"
    for each in (first, second):
        await each.send(await each.get(announce), announce)
    (objection,) = await objecting(app_state, campaign, "marks")
    path = f"/console/campaigns/{campaign.id}/objections"
    refused = await first.send(await first.get(path), f"{path}/{objection}/answer", {"text": "打分无误"})
    assert refused.status_code == 403
    assert "不能答复异议" in refused.text
    assert ">打分无误</textarea>" in refused.text


async def test_the_list_of_all_campaigns_leads_to_each_objection(app_state: AppState, staff: Staff) -> None:
    campaign = await phases.announced(app_state.pool, app_state.keys)
    other = await phases.announced(app_state.pool, app_state.keys)
    (mine,) = await objecting(app_state, campaign, "marks")
    (another,) = await objecting(app_state, other, "counts")
    editor = await staff("钱编辑")
    listed = await editor.get("/console/objections")
    assert f'href="/console/campaigns/{campaign.id}/objections#objection-{mine}"' in listed.text
    assert f'href="/console/campaigns/{other.id}/objections#objection-{another}"' in listed.text
    of_one = await editor.get(f"/console/campaigns/{campaign.id}/objections")
    assert f'id="objection-{mine}"' in of_one.text
    assert f'id="objection-{another}"' not in of_one.text
    for query in ("?show=answered", "?show=all", "?show=x", "?cursor=x"):
        assert (await editor.get(f"/console/objections{query}")).status_code in (200, 400, 422), query
