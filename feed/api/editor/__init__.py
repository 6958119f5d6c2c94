"""The editors' doors: for editors and admins. The jurors' one door stands beside them."""

from litestar import Router

from feed.api.editor.campaigns import campaigns
from feed.api.editor.judging import judgements, jury
from feed.api.editor.prizes import prizes
from feed.api.inputs import staff

guarded = Router(
    "/admin",
    route_handlers=[campaigns, judgements, prizes],
    guards=[staff("editor", "admin")],
    opt={"limit": "staff"},
)
router = Router("/", route_handlers=[guarded, jury])
