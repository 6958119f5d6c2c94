"""The pages of a user: signing in and out, inbox, settings, reports and appeals."""

from typing import Any

from feed.api.pages.account.complaints import (
    appeal_decision,
    list_appeals,
    list_decisions,
    list_reports,
    report_target,
    show_appeal,
    show_report,
)
from feed.api.pages.account.inbox import read_inbox, show_inbox
from feed.api.pages.account.language import choose_language
from feed.api.pages.account.leaving import (
    delete_account,
    download_export,
    request_export,
    restore_account,
    show_deletion,
    show_export,
)
from feed.api.pages.account.profile import change_profile, show_avatar, show_me, upload_avatar, use_avatar
from feed.api.pages.account.sessions import end_session, list_sessions, show_state, sign_out
from feed.api.pages.account.settings import (
    change_settings,
    end_protection,
    end_relation,
    protect,
    show_blocks,
    show_phone,
    show_settings,
)
from feed.api.pages.account.sign_in import exchange_code, keep_sent_form, leave_form, request_code, show_sign_in
from feed.api.pages.account.tickets import show_ticket, use_ticket

ROUTES: tuple[Any, ...] = (
    choose_language,
    show_sign_in,
    request_code,
    exchange_code,
    leave_form,
    keep_sent_form,
    show_ticket,
    use_ticket,
    show_state,
    sign_out,
    list_sessions,
    end_session,
    show_me,
    change_profile,
    show_avatar,
    upload_avatar,
    use_avatar,
    show_settings,
    change_settings,
    protect,
    end_protection,
    show_blocks,
    end_relation,
    show_phone,
    show_inbox,
    read_inbox,
    show_report,
    report_target,
    show_appeal,
    appeal_decision,
    list_reports,
    list_appeals,
    list_decisions,
    show_export,
    request_export,
    download_export,
    show_deletion,
    delete_account,
    restore_account,
)
