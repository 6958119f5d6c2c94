"""The moderation endpoints, for reviewers, editors and admins."""

from litestar import Router

from feed.api.dependencies import requires_role
from feed.api.moderator.ai_labels import ai_labels
from feed.api.moderator.audit import audit
from feed.api.moderator.cases import cases, get_queue, get_queue_subjects, get_waiting_times
from feed.api.moderator.reviewers import reviewers
from feed.api.moderator.sanctions import sanctions
from feed.api.moderator.takedowns import takedowns
from feed.api.moderator.users import users
from feed.api.moderator.verdicts import verdicts
from feed.api.moderator.why import why
from feed.api.moderator.words import words

router = Router(
    "/",
    route_handlers=[
        ai_labels,
        audit,
        cases,
        get_queue,
        get_queue_subjects,
        get_waiting_times,
        verdicts,
        sanctions,
        takedowns,
        why,
        users,
        reviewers,
        words,
    ],
    guards=[requires_role("reviewer", "editor", "admin")],
    opt={"limit": "staff"},
)
