"""Takedowns with what they are of, for moderators."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from feed.moderation.model import ADVERSE_REASONS
from feed.moderation.takedowns.model import TargetKind
from feed.pagination import Position
from feed.postgres import Connection, many
from feed.reasons import ReinstatementReason
from feed.screens.media.cards import AddressOf, MediaCard
from feed.screens.media.gallery import Gallery, RemovedMedium, read_gallery
from feed.screens.posts.cards import AuthorCard, Id
from feed.texts import among


class TakedownTarget(msgspec.Struct, frozen=True):
    """What a takedown is of; the id of an image is its hash."""

    kind: TargetKind
    id: str


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """The item as it was taken down: its text, of a topic or a user the name; its photos and video, of an image the one that names it; and whose it is."""

    text: str
    media: list[MediaCard]
    removed_media: list[RemovedMedium]
    revision: int | None
    post_id: Id | None
    author: AuthorCard | None


class TakedownCard(msgspec.Struct, frozen=True, kw_only=True):
    """A takedown. `complete`: every item, list and counter shows it; until then cards and lists hide what is under it."""

    id: Id
    target: TakedownTarget
    reason_code: Annotated[str, among(ADVERSE_REASONS)]
    by: Id
    created_at: datetime
    complete: bool
    lifted_at: datetime | None
    lifted_by: Id | None
    lift_reason: ReinstatementReason | None
    evidence: Evidence


class TakedownRow(msgspec.Struct, frozen=True):
    """A row of `list_takedowns`."""

    id: int
    kind: TargetKind
    target: str
    post_id: int | None
    revision: int | None
    reason_code: str
    actor_id: int
    created_at: datetime
    lifted_at: datetime | None
    lifted_by: int | None
    lift_reason: ReinstatementReason | None
    complete: bool
    author_id: int | None
    author_name: str | None
    avatar_url: str | None
    badge: str | None
    text: str
    media_ids: list[int]

    @property
    def position(self) -> Position:
        """The position in the list, for the next page's cursor."""
        return Position(self.created_at, self.id)


async def read_cards(conn: Connection, rows: list[TakedownRow], address: AddressOf) -> list[TakedownCard]:
    """The takedowns on the wire. `address`: granted ones."""
    gallery = await read_gallery(conn, [each for row in rows for each in row.media_ids], address)
    return [takedown_card(row, gallery) for row in rows]


def takedown_card(row: TakedownRow, gallery: Gallery) -> TakedownCard:
    """One of them."""
    author = None
    if row.author_id is not None:
        author = AuthorCard(str(row.author_id), row.author_name or "", row.avatar_url, row.badge)
    return TakedownCard(
        id=str(row.id),
        target=TakedownTarget(row.kind, row.target),
        reason_code=row.reason_code,
        by=str(row.actor_id),
        created_at=row.created_at,
        complete=row.complete,
        lifted_at=row.lifted_at,
        lifted_by=None if row.lifted_by is None else str(row.lifted_by),
        lift_reason=row.lift_reason,
        evidence=Evidence(
            text=row.text,
            media=gallery.media(row.media_ids),
            removed_media=gallery.removed(row.media_ids),
            revision=row.revision,
            post_id=None if row.post_id is None else str(row.post_id),
            author=author,
        ),
    )


async def list_ids(conn: Connection, state: Literal["in_force", "lifted"], after: Position, limit: int) -> list[int]:
    """The ids of takedowns in this state, newest first."""
    rows = await conn.fetch(
        """
        SELECT id FROM takedowns
        WHERE (lifted_at IS NULL) = ($1 = 'in_force') AND (created_at, id) < ($2, $3)
        ORDER BY created_at DESC, id DESC
        LIMIT $4
        """,
        state,
        after.at,
        after.id,
        limit,
    )
    return [row["id"] for row in rows]


async def list_takedowns(conn: Connection, takedown_ids: list[int]) -> list[TakedownRow]:
    """The takedowns in the order of the ids."""
    rows = await conn.fetch(
        """
        SELECT takedowns.id, takedowns.kind, takedowns.target, takedowns.post_id, takedowns.revision, takedowns.reason_code,
               takedowns.actor_id, takedowns.created_at, takedowns.lifted_at, takedowns.lifted_by, takedowns.lift_reason,
               takedowns.spread_at IS NOT NULL AS complete,
               accounts.id AS author_id, accounts.name AS author_name, avatar_address(accounts.avatar_url) AS avatar_url, accounts.badge,
               coalesce(
                   CASE takedowns.kind
                       WHEN 'post' THEN revisions.text
                       WHEN 'comment' THEN comments.text
                       WHEN 'topic' THEN topics.name
                       WHEN 'user' THEN accounts.name
                   END,
                   ''
               ) AS text,
               CASE
                   WHEN takedowns.kind = 'post' THEN coalesce(revisions.media_ids, '{}')
                   WHEN takedowns.target LIKE 'media:%' THEN ARRAY[split_part(takedowns.target, ':', 2)::bigint]
                   ELSE '{}'
               END AS media_ids
        FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, position)
        JOIN takedowns ON takedowns.id = wanted.id
        LEFT JOIN accounts ON accounts.id = takedowns.author_id
        LEFT JOIN post_revisions AS revisions
          ON revisions.post_id = takedowns.post_id AND revisions.revision = takedowns.revision
        LEFT JOIN comments ON comments.id = CASE takedowns.kind WHEN 'comment' THEN takedowns.target::bigint END
        LEFT JOIN topics ON topics.id = CASE takedowns.kind WHEN 'topic' THEN takedowns.target::bigint END
        ORDER BY wanted.position
        """,
        takedown_ids,
    )
    return many(rows, TakedownRow)
