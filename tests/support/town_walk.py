"""A random walk through a town over the HTTP contract, and the comparison of every endpoint with the model of what each viewer sees."""

import re
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import httpx

from feed.api.state import AppState
from feed.erasure.actions import follow_next_departure
from feed.moderation.sanctions import lapse_next_sanction
from feed.notifications.actions import notify_comments, notify_likes
from feed.posts.media import release_ready_posts
from feed.reports.outcomes import notify_reporters
from feed.screening.forms import form_of
from feed.screening.screener import compiled
from feed.screening.word_list import Word
from tests.support import make, make_media
from tests.support.api import Join, Person
from tests.support.boards import settle
from tests.support.erasing import erase_rest, erase_row
from tests.support.takedowns import spread
from tests.support.visibility_model import HIDING, TOPICS, Account, Item, Model, Verdict

WORD = re.compile(r"word[0-9]+x")
TERMS = {"pass": "", "block": "赌博", "review": "博彩"}
VERDICTS = ("approve", "reject", "remove", "restore", "dismiss", "escalate")
CITIZENS = {"甲": "A", "甲小号": "A", "乙": "B", "乙小号": "B", "丙": "C"}
REVIEWERS = ("审一", "审二", "审三", "审四")


class Walk:
    """One town. `step` does something, `compare` returns where an endpoint and the model differ."""

    def __init__(self, app_state: AppState, client: httpx.AsyncClient, join: Join, *, stages: int, seed: int) -> None:
        self.app_state = app_state
        self.client = client
        self.join = join
        self.random = Random(seed)
        self.model = Model(stages)
        self.people: dict[str, Person] = {}
        self.log: list[str] = []
        self.wrong: list[str] = []
        # Verdicts by batch, and appeals with the decision that they are against.
        self.batches: list[tuple[str, str, Item, Verdict]] = []
        self.appeals: dict[str, Verdict | None] = {}
        self.is_settled = True
        # Posts that wait for a photo, which is processed in an act of its own.
        self.waiting: dict[Item, int] = {}
        self._words = 0
        self._reporters = 0

    async def begin(self) -> None:
        screener = self.app_state.screener
        given = [Word("赌博", form_of("赌博"), "block", "illegal"), Word("博彩", form_of("博彩"), "review", "fraud")]
        screener.replace(compiled(given, 7))
        for name in TOPICS:
            await make.topic(self.app_state.pool, name)
        self.campaign = await make.campaign(self.app_state.pool, board="public", topic_name=TOPICS[0])
        for number, (name, person) in enumerate({**CITIZENS, **{each: each for each in REVIEWERS}}.items()):
            roles = ("reviewer",) if name in REVIEWERS else ()
            phone = f"+86139{ord(person[0]) % 10000:04}{0 if person in 'ABC' else number:04}"
            self.people[name] = self.join(name, roles=roles, phone=phone)
            id_ = (await self.people[name]("GET", "/me")).json()["id"]
            self.model.accounts[name] = Account(name, person, id_)
            if roles:
                self.model.staff.add(name)

    # Requests.

    async def ask(self, name: str | None, method: str, path: str, body: Any = None) -> Any:
        """The response. A machine that does other work may answer that it has no time: then the request is repeated."""
        for _ in range(10):
            answer = await (
                self.client.request(method, path) if name is None else self.people[name](method, path, body)
            )
            if answer.status_code != 503:
                break
        if method != "GET":
            code = answer.json()["code"] if answer.status_code >= 400 else ""
            self.log.append(f"{name} {method} {path} {body or ''} -> {answer.status_code} {code}")
        return answer

    def expect(self, status: int, wanted: int, what: str) -> bool:
        """Whether it was accepted."""
        if (status < 300) != (wanted < 300):
            self.wrong.append(f"{what}: {status}, and the model says {wanted}")
        return status < 300

    def word(self) -> str:
        self._words += 1
        return f"word{self._words}x"

    def citizen(self) -> Account:
        return self.model.accounts[self.random.choice([n for n in CITIZENS if not self.model.accounts[n].erased])]

    def text(self, word: str) -> tuple[str, frozenset[str], str]:
        machine = self.random.choices(["pass", "block", "review"], [12, 1, 1])[0]
        topics = [name for name in TOPICS if self.random.random() < 0.5]
        return " ".join([word, "今天", *(f"#{name}#" for name in topics), TERMS[machine]]), frozenset(topics), machine

    def item(self, kind: str | None = None) -> Item | None:
        found = [each for each in self.model.items if kind in (None, each.kind) and each.state != "deleted"]
        return self.random.choice(found[-12:]) if found else None

    # What people do.

    async def publish(self) -> None:
        if len(self.model.posts) >= 8:
            return
        author, word = self.citizen(), self.word()
        text, topics, machine = self.text(word)
        state = self.random.choices([None, "ready", "processing"], [3, 1, 2])[0]
        photo = None
        if state is not None:
            photo = await make_media.medium(self.app_state.pool, int(author.id), state=state)
        body = {"text": text, "media_ids": [] if photo is None else [str(photo)]}
        answer = await self.ask(author.name, "POST", "/posts", body)
        if self.expect(answer.status_code, 201 if self.model.may_write(author) else 403, "publish"):
            post = self.model.write(answer.json()["id"], author.name, word, topics, machine, None, None)
            if photo is not None and state == "processing":
                post.holds.add("MEDIA")
                self.waiting[post] = photo

    async def process(self) -> None:
        """A worker processes the photo of a post, in whatever state the post is."""
        if not self.waiting:
            return
        post = self.random.choice(list(self.waiting))
        photo, fails = self.waiting.pop(post), self.random.random() < 0.2
        self.log.append(f"the photo of {post.id} {'fails' if fails else 'is ready'}")
        await (make_media.fail if fails else make_media.make_ready)(self.app_state.pool, photo)
        await release_ready_posts(self.app_state.pool, [photo])
        if not fails:
            post.holds.discard("MEDIA")

    async def say(self) -> None:
        post, author, word = self.item("post"), self.citizen(), self.word()
        if post is None or len(self.model.comments(post)) >= 7:
            return
        roots = [each for each in self.model.comments(post) if each.root is None and self.model.is_visible(each)]
        root = self.random.choice(roots) if roots and self.random.random() < 0.5 else None
        if root is not None and (
            len(self.model.replies(root)) >= 3 or self.model.are_blocked(author.name, root.author)
        ):
            root = None
        text, _, machine = self.text(word)
        answer = await self.ask(
            author.name,
            "POST",
            f"/posts/{post.id}/comments",
            {"text": text, "reply_to_id": root and root.id},
        )
        may = self.model.is_visible(post) and self.model.may_see(author.name, post) and self.model.may_write(author)
        if self.expect(answer.status_code, 201 if may else 403, "comment"):
            self.model.write(answer.json()["id"], author.name, word, frozenset(), machine, post, root)

    async def edit(self) -> None:
        item, word = self.item(), self.word()
        if item is None or item.author.erased:
            return
        text, topics, machine = self.text(word)
        answer = await self.ask(item.author.name, "PATCH", f"/{item.kind}s/{item.id}", {"text": text})
        may = self.model.may_write(item.author) and self.model.shown_state(item) in ("published", "pending")
        if item.post is not None:
            may = may and self.model.is_visible(item.post) and self.model.may_see(item.author.name, item.post)
            if item.root is not None and self.model.are_blocked(item.author.name, item.root.author):
                may = False
        if self.is_settled or answer.status_code < 300:
            self.expect(answer.status_code, 200 if may else 403, "edit")
        if answer.status_code < 300:
            self.model.edit(item, word, topics if item.post is None else frozenset(), machine, item.author.person)

    async def delete(self) -> None:
        item = self.item()
        if item is not None and self.random.random() < 0.4:
            answer = await self.ask(item.author.name, "DELETE", f"/{item.kind}s/{item.id}")
            if self.expect(answer.status_code, 403 if item.author.leaving else 204, "delete"):
                self.model.delete(item)

    async def hide(self) -> None:
        comment = self.item("comment")
        if comment is None:
            return
        assert comment.post is not None
        actors = [n for n, p in CITIZENS.items() if p == comment.post.author.person] + [REVIEWERS[0]]
        actor = self.random.choice([n for n in actors if not self.model.accounts[n].erased])
        method = self.random.choice(["PUT", "PUT", "DELETE"])
        answer = await self.ask(actor, method, f"/comments/{comment.id}/hidden")
        if answer.status_code < 300:
            (comment.holds.add if method == "PUT" else comment.holds.discard)("POST_AUTHOR")

    async def feature(self) -> None:
        comment = self.item("comment")
        if comment is not None and comment.post is not None and not comment.post.author.erased:
            method = self.random.choice(["PUT", "DELETE"])
            await self.ask(comment.post.author.name, method, f"/comments/{comment.id}/featured")

    async def relate(self) -> None:
        one, other = self.citizen(), self.citizen()
        kind, on = self.random.choice(["block", "mute"]), self.random.random() < 0.4
        if one is other:
            return
        answer = await self.ask(one.name, "PUT" if on else "DELETE", f"/users/{other.id}/{kind}")
        if answer.status_code < 300:
            pairs = self.model.blocks if kind == "block" else self.model.mutes
            (pairs.add if on else pairs.discard)((one.name, other.name))

    # What readers and staff do.

    async def report(self) -> None:
        item = self.item()
        if item is None:
            return
        self._reporters += 1
        name = f"举报人{self._reporters}"
        self.people[name] = self.join(name)
        visible = self.model.is_visible(item) and (item.post is None or self.model.is_visible(item.post))
        body = {"target": {"kind": item.kind, "id": item.id}, "reason_code": "spam"}
        answer = await self.ask(name, "POST", "/reports", body)
        if self.is_settled:
            self.expect(answer.status_code, 201 if visible else 404, "report")
        if answer.status_code < 300 and not item.approved_by_reviewer:
            item.holds.add("REPORT")

    async def judge(self) -> None:
        if not self.model.items:
            return
        item = self.random.choice(self.model.items[-16:])
        reviewer = self.random.choice(REVIEWERS)
        state = self.random.choice(["open", "open", "open", "closed"])
        found = await self.ask(reviewer, "GET", f"/moderation/cases?subject_id={item.id}&state={state}&limit=50")
        cases = [each for each in found.json()["items"] if each["subject"]["kind"] == item.kind]
        if not cases:
            return
        case = self.random.choice(cases)
        if case["kind"] == "post" and state == "open" and self.random.random() < 0.1:
            await self.revise(item, reviewer, case)
            return
        wanted = {"appeal": ("restore", "dismiss"), "report": VERDICTS}.get(case["kind"], VERDICTS)
        verdict = self.random.choices(wanted, [4, 2, 2, 3, 2, 1][: len(wanted)])[0]
        body = {
            "cases": [{"id": case["id"], "version": case["version"]}],
            "verdict": verdict,
            "reason_code": "spam" if verdict in HIDING else "fine",
        }
        answer = await self.ask(reviewer, "POST", "/moderation/verdicts", body)
        batch = answer.json()
        outcome = batch["items"][0]["outcome"]
        self.log[-1] += f" {case['kind']} r{case['subject']['revision']} {item.id}: {outcome}"
        if outcome != "done":
            return
        restores = True
        if case["kind"] == "appeal":
            restores = await self.uphold(item, case["appeal"], verdict)
        person = self.model.accounts[reviewer].person
        number = case["subject"]["revision"]
        self.model.judge(item, case["id"], case["kind"], number, verdict, person, restores=restores)
        self.batches.append((batch["batch_id"], reviewer, item, item.verdicts[-1]))

    async def uphold(self, item: Item, appeal: dict[str, Any], verdict: str) -> bool:
        """What the verdict on an appeal means besides the state; whether the decision is a verdict that hides the item."""
        if appeal["kind"] == "takedown":
            if verdict == "restore":
                item.holds.discard("SUBJECT")
            return False
        against = self.appeals[appeal["id"]]
        return against is None or (against.in_force and item.decision is against)

    async def revise(self, item: Item, reviewer: str, case: dict[str, Any]) -> None:
        word = self.word()
        topics = frozenset(name for name in TOPICS if self.random.random() < 0.5)
        body = {"text": " ".join([word, *(f"#{name}#" for name in topics)]), "version": case["version"]}
        answer = await self.ask(reviewer, "POST", f"/moderation/cases/{case['id']}/revision", body)
        if answer.status_code < 300:
            stages = max(1, max(1, self.model.stages) - case["stage"])
            self.model.edit(item, word, topics, "pass", self.model.accounts[reviewer].person, stages)

    async def undo(self) -> None:
        if not self.batches:
            return
        batch, reviewer, item, verdict = self.random.choice(self.batches[-6:])
        if not verdict.in_force:
            return
        answer = await self.ask(reviewer, "POST", f"/moderation/verdicts/{batch}/undo")
        if answer.status_code < 300 and answer.json()["items"]:
            outcome = answer.json()["items"][0]["outcome"]
            self.log[-1] += f" {verdict.kind} {item.id}: {outcome}"
            if outcome == "done":
                self.model.undo(item, verdict)

    async def appeal(self) -> None:
        item = self.item()
        if item is None or item.author.erased:
            return
        body = {"target": {"kind": item.kind, "id": item.id}, "text": "请再看一遍"}
        answer = await self.ask(item.author.name, "POST", "/appeals", body)
        if answer.status_code < 300:
            against = item.decision
            self.appeals[answer.json()["id"]] = against if against is not None and against.kind in HIDING else None

    async def take_down(self) -> None:
        item, lift = self.item(), self.random.random() < 0.5
        if item is None:
            return
        kind = self.random.choice([item.kind, item.kind, "user", "topic"])
        topic = self.random.choice(TOPICS)
        target = {"kind": kind, "id": {"user": item.author.id, "topic": topic}.get(kind, item.id)}
        body = {"target": target} if lift else {"target": target, "reason_code": "spam"}
        answer = await self.ask(
            self.random.choice(REVIEWERS), "DELETE" if lift else "POST", "/moderation/takedowns", body
        )
        if answer.status_code >= 300:
            return
        if kind == "topic":
            self.model.lift_topic(topic) if lift else self.model.topics_down.add(topic)
        elif kind == "user":
            (self.model.persons_down.discard if lift else self.model.persons_down.add)(item.author.person)
        else:
            (item.holds.discard if lift else item.holds.add)("SUBJECT")

    async def sanction(self) -> None:
        account, kind = self.citizen(), self.random.choice(["ban", "mute"])
        held = self.model.sanctions.setdefault(account.person, set())
        path = f"/moderation/users/{account.id}/sanction"
        if held and self.random.random() < 0.5:
            await self.app_state.pool.execute("UPDATE sanctions SET until = now() WHERE lifted_at IS NULL")
            self.model.sanctions.clear()
            self.log.append("all sanctions lapse")
        elif held:
            if self.expect((await self.ask(REVIEWERS[0], "DELETE", path)).status_code, 204, "lift"):
                held.clear()
        elif self.random.random() < 0.4:
            body = {"kind": kind, "reason_code": "spam", "until": (make.now() + make.DAY).isoformat()}
            if self.expect((await self.ask(REVIEWERS[0], "PUT", path, body)).status_code, 200, "sanction"):
                held.add(kind)

    async def leave(self) -> None:
        account = self.citizen()
        if account.leaving:
            answer = await self.ask(account.name, "POST", "/me/restore")
        elif self.random.random() < 0.4:
            answer = await self.ask(account.name, "DELETE", "/me")
        else:
            return
        if self.expect(answer.status_code, 200, "leave or return"):
            account.leaving = not account.leaving

    async def erase(self) -> None:
        account = self.citizen()
        if self.random.random() < 0.15:
            self.log.append(f"{account.name} is erased")
            await erase_row(self.app_state.pool, self.app_state.keys, int(account.id))
            await erase_rest(self.app_state.pool, self.app_state.keys)
            self.model.erase(account)

    @property
    def acts(self) -> list[tuple[int, Callable[[], Awaitable[None]]]]:
        return [
            (5, self.publish),
            (3, self.process),
            (6, self.say),
            (5, self.edit),
            (2, self.delete),
            (3, self.hide),
            (1, self.feature),
            (2, self.relate),
            (4, self.report),
            (16, self.judge),
            (6, self.undo),
            (4, self.appeal),
            (4, self.take_down),
            (2, self.sanction),
            (2, self.leave),
            (1, self.erase),
        ]

    async def step(self) -> None:
        weights, acts = zip(*self.acts, strict=True)
        await self.random.choices(acts, weights)[0]()
        self.is_settled = False

    async def run_jobs(self) -> None:
        """What the worker does until nothing is left."""
        pool = self.app_state.pool
        await spread(pool)
        while await follow_next_departure(pool, self.app_state.keys):
            pass
        while await lapse_next_sanction(pool):
            pass
        await spread(pool)
        for job in (notify_likes, notify_comments, notify_reporters):
            await job(pool)
        await settle(pool, self.app_state.redis)
        self.model.run_jobs()
        self.is_settled = True
