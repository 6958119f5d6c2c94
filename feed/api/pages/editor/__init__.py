"""The console of editors and jurors."""

from typing import Any

from feed.api.pages.editor.campaign_form import ROUTES as CAMPAIGN_FORM
from feed.api.pages.editor.campaigns import ROUTES as CAMPAIGNS
from feed.api.pages.editor.decisions import ROUTES as DECISIONS
from feed.api.pages.editor.editorial import ROUTES as EDITORIAL
from feed.api.pages.editor.entries import ROUTES as ENTRIES
from feed.api.pages.editor.hot import ROUTES as HOT
from feed.api.pages.editor.jury import ROUTES as JURY
from feed.api.pages.editor.marks import ROUTES as MARKS
from feed.api.pages.editor.numbers import ROUTES as NUMBERS
from feed.api.pages.editor.pictures import ROUTES as PICTURES
from feed.api.pages.editor.results import ROUTES as RESULTS
from feed.api.pages.editor.start import ROUTES as START
from feed.api.pages.editor.topics import ROUTES as TOPICS
from feed.api.pages.editor.voids import ROUTES as VOIDS

ROUTES: tuple[Any, ...] = (
    *START,
    *CAMPAIGNS,
    *CAMPAIGN_FORM,
    *DECISIONS,
    *EDITORIAL,
    *ENTRIES,
    *HOT,
    *JURY,
    *MARKS,
    *NUMBERS,
    *PICTURES,
    *RESULTS,
    *TOPICS,
    *VOIDS,
)
