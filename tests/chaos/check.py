"""Checks the journal of the clients against the rows. Each function returns problems as texts. Pure."""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tests.chaos.journal import Deed, Glance, Shown, What

# A request whose client has disconnected may still be processed for this long, after waiting in the socket of a paused process.
GHOST_SECONDS = 40.0
# No worker may show a post longer than this after the acknowledged removal.
SHOWN_SECONDS = 2.0

Pair = tuple[str, int]  # The liked item and the user.


class Made(NamedTuple):
    """A post's or a comment's row."""

    id: str
    text: str
    who: int
    state: str


class Count(NamedTuple):
    """A stored counter, and the count of its rows."""

    of: str
    kept: int
    counted: int


class Change(NamedTuple):
    """A row of the change log."""

    number: int
    post_id: int
    version: int


def wrong_likes(
    deeds: Iterable[Deed], present: Collection[Pair], past: Mapping[Pair, int], *, wishes: tuple[What, What]
) -> list[str]:
    """Likes that were lost or that no request made. `wishes`: the operations that add and remove a like."""
    like, unlike = wishes
    of: defaultdict[Pair, list[Deed]] = defaultdict(list)
    for deed in deeds:
        if deed.what in wishes:
            of[deed.subject, deed.who].append(deed)
    wrong = []
    for pair in {*of, *present, *past}:
        mine = of.get(pair, [])
        possible, ended = {False}, 0
        for deed in mine:
            wish = deed.what == like
            if deed.done is not None:
                ended += possible == {True} and not wish
                possible = {wish}
            elif deed.unsure:
                possible |= {wish}
        end = max((deed.done for deed in mine if deed.done is not None), default=0.0)
        possible |= {deed.what == like for deed in mine for each in deed.unsure if each.sent + GHOST_SECONDS > end}
        if (pair in present) not in possible:
            wrong.append(f"{like} of {pair[0]} by {pair[1]}: {_is(pair in present)}, told {_history(mine)}")
        sure = not any(deed.unsure for deed in mine)
        acted = sum(deed.what == unlike and (deed.done is not None or bool(deed.unsure)) for deed in mine)
        if past.get(pair, 0) > sum(len(deed.tries) for deed in mine if deed.what == unlike) or (
            sure and past.get(pair, 0) != ended
        ):
            wrong.append(f"{unlike} of {pair[0]} by {pair[1]}: {past.get(pair, 0)} times for {acted}, {_history(mine)}")
    return sorted(wrong)


def wrong_texts(deeds: Iterable[Deed], rows: Iterable[Made], *, what: What) -> list[str]:
    """Posts or comments that were lost, duplicated, returned with different ids, or made by no request."""
    made: defaultdict[str, list[Made]] = defaultdict(list)
    for row in rows:
        made[row.text].append(row)
    wrong = []
    for deed in deeds:
        if deed.what != what:
            continue
        there = made.pop(deed.subject, [])
        if len(there) > 1:
            wrong.append(f"{what} doubled: {len(there)} of {deed.subject!r}, {_history([deed])}")
        elif deed.done is not None and not there:
            wrong.append(f"{what} lost: {deed.subject!r}, {_history([deed])}")
        elif there and deed.done is None and not deed.unsure:
            wrong.append(f"{what} though refused: {deed.subject!r}, {_history([deed])}")
        if len({*deed.told, *(row.id for row in there)}) > 1:
            wrong.append(
                f"{what} {deed.subject!r} has several ids: told {deed.told}, there {[row.id for row in there]}"
            )
        if any(row.who != deed.who for row in there):
            wrong.append(f"{what} {deed.subject!r} is another account's")
    wrong += [f"{what} from nowhere: {text!r} × {len(rows)}" for text, rows in made.items()]
    return wrong


def wrong_states(deeds: Iterable[Deed], rows: Iterable[Made]) -> list[str]:
    """Posts or comments whose state contradicts the responses."""
    of: defaultdict[str, list[Deed]] = defaultdict(list)
    for deed in deeds:
        if deed.what in _STATE:
            of[deed.subject].append(deed)
    wrong = []
    for row in rows:
        possible = {"published"}
        # A verdict names the version that it judges: an older one cannot come after a newer one.
        for deed in (deed for deed in of[row.id] if deed.what in ("remove", "restore")):
            if deed.done is not None:
                possible = {_STATE[deed.what]}
            elif deed.unsure:
                possible |= {_STATE[deed.what]}
        deletions = [deed for deed in of[row.id] if deed.what.startswith("delete")]
        if any(deed.done is not None for deed in deletions):
            possible = {"deleted"}
        elif any(deed.unsure for deed in deletions):
            possible |= {"deleted"}
        if row.state not in possible:
            wrong.append(f"{row.id} ({row.text!r}) is {row.state}: told {_history(of[row.id])}")
    return wrong


