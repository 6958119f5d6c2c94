"""The console of reviewers."""

from typing import Any

from feed.api.pages.reviewer.audit import show_audit
from feed.api.pages.reviewer.batches import decide_batch, show_batches, undo_batch
from feed.api.pages.reviewer.decisions import decide, undo
from feed.api.pages.reviewer.edits import change_ai_label, explain_visibility, revise_case
from feed.api.pages.reviewer.people import (
    impose_sanction,
    lift_sanctions,
    requeue_approvals,
    show_user,
    show_users,
)
from feed.api.pages.reviewer.queue import lease, show_queue
from feed.api.pages.reviewer.takedowns import lift_takedown, show_takedowns, take_down
from feed.api.pages.reviewer.word_list import check_text, put_word, remove_word, show_words
from feed.api.pages.reviewer.work import extend, release, show_work

ROUTES: tuple[Any, ...] = (
    show_queue,
    lease,
    show_work,
    extend,
    release,
    decide,
    undo,
    show_batches,
    decide_batch,
    undo_batch,
    show_takedowns,
    take_down,
    lift_takedown,
    show_users,
    show_user,
    impose_sanction,
    lift_sanctions,
    requeue_approvals,
    show_words,
    put_word,
    remove_word,
    check_text,
    show_audit,
    revise_case,
    change_ai_label,
    explain_visibility,
)
