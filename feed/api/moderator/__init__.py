"""The moderators' doors: every handler's `viewer` is a reviewer, an editor or an admin."""

from litestar import Router

from feed.api.inputs import staff
from feed.api.moderator.cases import cases
from feed.api.moderator.sanctions import sanctions
from feed.api.moderator.verdicts import verdicts

router = Router(
    "/",
    route_handlers=[cases, verdicts, sanctions],
    dependencies={"viewer": staff("reviewer", "editor", "admin")},
)
