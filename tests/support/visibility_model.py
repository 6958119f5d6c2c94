"""A model of moderation: who sees which text after any sequence of acts. Pure, without SQL, and without the code that it checks.

An item is a post or a comment. Its state and what holds it are kept apart, as in the product; everything that a viewer reads follows
from them, from the blocks between accounts, and from the accounts and topics that are taken down.
"""

from dataclasses import dataclass, field

HIDING = ("remove", "reject")
APPROVING = ("approve", "restore")
DECIDING = (*HIDING, *APPROVING)
TOPICS = ("读书", "夜跑")


@dataclass
class Revision:
    """A text. `approved`: it was published once; `stages`: the approvals that this needs; `author`: a person."""

    word: str
    topics: frozenset[str]
    stages: int
    author: str
    approved: bool = False
    refused: bool = False
    blocked: bool = False


@dataclass
class Verdict:
    """A verdict on a case of an item. `number`: the revision of the case; None: the case names none."""

    case: str
    kind: str
    number: int | None
    case_kind: str
    person: str
    before: str
    lifted: bool = False
    closed: bool = False
    in_force: bool = True


@dataclass
class Account:
    """An account of a person."""

    name: str
    person: str
    id: str
    leaving: bool = False
    erased: bool = False


@dataclass(eq=False)
class Item:
    """A post or a comment; `shown` is the number of the revision that others see."""

    id: str
    author: Account
    revisions: list[Revision]
    state: str
    post: "Item | None" = None
    root: "Item | None" = None
    shown: int = 1
    holds: set[str] = field(default_factory=set)
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return "post" if self.post is None else "comment"

    @property
    def text(self) -> Revision:
        """The revision that is shown."""
        return self.revisions[self.shown - 1]

    @property
    def latest(self) -> int:
        return len(self.revisions)

    @property
    def decision(self) -> Verdict | None:
        """The latest verdict in force that decides something."""
        found = [each for each in self.verdicts if each.in_force and each.kind in DECIDING]
        return found[-1] if found else None

    def approvers(self, number: int) -> set[str]:
        """The persons whose approvals of a revision are in force."""
        return {
            each.person
            for each in self.verdicts
            if each.in_force and each.kind in APPROVING and (each.number or 1) == number
        }

    @property
    def approved_by_reviewer(self) -> bool:
        """Whether a reviewer stands for the text that is shown, so that reports of readers do not hide it."""
        return any(
            each.in_force
            and each.closed
            and each.number in (None, self.shown)
            and (each.kind in APPROVING or (each.kind == "dismiss" and each.case_kind == "report"))
            for each in self.verdicts
        )


