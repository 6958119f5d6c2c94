"""Endpoints of the words that the machine check looks for: reviewers read them, editors and admins change them."""

from datetime import datetime
from typing import Annotated, get_args

import msgspec
from litestar import Router, delete, get, post, put
from litestar.params import FromQuery, JSONBody, QueryParameter

from feed.api.dependencies import Cursor, InjectedAppState, InjectedViewer, Limit, requires_role
from feed.moderation import words as actions
from feed.moderation.model import ADVERSE_REASONS
from feed.posts.model import TEXT, PostText
from feed.screening import words_store as store
from feed.screening.forms import form_of
from feed.screening.model import MachineResult
from feed.screening.word_list import ListedLevel
from feed.screening.words_model import TERM, WORDS_MOST, ListChange, WordIn, WordNote, WordNotFound
from feed.screening.words_store import WordRow
from feed.screens.posts.cards import Id
from feed.texts import among, require_text

_CHANGE = [requires_role("editor", "admin")]
Part = Annotated[str, QueryParameter(max_length=TERM.raw_longest, description="A part of the words.")]
ExistingTerm = Annotated[str | None, QueryParameter(max_length=TERM.raw_longest, description="The word to take out.")]


class WordsIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words to add or to replace: all are listed, or none."""

    words: Annotated[list[WordIn], msgspec.Meta(max_length=WORDS_MOST, extra_json_schema={"minItems": 1})]
    even_if_common: bool = False


class TextIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text to be checked, which is stored nowhere."""

    text: PostText


class WordCard(msgspec.Struct, frozen=True, kw_only=True):
    """A listed word."""

    term: str
    level: ListedLevel
    label: Annotated[str, among(ADVERSE_REASONS)]
    note: WordNote
    since: int
    changed_by: Id | None
    changed_at: datetime


class WordPage(msgspec.Struct, frozen=True):
    """Listed words, in a stable order."""

    version: int
    count: int
    items: list[WordCard]
    next_cursor: str | None


@get("/")
async def list_words(
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    q: Part = "",
    level: FromQuery[ListedLevel | None] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> WordPage:
    """The listed words, all or those that contain a part."""
    part = form_of(q)
    name = f"words:{level}:{part}"
    after = app_state.cursors.read(name, cursor, str) if cursor else ""
    async with app_state.pool.acquire() as conn:
        rows = await store.list_rows(
            conn, part=part, levels=[level] if level else get_args(ListedLevel), after=after, limit=limit + 1
        )
        version, count = await store.get_version(conn), await store.count_words(conn)
    more = app_state.cursors.write(name, rows[limit - 1].form) if len(rows) > limit else None
    return WordPage(version, count, [_card(row) for row in rows[:limit]], more)


@put("/", guards=_CHANGE)
async def put_words(data: JSONBody[WordsIn], app_state: InjectedAppState, viewer: InjectedViewer) -> ListChange:
    """Add words, or replace those that are the same without width, case, spaces and symbols. In force everywhere within five seconds.

    They are tried on harmless and on recent texts first; too common words are rejected with an example.
    """
    changed = await actions.put_words(app_state.pool, viewer.account_id, data.words, even_if_common=data.even_if_common)
    await app_state.words.refresh()
    return changed


@delete("/", status_code=200, guards=_CHANGE, errors=(WordNotFound,), needs=("term",))
async def remove_word(app_state: InjectedAppState, viewer: InjectedViewer, term: ExistingTerm = None) -> ListChange:
    """Take a word out of the list. In force everywhere within five seconds."""
    changed = await actions.remove_word(app_state.pool, viewer.account_id, require_text("term", term or "", TERM))
    await app_state.words.refresh()
    return changed


@post("/check", status_code=200)
async def check_text(data: JSONBody[TextIn], app_state: InjectedAppState, viewer: InjectedViewer) -> MachineResult:
    """What the machine check of this installation finds in a text of a post, by the list as it is now. Nothing is stored."""
    return app_state.screener.check(require_text("text", data.text, TEXT), "post")


def _card(row: WordRow) -> WordCard:
    return WordCard(
        term=row.term,
        level=row.level,
        label=row.label,
        note=row.note,
        since=row.since,
        changed_by=None if row.changed_by is None else str(row.changed_by),
        changed_at=row.changed_at,
    )


words = Router("/moderation/words", route_handlers=[list_words, put_words, remove_word, check_text])
