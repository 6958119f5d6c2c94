"""Who sees a post or a comment: the one predicate of every read. Pure; the screens read its inputs.

Lists that all viewers share read `visible_posts`, which is the condition on state and holds in SQL; what differs between viewers is
applied to them here.
"""

from typing import Protocol

from feed.cases.holds import State
from feed.screens.posts.viewer import ViewerState


class Authored(Protocol):
    """The members of a post or a comment that decide its visibility."""

    @property
    def author_id(self) -> int: ...

    @property
    def state(self) -> State: ...

    @property
    def is_visible(self) -> bool: ...


def may_see(item: Authored, viewer_state: ViewerState) -> bool:
    """Whether the viewer sees the item by itself: visible to others and no block with its author, or the viewer's own and not deleted."""
    if viewer_state.viewer_id == item.author_id:
        return item.state != "deleted"
    return item.is_visible and item.author_id not in viewer_state.blocked_ids


def is_listed(item: Authored, viewer_state: ViewerState) -> bool:
    """Whether the viewer's lists contain the item: visible, and its author is not muted."""
    return may_see(item, viewer_state) and not is_author_hidden(item.author_id, viewer_state)


def is_author_hidden(author_id: int, viewer_state: ViewerState) -> bool:
    """Whether the viewer's lists leave out this author: blocked in either direction, or muted."""
    return author_id != viewer_state.viewer_id and (
        author_id in viewer_state.blocked_ids or author_id in viewer_state.muted_ids
    )
