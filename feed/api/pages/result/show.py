"""The page of a result: readable as it is, and recomputed by the browser."""

from typing import Any
from urllib.parse import quote

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.html.rendering import ENGLISH
from feed.api.pages.calls import get_json
from feed.api.pages.page import page, page_language
from feed.api.pages.result.document import MINE, find_entry, read_document
from feed.api.pages.sessions import InjectedSession
from feed.errors import Unauthenticated
from feed.prizes.result.messages import CORRECTIONS, OVERRIDES, PROBLEMS, REASONS
from feed.reasons import WORDS

# A browser recomputes results of so many entries by itself; of more it asks first, because the document has megabytes.
ENTRIES_BY_ITSELF = 5_000


@get("/campaigns/{campaign_id:str}/result")
async def show_result(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, entry: FromQuery[str | None] = None
) -> Response[bytes]:
    """A published result: winners, reserves, counts, draw and amendments, and the entry that is asked for."""
    language = page_language(request)
    if entry == MINE and session is None:
        raise Unauthenticated
    quoted = quote(campaign_id, safe="")
    winners = await get_json(request, None, f"/v1/campaigns/{quoted}/winners")
    document = await read_document(request, quoted, winners, language)
    viewer = session.viewer if session and entry == MINE else None
    found = await find_entry(request, viewer, quoted, entry, language, format_=document["format"]) if entry else None
    return await page(
        request,
        session,
        "result/result.html",
        cache="private" if entry == MINE else "public",
        section="campaigns",
        document=document,
        rules=document["campaign"]["rules"],
        winners=winners,
        entry=found,
        asked=entry,
        runs_by_itself=document["counts"]["entries"] <= ENTRIES_BY_ITSELF,
        **_words(language),
    )


def _words(language: str) -> dict[str, Any]:
    """The words of the codes in a document, in the language of the page."""
    index = 1 if language == ENGLISH else 0
    texts = {
        "amendment_reasons": REASONS,
        "correction_reasons": CORRECTIONS,
        "overrides": OVERRIDES,
        "problems": PROBLEMS,
        "reasons": {code: (words.zh, words.en) for code, words in WORDS.items()},
    }
    return {name: {code: pair[index] for code, pair in pairs.items()} for name, pairs in texts.items()}
