"""Every operation requires its role: all routes are requested as each kind of caller."""

import re

import httpx
import pytest
from litestar import Litestar, Router, get
from litestar.datastructures import State
from litestar.routes import HTTPRoute

from feed.api.dependencies import requires_role
from feed.api.errors import EXCEPTION_HANDLERS
from feed.api.state import AppState
from tests.support import make
from tests.support.api import Join
from tests.support.app import app_over

# Jurors mark without a role; the action checks membership in the jury.
_WITHOUT_A_ROLE = {
    "/v1/admin/campaigns/{campaign_id}/entries/{post_id}/mark",
    "/v1/admin/campaigns/{campaign_id}/entries/{post_id}/recuse",
    "/v1/admin/campaigns/{campaign_id}/marks",
}
_STAFF = ("/v1/admin/", "/v1/moderation/")
# Reviewers proofread.
_OF_REVIEWERS = "/v1/admin/editorial"


def endpoints(app_state: AppState) -> list[tuple[str, str]]:
    """Method and path of every endpoint below the staff prefixes."""
    return sorted(
        (str(method), str(route.path_format))
        for route in app_over(app_state).routes
        if isinstance(route, HTTPRoute) and route.path_format.startswith(_STAFF)
        for method in route.methods
        if method not in ("OPTIONS", "HEAD")
    )


@pytest.mark.parametrize(("roles", "prefixes"), [((), _STAFF), (("reviewer",), ("/v1/admin/",))])
async def test_staff_endpoints_reject_other_callers(
    client: httpx.AsyncClient, app_state: AppState, join: Join, roles: tuple[str, ...], prefixes: tuple[str, ...]
) -> None:
    requested = [
        (method, path)
        for method, path in endpoints(app_state)
        if path.startswith(prefixes) and not (roles and path.startswith(_OF_REVIEWERS))
    ]
    assert len(requested) >= 17
    other = join("别人", roles=roles)
    reachable = []
    for method, path in requested:
        url = re.sub(r"\{[^}]*\}", "1", path).removeprefix("/v1")
        body: dict[str, str] | None = None if method in ("GET", "DELETE") else {}
        anonymous = await client.request(method, url, json=body)
        rejected = await other(method, url, body)
        if anonymous.status_code != 401 or (rejected.status_code != 403 and path not in _WITHOUT_A_ROLE):
            reachable.append((method, path, anonymous.status_code, rejected.status_code))
    assert reachable == []


# The callers of each operation. The test fails for a missing and for an unknown operation.
CALLERS = {
    "public": """
        get_challenge request_code exchange_code refresh sign_out list_posts get_post list_comments get_comment list_replies list_latest read_topic
        list_topic_posts count_new list_hot explain_hot list_videos list_topics get_user list_user_posts list_campaigns get_campaign get_rules list_campaign_posts get_leaderboard
        get_result get_proof get_draw list_winners get_config live ready get_keys get_audit_checkpoint
        stream_events
    """,
    "user": """
        publish_post edit_post list_revisions delete_post like_post unlike_post like_comment unlike_comment list_likers add_comment
        delete_comment edit_comment hide_comment show_comment feature_comment end_featuring get_relation block_user unblock_user mute_user unmute_user get_me change_me list_my_posts list_blocks list_juries decline_seat get_settings
        change_settings protect_me end_protection list_inbox read_inbox get_participation list_prizes get_prize claim_prize decline_prize receive_prize show_codes mark_entry
        list_my_marks recuse_juror object_to_result report_target list_reports
        issue_web_ticket delete_me restore_me list_sessions end_session appeal_decision list_appeals list_decisions
        request_export get_export download_export
        upload_media begin_upload complete_upload get_media list_my_media change_media delete_media
    """,
    "reviewer": """
        list_texts get_text sign_text return_text list_cases lease_cases release_case extend_case judge_case judge_cases undo_verdicts list_reasons impose_sanction
        lift_sanctions list_words get_history get_queue get_queue_subjects check_text get_case list_leased_cases get_waiting_times revise_case search_users get_user_record list_sanctions
        explain_visibility take_down lift_takedown list_takedowns label_ai unlabel_ai
    """,
    "editor": """
        list_all_campaigns create_campaign get_campaign_for_editors get_numbers preview_campaign change_campaign propose_change copy_campaign publish_campaign
        cancel_campaign lock_marks get_jury fill_shortlist list_entries assign_jurors shortlist_entry unlist_entry disqualify_entry reinstate_entry
        list_voids preview_voids add_voids withdraw_void set_fact_aside put_hot_action end_hot_action list_hot_actions list_changed_topics get_topic_for_editors change_topic settle_campaign undo_settlement announce_winners get_decision get_draw_number enter_draw_number correct_draw_number get_sheet list_claims reveal_claim export_claims verify_claim ship_prize hand_over_prize add_codes get_shredding list_stuck_prizes
        list_messages retry_message resolve_message list_objections answer_objection answer_objections replace_winner get_fairness put_words remove_word
    """,
    "admin": "get_status list_checks list_jobs retry_job list_staff list_audit requeue_approvals grant_claim_access end_claim_access list_claim_access list_pushes retry_push list_media_purges retry_media_purge put_roles remove_roles give_badge take_badge list_names put_name remove_name",
    # The app's server, with its signature.
    "hook": "hear_account_event",
    # SMS providers, with a secret in the path.
    "address": "hear_aliyun_receipts hear_tencent_receipts",
}
# The groups of operations for each caller: editors may review as well, admins may do everything.
ALLOWED = {
    "anonymous": {"public"},
    "user": {"public", "user"},
    "banned": {"public", "user"},
    "reviewer": {"public", "user", "reviewer"},
    "editor": {"public", "user", "reviewer", "editor"},
    "admin": {"public", "user", "reviewer", "editor", "admin"},
}


