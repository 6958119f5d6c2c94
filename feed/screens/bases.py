"""A page before and after it has a viewer: what is encoded once per reading, and what little each viewer changes. Pure."""

import hashlib

import msgspec

from feed.accounts.model import FREE
from feed.screens import cards
from feed.screens.cards import Fragment
from feed.screens.rights import ANONYMOUS, Look
from feed.screens.visibility import is_listed

# Somebody signed in who has written and liked nothing of the page: nearly everybody.
_SOMEBODY = Look(viewer_id=0)


class Rendered(msgspec.Struct, frozen=True):
    """An answer's body, and the tag that changes with it."""

    body: bytes
    tag: bytes


class PageBase(msgspec.Struct, frozen=True):
    """A page of posts as everybody gets it: whole for nobody in particular, in cards for those who are signed in."""

    fragments: list[Fragment]
    post_ids: tuple[int, ...]
    author_ids: tuple[int, ...]
    next_cursor: str | None
    anonymous: Rendered
    cards: list[bytes]
    somebody: Rendered
    read_at: float


def tag_of(*parts: bytes) -> bytes:
    """An entity tag of these bytes, without its quotes."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:20].encode()


def rendered(body: bytes) -> Rendered:
    """The body with a tag of its bytes."""
    return Rendered(body, tag_of(body))


def base_of(fragments: list[Fragment], next_cursor: str | None, *, read_at: float) -> PageBase:
    """The page of these fragments; `read_at`: the monotonic instant before they were read."""
    shared = [cards.card(part, _SOMEBODY) for part in fragments]
    return PageBase(
        fragments=fragments,
        post_ids=tuple(part.post_id for part in fragments),
        author_ids=tuple(part.author_id for part in fragments),
        next_cursor=next_cursor,
        anonymous=rendered(cards.page([cards.card(part, ANONYMOUS) for part in fragments], next_cursor)),
        cards=shared,
        somebody=rendered(cards.page(shared, next_cursor)),
        read_at=read_at,
    )


def seen_by(base: PageBase, look: Look) -> Rendered:
    """The page as one viewer sees it: the shared cards but for his own posts and those he likes."""
    if look.viewer_id is None:
        return base.anonymous
    if look.apart or look.muted or look.standing is not FREE:
        seen = [part for part in base.fragments if is_listed(part, look)]
        return rendered(cards.page([cards.card(part, look) for part in seen], base.next_cursor))
    own = look.viewer_id in base.author_ids
    if not own and not look.liked:
        return base.somebody
    mine = {
        place: cards.card(part, look)
        for place, part in enumerate(base.fragments)
        if part.post_id in look.liked or part.author_id == look.viewer_id
    }
    page = base.cards.copy()
    for place, card in mine.items():
        page[place] = card
    # A card holds its post's id: so the tag tells the same as one of the whole page would.
    return Rendered(cards.page(page, base.next_cursor), tag_of(base.somebody.tag, *mine.values()))
