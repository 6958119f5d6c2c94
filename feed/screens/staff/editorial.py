"""Texts of the newsroom and their signatures, as those who sign them read them."""

from datetime import datetime
from typing import Literal

import msgspec

from feed.campaigns.rules.site_terms import SiteTerms
from feed.editorial import store as editorial
from feed.editorial.actions import TextNotFound
from feed.editorial.store import NewsroomText
from feed.postgres import Connection
from feed.screens.posts.cards import Id
from feed.signoffs import store as signoffs
from feed.signoffs.model import CREDIT_ROLES, CreditRole, Kind, next_stage


class SignatureCard(msgspec.Struct, frozen=True):
    """A stage that is signed, the account, and the name as it is printed."""

    stage: int
    role: CreditRole
    user_id: Id
    name: str
    signed_at: datetime


class TextCard(msgspec.Struct, frozen=True, kw_only=True):
    """A text of the newsroom as it would be published; a signature is of this `sha256`."""

    kind: Kind
    id: Id
    state: Literal["unsigned", "waiting", "signed"]
    title: str
    text: str
    sha256: str
    signatures: list[SignatureCard]
    # The stage that is signed next; null when all are signed.
    next_stage: int | None
    next_role: CreditRole | None


async def get_text(conn: Connection, kind: Kind, subject_id: int, site: SiteTerms) -> TextCard:
    """The text with its signatures. Raises TextNotFound."""
    text = await editorial.find_text(conn, kind, subject_id, site)
    if text is None:
        raise TextNotFound
    return await _card(conn, text)


async def list_texts(
    conn: Connection, site: SiteTerms, *, before_id: int, limit: int
) -> tuple[list[TextCard], int | None]:
    """Texts with signatures in force, the latest signed first, and the id to go on from; None at the end.

    A text that has changed since it was signed is not listed, so a page may be short.
    """
    started = await signoffs.list_started(conn, before_id=before_id, limit=limit + 1)
    cards = []
    for each in started[:limit]:
        text = await editorial.find_text(conn, each.kind, each.subject_id, site)
        if text is not None and text.content_sha256 == each.content_sha256:
            cards.append(await _card(conn, text))
    return cards, started[limit - 1].last_id if len(started) > limit else None


async def _card(conn: Connection, text: NewsroomText) -> TextCard:
    signed = await signoffs.list_in_force(conn, text.kind, text.subject_id, text.content_sha256)
    stage = next_stage(signed)
    return TextCard(
        kind=text.kind,
        id=str(text.subject_id),
        state="signed" if stage is None else "waiting" if signed else "unsigned",
        title=text.title,
        text=text.text,
        sha256=text.content_sha256.hex(),
        signatures=[
            SignatureCard(each.stage, CREDIT_ROLES[each.stage - 1], str(each.account_id), each.name, each.signed_at)
            for each in signed
        ],
        next_stage=stage,
        next_role=None if stage is None else CREDIT_ROLES[stage - 1],
    )
