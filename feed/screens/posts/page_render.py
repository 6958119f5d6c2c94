"""A page before and after it has a viewer: what is encoded once per reading, and what little each viewer changes. Pure."""

import hashlib
from collections.abc import Sequence

import msgspec

from feed.accounts.model import UNRESTRICTED
from feed.screens.posts import cards
from feed.screens.posts.cards import Fragment
from feed.screens.posts.viewer import ANONYMOUS, ViewerState
from feed.screens.posts.visibility import is_listed

# Somebody signed in who has written and liked nothing of the page: nearly everybody.
_SIGNED_IN = ViewerState(viewer_id=0)


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
    signed_in: Rendered
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


def build_base(fragments: list[Fragment], frame: Frame, *, read_at: float) -> PageBase:
    """The page of these fragments; `read_at`: the monotonic instant before they were read."""
    shared = [cards.card(part, _SIGNED_IN) for part in fragments]
    places = range(len(fragments))
    return PageBase(
        fragments=fragments,
        post_ids=tuple(part.post_id for part in fragments),
        author_ids=tuple(part.author_id for part in fragments),
        frame=frame,
        anonymous=rendered(frame.page([cards.card(part, ANONYMOUS) for part in fragments], places)),
        cards=shared,
        signed_in=rendered(frame.page(shared, places)),
        read_at=read_at,
    )


def render_for(base: PageBase, viewer_state: ViewerState) -> Rendered:
    """The page as one viewer sees it: the shared cards but for his own posts and those he likes."""
    if viewer_state.viewer_id is None:
        return base.anonymous
    if viewer_state.blocked_ids or viewer_state.muted_ids or viewer_state.standing is not UNRESTRICTED:
        seen = [place for place, part in enumerate(base.fragments) if base.frame.whole or is_listed(part, viewer_state)]
        return rendered(base.frame.page([cards.card(base.fragments[place], viewer_state) for place in seen], seen))
    own = viewer_state.viewer_id in base.author_ids
    if not own and not viewer_state.liked_ids:
        return base.signed_in
    mine = {
        place: cards.card(part, viewer_state)
        for place, part in enumerate(base.fragments)
        if part.post_id in viewer_state.liked_ids or part.author_id == viewer_state.viewer_id
    }
    page = base.cards.copy()
    for place, card in mine.items():
        page[place] = card
    # A card holds its post's id: so the tag tells the same as one of the whole page would.
    return Rendered(base.frame.page(page, range(len(page))), tag_of(base.signed_in.tag, *mine.values()))
