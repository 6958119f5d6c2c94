"""What a viewer may do with a post, computed in advance by the rules of the write endpoints (a test compares both). Pure."""

from collections.abc import Collection

import msgspec

from feed.accounts.model import UNRESTRICTED, Standing
from feed.cases.holds import State


class ViewerState(msgspec.Struct, frozen=True):
    """The part of a page's content that depends on the viewer; `viewer_id` None: an anonymous viewer."""

    viewer_id: int | None = None
    liked_ids: Collection[int] = ()
    standing: Standing = UNRESTRICTED
    # Authors whom a block hides, in either direction, and authors whom the viewer's lists leave out.
    blocked_ids: Collection[int] = ()
    muted_ids: Collection[int] = ()
    # Authors with a block that hides nothing, because the viewer is staff or a juror: neither answers the other.
    apart_ids: Collection[int] = ()
    # Authors who take no comments from strangers now, and to whom the viewer is one.
    stranger_to_ids: Collection[int] = ()


ANONYMOUS = ViewerState()


class ViewerRights(msgspec.Struct, frozen=True):
    """What the viewer may do; the endpoints agree."""

    can_edit: bool = False
    can_delete: bool = False
    can_comment: bool = False


def rights_of(
    viewer_state: ViewerState, *, author_id: int, state: State, is_visible: bool, takes_comments: bool
) -> ViewerRights:
    """The viewer's permissions on a post. A banned or muted author cannot edit, but can still delete in any state."""
    if viewer_state.viewer_id is None:
        return ViewerRights()
    own = viewer_state.viewer_id == author_id
    can_write = viewer_state.standing.write_error is None and author_id not in viewer_state.apart_ids
    return ViewerRights(
        can_edit=own and can_write and state in ("published", "pending"),
        can_delete=own and state != "deleted",
        can_comment=can_write
        and is_visible
        and (own or (takes_comments and author_id not in viewer_state.stranger_to_ids)),
    )
