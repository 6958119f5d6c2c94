"""Who sees what: the one predicate of every read. Pure; what it is asked about, the screens have read.

Lists for everybody read `visible_posts`, which is the first line of `may_see` in SQL; what differs between viewers is laid
over them here.
"""

from typing import Protocol

from feed.posts.model import State
from feed.screens.posts.viewer import Look


class Written(Protocol):
    """A post or a comment, as far as seeing it goes."""

    @property
    def author_id(self) -> int: ...

    @property
    def state(self) -> State: ...


def may_see(written: Written, look: Look) -> bool:
    """Others see what is published, unless a block stands between them and its author; authors their own until they delete it."""
    if look.viewer_id == written.author_id:
        return written.state != "deleted"
    return written.state == "published" and written.author_id not in look.apart


def is_listed(written: Written, look: Look) -> bool:
    """Whether it stands in the viewer's lists: of what he may see, all but what comes from people he has muted."""
    return may_see(written, look) and not is_kept_from(written.author_id, look)


def is_kept_from(author_id: int, look: Look) -> bool:
    """Whether the viewer's lists leave out what this person says."""
    return author_id != look.viewer_id and (author_id in look.apart or author_id in look.muted)
