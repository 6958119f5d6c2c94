"""Who sees what: the one predicate of every read. Pure; what it is asked about, the screens have read.

Lists for everybody read `visible_posts`, which is the first line of `may_see` in SQL; what differs between viewers is laid
over them here.
"""

from typing import Protocol

from feed.posts.model import State
from feed.screens.posts.viewer import ViewerState


class Written(Protocol):
    """A post or a comment, as far as seeing it goes."""

    @property
    def author_id(self) -> int: ...

    @property
    def state(self) -> State: ...


def may_see(written: Written, viewer_state: ViewerState) -> bool:
    """Others see what is published, unless a block stands between them and its author; authors their own until they delete it."""
    if viewer_state.viewer_id == written.author_id:
        return written.state != "deleted"
    return written.state == "published" and written.author_id not in viewer_state.blocked_ids


def is_listed(written: Written, viewer_state: ViewerState) -> bool:
    """Whether it stands in the viewer's lists: of what he may see, all but what comes from people he has muted."""
    return may_see(written, viewer_state) and not is_author_hidden(written.author_id, viewer_state)


def is_author_hidden(author_id: int, viewer_state: ViewerState) -> bool:
    """Whether the viewer's lists leave out what this person says."""
    return author_id != viewer_state.viewer_id and (
        author_id in viewer_state.blocked_ids or author_id in viewer_state.muted_ids
    )
