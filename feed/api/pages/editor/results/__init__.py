"""The result of a campaign in the console: its settlement, its winners, their prizes, and objections."""

from typing import Any

from feed.api.pages.editor.results.claims import ROUTES as CLAIMS
from feed.api.pages.editor.results.draw import ROUTES as DRAW
from feed.api.pages.editor.results.fairness import ROUTES as FAIRNESS
from feed.api.pages.editor.results.fulfilment import ROUTES as FULFILMENT
from feed.api.pages.editor.results.messages import ROUTES as MESSAGES
from feed.api.pages.editor.results.objections import ROUTES as OBJECTIONS
from feed.api.pages.editor.results.settlement import ROUTES as SETTLEMENT
from feed.api.pages.editor.results.winners import ROUTES as WINNERS

ROUTES: tuple[Any, ...] = (
    *SETTLEMENT,
    *DRAW,
    *FAIRNESS,
    *WINNERS,
    *CLAIMS,
    *FULFILMENT,
    *MESSAGES,
    *OBJECTIONS,
)
