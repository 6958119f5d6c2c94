"""The shown order of the hot list: score, diversity rule and hot actions."""

from collections.abc import Sequence
from operator import attrgetter

import msgspec

from feed.boards.diversity import Topics, diversify
from feed.boards.hot_score import BOOST
from feed.boards.model import Row
from feed.curation.model import HotAction


def apply_editorial_order(rows: Sequence[Row], actions: Sequence[HotAction], topics: Topics) -> list[int]:
    """The ids of `rows` (in any order) in the shown order.

    Pinned posts come first, the latest pin on top. A boost is worth ten times the engagement. Suppressed posts are left out,
    unless there are no others: the list is never empty while there are posts.
    """
    in_force = {each.post_id: each for each in actions}
    free: list[Row] = []
    pinned: list[Row] = []
    suppressed: list[Row] = []
    for row in rows:
        done = in_force.get(row.post_id)
        if done is None:
            free.append(row)
        elif done.action == "pin":
            pinned.append(row)
        elif done.action == "suppress":
            suppressed.append(row)
        else:
            free.append(msgspec.structs.replace(row, score=row.score + BOOST))
    pinned.sort(key=lambda row: in_force[row.post_id].id, reverse=True)
    order = [row.post_id for row in pinned] + diversify(sort_by_score(free), topics)
    return order or diversify(sort_by_score(suppressed), topics)


def sort_by_score(rows: Sequence[Row]) -> list[Row]:
    """The rows by score, highest first, and for equal scores by id, newest first: a total order."""
    return sorted(rows, key=attrgetter("score", "post_id"), reverse=True)