class Model:
    """The town: its accounts, items, blocks and takedowns. `stages`: the chain of the site."""

    def __init__(self, stages: int) -> None:
        self.stages = stages
        self.accounts: dict[str, Account] = {}
        self.items: list[Item] = []
        self.blocks: set[tuple[str, str]] = set()
        self.mutes: set[tuple[str, str]] = set()
        self.persons_down: set[str] = set()
        self.topics_down: set[str] = set()
        self.sanctions: dict[str, set[str]] = {}
        self.staff: set[str] = set()

    @property
    def posts(self) -> list[Item]:
        return [each for each in self.items if each.post is None]

    def comments(self, post: Item) -> list[Item]:
        return [each for each in self.items if each.post is post]

    # What is written.

    def may_write(self, account: Account) -> bool:
        return not (account.leaving or account.erased or self.sanctions.get(account.person))

    def write(
        self,
        id_: str,
        author: str,
        word: str,
        topics: frozenset[str],
        machine: str,
        post: Item | None,
        root: Item | None,
    ) -> Item:
        """A new post or comment. `machine`: the verdict of the machine check."""
        stages = max(self.stages, machine == "review")
        state = "rejected" if machine == "block" else "pending" if stages else "published"
        account = self.accounts[author]
        first = Revision(
            word, topics, stages, account.person, state == "published", state == "rejected", state == "rejected"
        )
        item = Item(id_, account, [first], state, post, root)
        self.items.append(item)
        return item

    def edit(
        self, item: Item, word: str, topics: frozenset[str], machine: str, person: str, stages: int | None = None
    ) -> None:
        """Another text, which waits if the chain, the machine or the state of the item says so."""
        waits = item.state == "pending"
        needed = max(self.stages, machine == "review", waits) if stages is None else stages
        refused = machine == "block"
        approved = not refused and not needed
        item.revisions.append(Revision(word, topics, needed, person, approved, refused, refused))
        if approved or (waits and not refused):
            item.shown = item.latest

    def delete(self, item: Item) -> None:
        item.state = "deleted"

    # What reviewers decide.

    def judge(
        self, item: Item, case: str, case_kind: str, number: int | None, kind: str, person: str, *, restores: bool
    ) -> None:
        """A verdict that was accepted. `restores`: of an appeal, whether its decision is what hides the item."""
        for each in item.verdicts:
            if each.case == case and each.person == person:
                each.in_force = False
        about = self._about(item, case_kind, number)
        revision = item.revisions[about - 1]
        before = item.state if kind == "remove" else self._judged(item, about)
        verdict = Verdict(case, kind, number, case_kind, person, before)
        item.verdicts.append(verdict)
        if kind == "escalate":
            return
        approves = kind in APPROVING and (case_kind != "appeal" or (restores and before in ("removed", "rejected")))
        final = not approves or revision.approved or len(item.approvers(about)) >= revision.stages
        verdict.closed = final or case_kind in ("report", "appeal")
        if not final:
            self._keep_waiting(item, about)
        elif approves:
            self._publish(item, about)
        elif kind in HIDING and before in ("published", "pending"):
            self._hide(item, about, "removed" if kind == "remove" else "rejected")
        if verdict.closed and not (case_kind == "appeal" and kind == "dismiss"):
            verdict.lifted = "REPORT" in item.holds
            item.holds.discard("REPORT")

    def undo(self, item: Item, verdict: Verdict) -> None:
        """The verdict is taken back, which was accepted; what else hides the item stays."""
        about = self._about(item, verdict.case_kind, verdict.number)
        revision = item.revisions[about - 1]
        state = self._judged(item, about) if verdict.kind == "reject" else item.state
        after = state
        if verdict.kind in HIDING and state in ("removed", "rejected"):
            after = verdict.before
        elif verdict.kind == "restore" and state in ("published", "pending"):
            after = state if verdict.before == state else "removed"
        elif verdict.kind == "approve" and revision.approved and revision.stages and state == "published":
            after = "pending"
        verdict.in_force = False
        if after != state:
            if after == "pending":
                self._keep_waiting(item, about)
            elif after == "published":
                # What was shown before is shown again; a newer text waits again.
                item.state = "published"
                if not revision.approved and not revision.blocked:
                    revision.refused = False
            else:
                self._hide(item, about, after)
        if verdict.lifted:
            item.holds.add("REPORT")

    def _about(self, item: Item, case_kind: str, number: int | None) -> int:
        # A case from before the first edit of a comment names no revision.
        return number or (1 if case_kind == "comment" else item.shown)

    def _judged(self, item: Item, about: int) -> str:
        if about > item.shown and item.state == "published":
            return "rejected" if item.revisions[about - 1].refused else "pending"
        return item.state

    def _publish(self, item: Item, about: int) -> None:
        revision = item.revisions[about - 1]
        if not revision.approved:
            revision.approved, revision.refused, item.shown = True, False, about
        item.state = "published"

    def _hide(self, item: Item, about: int, state: str) -> None:
        revision = item.revisions[about - 1]
        newer = self._judged(item, about) != item.state
        if not revision.approved:
            revision.refused = True
        if not (newer and state == "rejected"):
            item.state = state

    def _keep_waiting(self, item: Item, about: int) -> None:
        newer = self._judged(item, about) != item.state
        revision = item.revisions[about - 1]
        revision.approved = revision.refused = False
        former = [n for n in range(1, about) if item.revisions[n - 1].approved]
        if not former:
            item.state = "pending"
        elif item.state == "published" and not newer:
            item.shown = former[-1]

    # What follows of itself.

    def run_jobs(self) -> None:
        """Topics hide what is visible under them, and these posts stay hidden also if their topics change."""
        for item in self.posts:
            if item.state == "published" and not self.holds(item) - {"TOPIC"} and item.text.topics & self.topics_down:
                item.holds |= {f"TOPIC {name}" for name in item.text.topics & self.topics_down}

    def lift_topic(self, name: str) -> None:
        self.topics_down.discard(name)
        for item in self.posts:
            item.holds.discard(f"TOPIC {name}")

    def erase(self, account: Account) -> None:
        account.erased, account.leaving = True, False
        for item in self.items:
            if item.author is account:
                item.state = "deleted"

    # What viewers see. None is the anonymous one.

    def holds(self, item: Item) -> set[str]:
        found = {each.split()[0] for each in item.holds}
        if item.author.person in self.persons_down:
            found.add("AUTHOR")
        if item.author.leaving:
            found.add("LEAVING")
        if item.post is None and item.text.topics & self.topics_down:
            found.add("TOPIC")
        return found

    def is_visible(self, item: Item) -> bool:
        return item.state == "published" and not self.holds(item)

    def shown_state(self, item: Item) -> str:
        """The state that its author reads."""
        holds = self.holds(item)
        if item.state in ("deleted", "rejected", "removed"):
            return item.state
        if holds & {"SUBJECT", "AUTHOR"} or any(each.startswith("TOPIC") for each in item.holds):
            return "removed"
        return "pending" if item.state == "pending" or holds & {"REPORT", "MEDIA"} else "published"

    def are_blocked(self, viewer: str | None, author: Account) -> bool:
        return viewer is not None and bool({(viewer, author.name), (author.name, viewer)} & self.blocks)

    def may_see(self, viewer: str | None, item: Item) -> bool:
        if viewer == item.author.name:
            return item.state != "deleted"
        return self.is_visible(item) and not self.are_blocked(viewer, item.author)

    def words_seen(self, viewer: str | None, posts: list[Item]) -> set[str]:
        """The words of posts that the viewer opens; authors also read their newest text, which waits or was refused."""
        seen = [each for each in posts if self.may_see(viewer, each)]
        own = [each for each in seen if each.author.name == viewer]
        return {each.text.word for each in seen} | {each.revisions[-1].word for each in own}

    def words_listed(self, viewer: str | None, posts: list[Item]) -> set[str]:
        """The words of posts in lists."""
        return self.words_seen(viewer, [each for each in posts if self.is_listed(viewer, each)])

    def is_listed(self, viewer: str | None, item: Item) -> bool:
        hidden = self.are_blocked(viewer, item.author) or (viewer, item.author.name) in self.mutes
        return self.is_visible(item) and (viewer == item.author.name or not hidden)

    def sees_profile(self, viewer: str | None, account: Account) -> bool:
        if account.erased or (account.name, viewer) in self.blocks:
            return False
        down = account.person in self.persons_down and viewer not in self.staff
        return viewer == account.name or not (account.leaving or down)

    def replies(self, root: Item) -> list[Item]:
        return [each for each in self.items if each.root is root]

    def reply_count(self, root: Item) -> int:
        return sum(self.is_visible(each) for each in self.replies(root))

    def keeps_place(self, root: Item) -> bool:
        """Whether lists contain a root comment: others see it, or replies to it."""
        return self.is_visible(root) or self.reply_count(root) > 0

    def sees_comment(self, viewer: str | None, comment: Item) -> bool:
        """Whether the viewer's lists contain the text: visible, the own one, or hidden by the viewer under the own post."""
        assert comment.post is not None
        own = viewer == comment.author.name and comment.state != "deleted"
        hider = (
            viewer == comment.post.author.name
            and comment.state == "published"
            and self.holds(comment) == {"POST_AUTHOR"}
        )
        return self.is_listed(viewer, comment) or own or hider

    def replies_seen(self, viewer: str | None, root: Item) -> set[str]:
        return {each.text.word for each in self.replies(root) if self.sees_comment(viewer, each)}

    def comments_seen(self, viewer: str | None, post: Item, *, hot: bool) -> set[str]:
        """The words under a post: of roots, and of the first replies to roots with replies."""
        found = set()
        for root in self.comments(post):
            if root.root is not None:
                continue
            if self.sees_comment(viewer, root) and (not hot or self.keeps_place(root)):
                found.add(root.text.word)
            in_list = self.sees_comment(viewer, root) or (self.keeps_place(root) and not self.is_visible(root))
            if in_list and self.reply_count(root):
                found |= self.replies_seen(viewer, root)
        return found
