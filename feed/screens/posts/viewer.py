"""What a viewer may do with a post, said before he tries: the endpoints decide by the same facts, and a test asks both. Pure."""

from collections.abc import Collection

import msgspec

from feed.accounts.model import UNRESTRICTED, Standing
from feed.posts.model import State


class ViewerState(msgspec.Struct, frozen=True):
    """Who looks at a page, and what of it depends on him; without `viewer_id` he is nobody in particular."""

    viewer_id: int | None = None
    liked_ids: Collection[int] = ()
    standing: Standing = UNRESTRICTED
    # Authors with whom a block stands, by whichever side, and authors whom the viewer has muted.
    blocked_ids: Collection[int] = ()
    muted_ids: Collection[int] = ()


ANONYMOUS = ViewerState()


class ViewerRights(msgspec.Struct, frozen=True):
    """What the viewer may do; the endpoints agree."""

    can_edit: bool = False
    can_delete: bool = False
    can_comment: bool = False


def rights_of(viewer_state: ViewerState, *, author_id: int, state: State, takes_comments: bool) -> ViewerRights:
    """Whoever is banned or muted writes nothing, but takes his own words away whatever became of them."""
    if viewer_state.viewer_id is None:
        return ViewerRights()
    own = viewer_state.viewer_id == author_id
    writes = not (viewer_state.standing.banned or viewer_state.standing.muted)
    return ViewerRights(
        can_edit=own and writes and state in ("published", "pending"),
        can_delete=own and state != "deleted",
        can_comment=writes and state == "published" and (own or takes_comments),
    )