def shown_too_late(deeds: Iterable[Deed], shown: Iterable[Shown]) -> list[str]:
    """Pages asked for more than two seconds after a removal was acknowledged that still show what was removed."""
    hidden: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    restored: defaultdict[str, list[float]] = defaultdict(list)
    kept = list(deeds)
    for deed in kept:
        if deed.what == "restore":
            restored[deed.subject].append(deed.began)
    for deed in kept:
        if deed.what in ("remove", "delete_post", "delete_comment") and deed.done is not None:
            until = min((at for at in restored[deed.subject] if at > deed.began), default=float("inf"))
            hidden[deed.subject].append((deed.done, until))
    return [
        f"{page.page} showed {id_} {page.began - since:.2f} s after its removal was acknowledged"
        for page in shown
        for id_ in page.ids
        for since, until in hidden.get(id_, ())
        if page.began > since + SHOWN_SECONDS and page.ended < until
    ]


def repeated_in_walks(walks: Iterable[Sequence[Hashable]]) -> list[str]:
    """Lists that show an item twice across pages."""
    return [
        f"a walk shows twice: {twice}" for walk in walks if (twice := [k for k, n in Counter(walk).items() if n > 1])
    ]


def wrong_glances(deeds: Iterable[Deed], glances: Iterable[Glance]) -> list[str]:
    """Posts that did not show a user's own like at once, or still showed a removed one."""
    of: defaultdict[Pair, list[Deed]] = defaultdict(list)
    for deed in deeds:
        if deed.what in ("like", "unlike"):
            of[deed.subject, deed.who].append(deed)
    wrong = []
    for glance in glances:
        mine = [deed for deed in of[glance.post_id, glance.who] if deed.began < glance.began]
        # With an operation of unknown outcome, or a later one, the expected value is undetermined.
        if not mine or mine[-1].done is None or mine[-1].done > glance.began or any(deed.unsure for deed in mine):
            continue
        if glance.liked_by_me != (mine[-1].what == "like"):
            wrong.append(f"{glance.post_id} shows {glance.who} liked_by_me={glance.liked_by_me}: {_history(mine)}")
    return wrong


def acted_though_banned(deeds: Iterable[Deed]) -> list[str]:
    """Operations that began after an acknowledged ban, ended before it was lifted, and succeeded."""
    kept = list(deeds)
    bans = [deed for deed in kept if deed.what == "ban" and deed.done is not None]
    lifts = [deed for deed in kept if deed.what == "lift"]
    wrong = []
    for ban in bans:
        assert ban.done is not None
        own = [lift for lift in lifts if lift.subject == ban.subject]
        until = min((lift.began for lift in own if lift.began > ban.began), default=float("inf"))
        if any(each.sent < until and each.sent + GHOST_SECONDS > ban.began for lift in own for each in lift.unsure):
            continue  # A lost request to lift an earlier ban may have lifted this one.
        wrong += [
            f"{deed.who} was banned and did {deed.what} {deed.subject}"
            for deed in kept
            if str(deed.who) == ban.subject and deed.what in _BANNED_FROM
            if deed.done is not None and deed.began > ban.done and deed.done < until
        ]
    return wrong


def wrong_counts(counts: Iterable[Count]) -> list[str]:
    """Counters that differ from their rows."""
    return [f"{each.of} is kept as {each.kept}, counted {each.counted}" for each in counts if each.kept != each.counted]


def wrong_log(log: Sequence[Change], versions: Mapping[int, int], *, waiting: int, last_number: int) -> list[str]:
    """Gaps in the numbers, versions without a change, and unnumbered changes."""
    wrong = [f"{waiting} changes have no number"] if waiting else []
    if [change.number for change in log] != list(range(1, last_number + 1)):
        wrong.append(f"the numbers of the change log have gaps: {len(log)} up to {last_number}")
    of: defaultdict[int, list[int]] = defaultdict(list)
    for change in log:
        of[change.post_id].append(change.version)
    for post_id, version in versions.items():
        if of.pop(post_id, []) != list(range(1, version + 1)):
            wrong.append(f"the change log does not tell every version of {post_id} up to {version} in order")
    return wrong + [f"the change log tells of {post_id}, which is not there" for post_id in of]


def wrong_boards(wanted: Mapping[str, Collection[Any]], held: Mapping[str, Collection[Any] | None]) -> list[str]:
    """Boards in Redis that differ from Postgres or are missing."""
    wrong = []
    for board, rows in wanted.items():
        there = held.get(board)
        if there is None:
            wrong.append(f"board {board} is not there")
            continue
        wrong += [f"board {board} misses {row}" for row in set(rows) - set(there)]
        wrong += [f"board {board} has a ghost {row}" for row in set(there) - set(rows)]
        if len(there) != len(set(there)):
            wrong.append(f"board {board} holds a row twice")
    return wrong


_STATE: dict[What, str] = {
    "remove": "removed",
    "restore": "published",
    "delete_post": "deleted",
    "delete_comment": "deleted",
}
_BANNED_FROM = ("post", "comment", "like", "unlike", "like_comment", "unlike_comment")


def _is(there: bool) -> str:
    return "there" if there else "not there"


def _history(deeds: Sequence[Deed]) -> str:
    return ", ".join(
        f"{deed.what}@{each.sent:.2f}-{each.ended:.2f}={each.status or ('?' if each.arrived else 'unreached')}"
        for deed in deeds
        for each in deed.tries
    )
