"""The moderators' doors: every handler's `viewer` is a reviewer, an editor or an admin."""

from litestar import Router

from feed.api.inputs import staff

router = Router("/moderation", route_handlers=[], dependencies={"viewer": staff("reviewer", "editor", "admin")})
