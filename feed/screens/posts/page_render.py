"""A page before and after it has a viewer: what is encoded once per reading, and what little each viewer changes. Pure."""

import hashlib
from collections.abc import Sequence

import msgspec

from feed.accounts.model import FREE
from feed.screens.posts import cards
from feed.screens.posts.cards import Fragment
from feed.screens.posts.viewer import ANONYMOUS, Look
from feed.screens.posts.visibility import is_listed

# Somebody signed in who has written and liked nothing of the page: nearly everybody.
_SOMEBODY = Look(viewer_id=0)


class Rendered(msgspec.Struct, frozen=True):
    """An answer's body, and the tag that changes with it."""

    body: bytes
    tag: bytes


class Frame(msgspec.Struct, frozen=True):
    """What stands around the cards: `before` each of them, or nothing; `after` each; the page's end.

    `whole`: nobody is left out for whom the viewer has blocked or muted, as where places are counted.
    """

    end: bytes
    before: list[bytes] = []
    after: bytes = b""
    whole: bool = False

    def page(self, cards: Sequence[bytes], places: Sequence[int]) -> bytes:
        """The page of the cards at these places."""
        if self.before:
            cards = [self.before[place] + card + self.after for place, card in zip(places, cards, strict=True)]
        return b'{"items":[%b]%b' % (b",".join(cards), self.end)


class PageBase(msgspec.Struct, frozen=True):
    """A page of posts as everybody gets it: whole for nobody in particular, in cards for those who are signed in."""

    fragments: list[Fragment]
    post_ids: tuple[int, ...]
    author_ids: tuple[int, ...]
    frame: Frame
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


def list_frame(next_cursor: str | None) -> Frame:
    """Around a list's page: where it goes on."""
    return Frame(b',"next_cursor":%b}' % msgspec.json.encode(next_cursor))


def base_of(fragments: list[Fragment], frame: Frame, *, read_at: float) -> PageBase:
    """The page of these fragments; `read_at`: the monotonic instant before they were read."""
    shared = [cards.card(part, _SOMEBODY) for part in fragments]
    places = range(len(fragments))
    return PageBase(
        fragments=fragments,
        post_ids=tuple(part.post_id for part in fragments),
        author_ids=tuple(part.author_id for part in fragments),
        frame=frame,
        anonymous=rendered(frame.page([cards.card(part, ANONYMOUS) for part in fragments], places)),
        cards=shared,
        somebody=rendered(frame.page(shared, places)),
        read_at=read_at,
    )


def seen_by(base: PageBase, look: Look) -> Rendered:
    """The page as one viewer sees it: the shared cards but for his own posts and those he likes."""
    if look.viewer_id is None:
        return base.anonymous
    if look.apart or look.muted or look.standing is not FREE:
        seen = [place for place, part in enumerate(base.fragments) if base.frame.whole or is_listed(part, look)]
        return rendered(base.frame.page([cards.card(base.fragments[place], look) for place in seen], seen))
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
    return Rendered(base.frame.page(page, range(len(page))), tag_of(base.somebody.tag, *mine.values()))
