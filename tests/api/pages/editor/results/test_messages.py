"""SMS to winners in the console: what failed is decided by an editor, and numbers stay masked."""

from feed.api.state import AppState
from tests.api.pages.editor.conftest import Staff
from tests.support import phases


async def test_an_sms_that_failed_is_resolved_or_sent_again_with_a_reason(app_state: AppState, staff: Staff) -> None:
    campaign = await phases.announced(app_state.pool, app_state.keys)
    await app_state.pool.execute(
        "UPDATE messages SET state = 'failed', error_code = '<b>', sending_at = now(), ended_at = now() WHERE campaign_id = $1",
        campaign.id,
    )
    first, second = [
        row["id"]
        for row in await app_state.pool.fetch("SELECT id FROM messages WHERE campaign_id = $1 ORDER BY id", campaign.id)
    ]
    editor = await staff("钱编辑")
    path = f"/console/campaigns/{campaign.id}/winners/messages"
    page = await editor.get(path)
    assert page.headers["cache-control"] == "private, no-store"
    assert "****" in page.text
    assert "&lt;b&gt;" in page.text
    resolve = f"{path}/{first}/resolve"
    blank = await editor.send(page, resolve, {"outcome": "sent", "reason": ""})
    assert blank.status_code == 422
    done = await editor.send(page, resolve, {"outcome": "sent", "reason": "本人说已收到"})
    assert done.status_code == 303, done.text[done.text.find("data-problem") :][:400]
    assert done.headers["location"] == f"{path}?done=message_resolve"
    # The same form, sent by its other button.
    fields = {"session_token": "", "form_token": "retry", "reason": "号码无误"}
    done = await editor.post(f"{path}/{second}/retry", fields)
    assert done.headers["location"] == f"{path}?done=message_retry"
    again = await editor.post(f"{path}/{second}/retry", fields | {"form_token": "again"})
    assert again.status_code == 409
    assert "待发送" in (await editor.get(f"{path}?show=queued")).text
    assert (await editor.get(resolve)).headers["location"] == path
    for odd in ("?show=x", "?cursor=x"):
        assert (await editor.get(f"{path}{odd}")).status_code in (200, 400, 422), odd
    assert (await (await staff("路人", role="reviewer")).get(path)).status_code == 403
