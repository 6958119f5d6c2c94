"""The moderators' doors: every handler's `viewer` is a reviewer, an editor or an admin.

The guard is what provides `viewer`, so a handler that does not ask for it would stand open; a test calls every one.
"""

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
