"""What each operation of the staff leaves in the audit log when the story is played: one act for each object that it affects."""

from typing import Any

from tests.support.story.stage import Stage

# Action and kind of the subject. Undoing is an act of its own.
AUDITED: dict[str, set[str]] = {
    "recuse_juror": {"juror_recused campaign"},
    "mark_entry": {"entry_marked campaign"},
    "sign_text": {"signoff.sign campaign"},
    "return_text": {"signoff.return campaign"},
    "judge_case": {"case.approve post", "case.dismiss post", "case.reject comment", "case.reject post"},
    "judge_cases": {"case.remove post"},
    "undo_verdicts": {"case.undo post"},
    "impose_sanction": {"sanction.impose account"},
    "lift_sanctions": {"sanction.lift account"},
    "take_down": {"takedown.impose post"},
    "lift_takedown": {"takedown.lift post"},
    "create_campaign": {"campaign_created campaign"},
    "change_campaign": {"campaign_changed campaign"},
    "propose_change": {"campaign_change_proposed campaign"},
    "copy_campaign": {"campaign_copied campaign"},
    "publish_campaign": {"campaign_published campaign"},
    "cancel_campaign": {"campaign_cancel_proposed campaign", "campaign_cancelled campaign"},
    "lock_marks": {"marks_locked campaign"},
    "fill_shortlist": {"shortlist_filled campaign"},
    "assign_jurors": {"jurors_assigned campaign", "jurors_proposed campaign"},
    "shortlist_entry": {"entry_shortlisted campaign"},
    "unlist_entry": {"entry_unlisted campaign"},
    "disqualify_entry": {"entry_disqualified campaign"},
    "reinstate_entry": {"entry_reinstated campaign"},
    "add_voids": {"voids_added campaign"},
    "withdraw_void": {"void_withdrawn campaign"},
    "set_fact_aside": {"fact_set_aside campaign", "fact_set_aside_first campaign"},
    "put_hot_action": {"hot.boost post"},
    "end_hot_action": {"hot.end post"},
    "change_topic": {"topic.change topic"},
    "settle_campaign": {"freeze campaign", "settle campaign"},
    "undo_settlement": {"undo_settlement campaign", "withdraw_first campaign", "withdraw_result campaign"},
    "announce_winners": {"announce campaign", "announce_first campaign"},
    "enter_draw_number": {"enter_number campaign", "keep_beacon campaign"},
    "correct_draw_number": {"correct_number campaign", "enter_correction campaign"},
    "reveal_claim": {"reveal_claim prize"},
    "export_claims": {"export_claims campaign"},
    "verify_claim": {"verify_claim prize"},
    "ship_prize": {"ship_prize prize"},
    "hand_over_prize": {"hand_over_prize prize"},
    "add_codes": {"add_codes campaign"},
    "retry_message": {"message.retry message"},
    "resolve_message": {"message.resolve message"},
    "answer_objection": {"answer_objection campaign"},
    "answer_objections": {"answer_objections campaign"},
    "replace_winner": {"replace prize", "replace_first prize"},
    "put_words": {"words.change word_list"},
    "remove_word": {"words.change word_list"},
    "list_audit": {"audit.read account", "audit.read audit"},
    "grant_claim_access": {"grant_claim_access campaign"},
    "end_claim_access": {"end_claim_access campaign"},
    "retry_job": {"job.retry job"},
    "retry_media_purge": {"media_purge.retry media_purge"},
    "retry_push": {"push.retry push"},
    "put_roles": {"staff.grant account"},
    "remove_roles": {"staff.revoke account"},
    "give_badge": {"badge.give account"},
    "take_badge": {"badge.take account"},
    "put_name": {"reserved_name.put reserved_name"},
    "remove_name": {"reserved_name.remove reserved_name"},
}
# Operations that change nothing that an act could be about.
NOT_AUDITED = {
    "lease_cases": "who works on what, for minutes",
    "release_case": "the same",
    "extend_case": "the same",
    "preview_campaign": "nothing is stored",
    "preview_voids": "the same",
    "check_text": "the same",
}
_STAFF = ("Editors", "Moderators", "Staff", "Operations")
# Roles in a token are granted at the first request with it.
_BY_TOKEN = "staff.grant account"


def unaudited(stage: Stage) -> list[str]:
    """The operations of the staff that write and leave no act, and those that leave others than the table says."""
    wrong = []
    for name, (method, _, operation) in stage.operations.items():
        acts = {f"{action} {kind}" for played in stage.audited.get(name, ()) for action, kind in played}
        if _BY_TOKEN not in AUDITED.get(name, set()):
            acts.discard(_BY_TOKEN)
        if not _is_of_staff(operation):
            continue
        if method != "GET" and not acts and name not in NOT_AUDITED:
            wrong.append(f"{name}: writes, and leaves nothing in the audit log")
        elif name in AUDITED and acts != AUDITED[name]:
            wrong.append(f"{name}: has left {sorted(acts)}, not {sorted(AUDITED[name])}")
    unknown = (AUDITED.keys() | NOT_AUDITED.keys()) - stage.operations.keys()
    return wrong + [f"{name}: no operation" for name in sorted(unknown)]


def _is_of_staff(operation: dict[str, Any]) -> bool:
    return any(tag.startswith(_STAFF) for tag in operation["tags"])
