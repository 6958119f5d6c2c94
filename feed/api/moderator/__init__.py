"""The moderators' doors: for reviewers, editors and admins."""

from litestar import Router

from feed.api.inputs import staff
from feed.api.moderator.cases import cases
from feed.api.moderator.sanctions import sanctions
from feed.api.moderator.verdicts import verdicts

router = Router(
    "/",
    route_handlers=[cases, verdicts, sanctions],
    guards=[staff("reviewer", "editor", "admin")],
    opt={"limit": "staff"},
)
