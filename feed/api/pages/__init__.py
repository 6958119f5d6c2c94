"""The pages that a browser sees: templates over the operations of the API."""

from typing import Any

from litestar import Router
from litestar.di import Provide

from feed.api.pages.account import ROUTES as ACCOUNT
from feed.api.pages.campaigns import ROUTES as CAMPAIGNS
from feed.api.pages.community import ROUTES as COMMUNITY
from feed.api.pages.editor import ROUTES as EDITOR
from feed.api.pages.embed import ROUTES as EMBED
from feed.api.pages.errors import PAGE_EXCEPTION_HANDLERS
from feed.api.pages.files import read_asset
from feed.api.pages.form import provide_form
from feed.api.pages.operator import ROUTES as OPERATOR
from feed.api.pages.result import ROUTES as RESULT
from feed.api.pages.reviewer import ROUTES as REVIEWER
from feed.api.pages.sessions import provide_session
from feed.api.pages.site_files import ROUTES as SITE_FILES

# The operations that a page calls are counted; the page itself as a file.
_OPTIONS: dict[str, Any] = {"limit": "files", "accept": "any"}

router = Router(
    "/",
    route_handlers=[
        read_asset,
        *SITE_FILES,
        *COMMUNITY,
        *CAMPAIGNS,
        *ACCOUNT,
        *RESULT,
        *EMBED,
        *EDITOR,
        *REVIEWER,
        *OPERATOR,
    ],
    dependencies={"session": Provide(provide_session), "form": Provide(provide_form)},
    exception_handlers=PAGE_EXCEPTION_HANDLERS,
    opt=_OPTIONS,
    include_in_schema=False,
)
