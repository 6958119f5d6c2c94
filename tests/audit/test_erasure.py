"""What the audit log keeps of an erased person: ids, codes and a chain that verifies."""

from datetime import UTC, datetime, timedelta

from feed.api.state import AppState
from feed.audit.sealing import seal_audit
from tests.support.api import Join
from tests.support.audit_log import newest, verify
from tests.support.planted import dumped

NAME, PHONE, MAIL, IDENTITY = "阿芙罗拉·读书人", "+8613912345678", "aurora@mail.example.cn", "11010519491231002X"


async def _acts(join: Join, user_id: str) -> None:
    """Acts of the staff on the user, whose reasons name more than they should."""
    admin, editor = join("主编", roles=("admin",)), join("编辑", roles=("editor",))
    body = {"kind": "mute", "reason_code": "spam"}
    assert (await admin("PUT", f"/moderation/users/{user_id}/sanction", body)).is_success
    assert (await admin("GET", "/moderation/users", params={"q": PHONE})).is_success
    assert (await admin("GET", "/audit", params={"subject": f"account:{user_id}"})).is_success
    (post_id,) = await _post(join)
    why = f"电话 {PHONE}、139 1234 5678，邮箱 {MAIL}，证件 {IDENTITY}"
    until = (datetime.now(UTC) + timedelta(hours=5)).isoformat()
    answer = await editor("PUT", f"/admin/hot/{post_id}", {"action": "boost", "reason": why, "until": until})
    assert answer.is_success, answer.text


async def _post(join: Join) -> list[str]:
    answer = await join("作者")("POST", "/posts", {"text": "今天读完一本书"})
    return [answer.json()["id"]]


async def test_after_an_erasure_the_chain_verifies_and_no_event_names_the_person(
    app_state: AppState, join: Join, database: str
) -> None:
    reader = join(NAME, phone=PHONE)
    user_id = (await reader("GET", "/me")).json()["id"]
    await _acts(join, user_id)
    await seal_audit(app_state.pool, app_state.keys)
    before = await newest(app_state.pool)

    assert (await reader("DELETE", "/me")).is_success
    await seal_audit(app_state.pool, app_state.keys)

    report = await verify(app_state.pool, app_state.keys, before)
    assert report.is_intact
    rows = await app_state.pool.fetch("SELECT id, action, detail::text AS detail FROM audit")
    actions = {row["action"] for row in rows}
    assert {"account.request_deletion", "sanction.impose", "account.look_up", "audit.read", "hot.boost"} <= actions
    written = "\n".join(str(dict(row)) for row in rows)
    assert all(word not in written for word in (NAME, PHONE, PHONE[3:], "139 1234 5678", MAIL, IDENTITY))
    dump = (await dumped(database)).decode()
    of_audit = [part for part in dump.split("\nCOPY ") if part.startswith("public.audit")]
    assert of_audit
    assert all(word not in part for part in of_audit for word in (NAME, PHONE[3:], MAIL, IDENTITY))


async def test_nothing_that_is_deleted_takes_a_row_of_the_log_with_it(app_state: AppState) -> None:
    """No table refers to the log, and the log refers to none: no cascade reaches it."""
    references = await app_state.pool.fetch(
        """
        SELECT conname FROM pg_constraint
        WHERE contype = 'f' AND (
            conrelid::regclass::text LIKE 'audit%' OR confrelid::regclass::text LIKE 'audit%'
        )
        """
    )
    assert references == []
    triggers = await app_state.pool.fetch(
        "SELECT tgname FROM pg_trigger WHERE tgrelid::regclass::text LIKE 'audit%' AND NOT tgisinternal"
    )
    assert triggers == []