async def test_every_role_may_call_the_operations_of_the_table_only(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    document = (await client.get("http://feed.test/openapi.json")).json()
    operations = {
        operation["operationId"]: (method.upper(), path)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    owner = {name: group for group, names in CALLERS.items() for name in names.split()}
    assert owner.keys() == operations.keys()
    callers = {
        caller: None if caller == "anonymous" else join(caller, roles=(caller,) if caller in ALLOWED else ())
        for caller in ALLOWED
    }
    banned = callers["banned"]
    assert banned is not None
    await make.ban(app_state.pool, int((await banned("GET", "/me")).json()["id"]))
    wrong = []
    for name, (method, path) in operations.items():
        url = "http://feed.test" + re.sub(r"\{[^}]*\}", "1", path)
        body: dict[str, str] | None = None if method in ("GET", "DELETE") else {}
        for caller, person in callers.items():
            answer = await (client.request(method, url, json=body) if person is None else person(method, url, body))
            code = answer.json().get("code") if answer.status_code in (401, 403) else None
            # Without the secret of the path the response is 404.
            hidden = owner[name] == "address" and answer.status_code == 404
            stopped = hidden or code in ("unauthenticated", "role_missing", "hook_signature_invalid")
            if stopped == (owner[name] in ALLOWED[caller]):
                wrong.append((name, caller, answer.status_code, code))
    assert wrong == []


async def test_a_ban_ends_the_rights_of_staff_on_every_account_of_the_person(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    document = (await client.get("http://feed.test/openapi.json")).json()
    owner = {name: group for group, names in CALLERS.items() for name in names.split()}
    staff = {
        role: join(role, roles=(role,), phone=f"+861390000{n:04}")
        for n, role in enumerate(("reviewer", "editor", "admin"))
    }
    for n, person in enumerate(staff.values()):
        await person("GET", "/me")
        other = join(f"小号{n}", phone=f"+861390000{n:04}")
        await make.ban(app_state.pool, int((await other("GET", "/me")).json()["id"]))
    answered = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if owner[operation["operationId"]] in staff:
                url = "http://feed.test" + re.sub(r"\{[^}]*\}", "1", path)
                body: dict[str, str] | None = None if method in ("get", "delete") else {}
                answer = await staff[owner[operation["operationId"]]](method.upper(), url, body)
                answered[operation["operationId"]] = (answer.status_code, answer.json()["code"])
    assert len(answered) > 60
    assert set(answered.values()) == {(403, "banned")}


async def test_a_guard_protects_a_handler_without_a_viewer(app_state: AppState, join: Join) -> None:
    @get("/secret")
    async def secret() -> str:
        return "secret"

    app = Litestar(
        [Router("/", route_handlers=[secret], guards=[requires_role("editor")])],
        state=State({"app_state": app_state}),
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=None,
    )
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://feed.test") as client:
        assert (await client.get("/secret")).status_code == 401
        assert (await client.get("/secret", headers=join("小明").headers)).status_code == 403
        assert (await client.get("/secret", headers=join("编辑", roles=("editor",)).headers)).text == "secret"
