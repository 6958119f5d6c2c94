"""The editors' doors: every handler's `viewer` is an editor or an admin."""

from litestar import Router

from feed.api.inputs import staff

router = Router("/admin", route_handlers=[], dependencies={"viewer": staff("editor", "admin")})
