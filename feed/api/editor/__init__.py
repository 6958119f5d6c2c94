"""The endpoints of editors and admins, and beside them those of jurors, who need no role."""

from litestar import Router

from feed.api.dependencies import requires_role
from feed.api.editor.campaigns import campaigns
from feed.api.editor.checks import checks
from feed.api.editor.claim_access import claim_access
from feed.api.editor.claims import claims
from feed.api.editor.curation import curation
from feed.api.editor.draws import draws
from feed.api.editor.editorial import editorial
from feed.api.editor.entries import entries, marks
from feed.api.editor.fairness import fairness
from feed.api.editor.jobs import jobs
from feed.api.editor.jurors import jurors, jury
from feed.api.editor.media_purges import media_purges
from feed.api.editor.names import names
from feed.api.editor.numbers import numbers
from feed.api.editor.objections import objections
from feed.api.editor.preview import preview
from feed.api.editor.prizes import prizes
from feed.api.editor.pushes import pushes
from feed.api.editor.sms import messages
from feed.api.editor.staff import staff_rights
from feed.api.editor.status import status
from feed.api.editor.voids import voids

editor_routes = Router(
    "/admin",
    route_handlers=[
        campaigns,
        preview,
        entries,
        jury,
        voids,
        messages,
        prizes,
        draws,
        claims,
        claim_access,
        objections,
        fairness,
        numbers,
        curation,
        pushes,
        media_purges,
        status,
        checks,
        jobs,
    ],
    guards=[requires_role("editor", "admin")],
    opt={"limit": "staff"},
)
router = Router("/", route_handlers=[editor_routes, editorial, marks, jurors, staff_rights, names])
