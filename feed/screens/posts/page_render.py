"""Pages of posts: the part that is encoded once per read, and the members that differ between viewers. Pure."""

import hashlib
from collections.abc import Sequence

import msgspec

from feed.accounts.model import UNRESTRICTED
from feed.screens.posts import cards
from feed.screens.posts.cards import Fragment
from feed.screens.posts.viewer import ANONYMOUS, ViewerState
from feed.screens.posts.visibility import is_listed

# A signed-in viewer who has written and liked none of the posts: the state of nearly all viewers.
_SIGNED_IN = ViewerState(viewer_id=0)


class Rendered(msgspec.Struct, frozen=True):
    """A response body and its entity tag without quotes."""

    body: bytes
    tag: bytes


class Frame(msgspec.Struct, frozen=True):
    """The JSON around the cards: `before` and `after` each of them, and the page's `end`.

    `unfiltered`: posts by authors whom the viewer has blocked or muted stay, as on a leaderboard, where positions are counted.
    """

    end: bytes
    before: list[bytes] = []
    after: bytes = b""
    unfiltered: bool = False

    def page(self, cards: Sequence[bytes], positions: Sequence[int]) -> bytes:
        """The page of these cards; `positions` are their indexes in `before`."""
        if self.before:
            cards = [self.before[position] + card + self.after for position, card in zip(positions, cards, strict=True)]
        if not cards:
            return b'{"items":[]%b' % self.end
        # Joined in one copy: a page with photos is long.
        between = [b","] * (2 * len(cards) + 1)
        between[1::2] = cards
        between[0], between[-1] = b'{"items":[', b"]" + self.end
        return b"".join(between)


class PageBase(msgspec.Struct, frozen=True):
    """A page of posts before a viewer is known, rendered for anonymous viewers and for `_SIGNED_IN`; `cards` are of the latter."""

    fragments: list[Fragment]
    post_ids: tuple[int, ...]
    author_ids: tuple[int, ...]
    protected_ids: tuple[int, ...]
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
    """The frame of a list's page."""
    return Frame(b',"next_cursor":%b}' % msgspec.json.encode(next_cursor))


def protected_authors(fragments: Sequence[Fragment]) -> tuple[int, ...]:
    """The authors who take no comments from strangers now."""
    return tuple({part.author_id for part in fragments if part.is_protected})


def build_base(fragments: list[Fragment], frame: Frame, *, read_at: float) -> PageBase:
    """The page of these fragments; `read_at`: the monotonic time before they were read."""
    shared = [cards.card(part, _SIGNED_IN) for part in fragments]
    positions = range(len(fragments))
    return PageBase(
        fragments=fragments,
        post_ids=tuple(part.post_id for part in fragments),
        author_ids=tuple(part.author_id for part in fragments),
        protected_ids=protected_authors(fragments),
        frame=frame,
        anonymous=rendered(frame.page([cards.card(part, ANONYMOUS) for part in fragments], positions)),
        cards=shared,
        signed_in=rendered(frame.page(shared, positions)),
        read_at=read_at,
    )


def render_for(base: PageBase, viewer_state: ViewerState) -> Rendered:
    """The page for one viewer. Only the cards that differ from the shared ones are rendered."""
    if viewer_state.viewer_id is None:
        return base.anonymous
    hidden = (
        viewer_state.blocked_ids or viewer_state.muted_ids or viewer_state.apart_ids or viewer_state.stranger_to_ids
    )
    if hidden or viewer_state.standing is not UNRESTRICTED:
        return _render_all(base, viewer_state)
    if not viewer_state.liked_ids and viewer_state.viewer_id not in base.author_ids:
        return base.signed_in
    changed = {
        position: cards.suffix(part, viewer_state)
        for position, part in enumerate(base.fragments)
        if part.post_id in viewer_state.liked_ids or part.author_id == viewer_state.viewer_id
    }
    page = base.cards.copy()
    for position, suffix in changed.items():
        page[position] = base.fragments[position].json_prefix + suffix
    # The shared page, and what differs at which places, identify the page as well as all of its bytes would.
    differs = [b"%d%b" % each for each in changed.items()]
    return Rendered(base.frame.page(page, range(len(page))), tag_of(base.signed_in.tag, *differs))


def _render_all(base: PageBase, viewer_state: ViewerState) -> Rendered:
    """The page for a viewer with sanctions, blocks or mutes: every card may differ, and cards may be left out."""
    positions = [
        position
        for position, part in enumerate(base.fragments)
        if base.frame.unfiltered or is_listed(part, viewer_state)
    ]
    page = [cards.card(base.fragments[position], viewer_state) for position in positions]
    return rendered(base.frame.page(page, positions))
