"""Texts of the newsroom and their signatures, as those who sign them read them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from feed.campaigns.rules.site_terms import SiteTerms
from feed.editorial import store as editorial
from feed.editorial.actions import TextNotFound
from feed.postgres import Connection
from feed.screens.posts.cards import Id
from feed.signoffs import store as signoffs
from feed.signoffs.model import CREDIT_ROLES, CreditRole, Kind, Signoff, next_stage


class SignatureCard(msgspec.Struct, frozen=True):
    """A stage that is signed, the account, and the name as it is printed."""

    stage: int
    role: CreditRole
    user_id: Id
    name: str
    signed_at: datetime


class SignedTextCard(msgspec.Struct, frozen=True, kw_only=True):
    """A text of the newsroom by its hash, with its signatures in force."""

    kind: Kind
    id: Id
    title: str
    sha256: str
    state: Literal["unsigned", "waiting", "signed"]
    signatures: list[SignatureCard]
    # The stage that is signed next; null when all are signed.
    next_stage: int | None
    next_role: CreditRole | None


class TextCard(SignedTextCard, frozen=True, kw_only=True):
    """A text of the newsroom as it would be published now."""

    text: str


async def get_text(conn: Connection, kind: Kind, subject_id: int, site: SiteTerms) -> TextCard:
    """The text with its signatures. Raises TextNotFound."""
    text = await editorial.find_text(conn, kind, subject_id, site)
    if text is None:
        raise TextNotFound
    signed = await signoffs.list_in_force(conn, kind, subject_id, text.content_sha256)
    card = _card(kind, subject_id, text.title, text.content_sha256, signed)
    return TextCard(**msgspec.structs.asdict(card), text=text.text)


async def list_texts(conn: Connection, *, before_id: int, limit: int) -> tuple[list[SignedTextCard], int | None]:
    """Texts with signatures in force, the latest signed first, and the id to go on from; None at the end.

    `before_id` is the id of a signature. A text may have changed since it was signed.
    """
    rows = await conn.fetch(
        """
        SELECT signed.kind, signed.subject_id, signed.content_sha256, max(signed.id) AS last_id,
               coalesce(max(campaigns.draft ->> 'title'), '') AS title,
               jsonb_agg(
                   jsonb_build_object(
                       'id', signed.id, 'stage', signed.stage, 'account_id', signed.account_id, 'name', signed.name,
                       'signed_at', signed.signed_at
                   )
                   ORDER BY signed.stage
               ) AS signatures
        FROM signoffs_in_force AS signed
        LEFT JOIN campaigns ON signed.kind = 'campaign' AND campaigns.id = signed.subject_id
        GROUP BY signed.kind, signed.subject_id, signed.content_sha256
        HAVING max(signed.id) < $1
        ORDER BY last_id DESC
        LIMIT $2
        """,
        before_id,
        limit + 1,
    )
    cards = [
        _card(
            row["kind"],
            row["subject_id"],
            row["title"],
            row["content_sha256"],
            msgspec.convert(row["signatures"], list[Signoff]),
        )
        for row in rows[:limit]
    ]
    return cards, rows[limit - 1]["last_id"] if len(rows) > limit else None


def _card(kind: Kind, subject_id: int, title: str, sha256: bytes, signed: Sequence[Signoff]) -> SignedTextCard:
    stage = next_stage(signed)
    return SignedTextCard(
        kind=kind,
        id=str(subject_id),
        title=title,
        sha256=sha256.hex(),
        state="signed" if stage is None else "waiting" if signed else "unsigned",
        signatures=[
            SignatureCard(each.stage, CREDIT_ROLES[each.stage - 1], str(each.account_id), each.name, each.signed_at)
            for each in signed
        ],
        next_stage=stage,
        next_role=None if stage is None else CREDIT_ROLES[stage - 1],
    )
