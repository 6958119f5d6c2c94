"""The load: users, reviewers, an admin and readers over real connections; all responses are recorded."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from tests.chaos.asking import Line
from tests.chaos.journal import Deed, Glance, Shown, What

PEOPLE = 24
READERS = 5
REVIEWERS = 2
TOPIC = "读书月"

# Operations per user, pages per reader, verdicts per reviewer, each per second: about 60 requests together.
_DEEDS = 1.6
_PAGES = 4.0
_VERDICTS = 1.0
_KNOWN_MOST = 400

_WEIGHTS: dict[What, float] = {
    "like": 30,
    "unlike": 12,
    "comment": 22,
    "like_comment": 8,
    "unlike_comment": 3,
    "post": 8,
    "delete_comment": 3,
    "delete_post": 1.5,
}


class Known(NamedTuple):
    """A post or comment that was acknowledged to its author."""

    id: str
    who: int
    post_id: str


class Removed(NamedTuple):
    """A removal by a reviewer, and when it is to be restored, if ever."""

    case_id: str
    version: int
    subject_id: str
    due: float


class Load:
    """All simulated users, and the posts that they know."""

    def __init__(self, line: Line, seed: int) -> None:
        self.walks: list[list[str]] = []
        self.campaign_id = ""
        self._line = line
        self._seed = seed
        self._stop = asyncio.Event()
        self._posts: list[Known] = []
        self._comments: list[Known] = []
        self._user_ids: list[str] = []
        self._pages: list[str] = []

    async def open(self) -> None:
        """Creates users, a campaign and the first posts, before any fault."""
        for who in range(PEOPLE):
            self._user_ids.append((await self._line.must(self._line.person(who), "GET", "/me"))["id"])
        editor = self._line.token("editor", "editor")
        campaign = await self._line.must(editor, "POST", "/admin/campaigns", _campaign())
        self.campaign_id = campaign["id"]
        await self._line.must(editor, "POST", f"/admin/campaigns/{self.campaign_id}/publish")
        wanted = ["/feeds/latest?limit=50", f"/topics/{TOPIC}/posts?limit=50"]
        wanted += [
            f"/campaigns/{self.campaign_id}/leaderboard?limit=50",
            f"/campaigns/{self.campaign_id}/posts?limit=50",
        ]
        if "/v1/feeds/hot" in self._line.document["paths"]:
            wanted.append("/feeds/hot?limit=50")
        self._pages = wanted
        await asyncio.gather(*(self._write(who, Random(who), f"{who}-first") for who in range(PEOPLE)))

    async def live(self) -> None:
        """Runs until `stop`, and then until every pending operation has a response."""
        async with asyncio.TaskGroup() as group:
            for who in range(PEOPLE):
                group.create_task(self._person_lives(who))
            for number in range(REVIEWERS):
                group.create_task(self._reviewer_lives(number))
            group.create_task(self._admin_lives())
            for number in range(READERS):
                group.create_task(self._reader_lives(number))

    def stop(self) -> None:
        """Starts no new operation."""
        self._stop.set()

    async def read_pages(self, times: int) -> None:
        """Requests the pages of all users once more."""
        for _ in range(times):
            for page in self._pages:
                await self._look("", page)

    async def _person_lives(self, who: int) -> None:
        chance = Random(f"{self._seed}:person:{who}")
        count = 0
        while not await self._rests(chance, _DEEDS):
            count += 1
            (what,) = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
            if what == "post":
                await self._write(who, chance, f"{who}-{count}")
            elif what == "comment":
                await self._comment(who, chance, f"{who}-{count}")
            elif what.startswith("delete"):
                await self._delete(who, chance, what)
            else:
                await self._like(who, chance, what)

    async def _write(self, who: int, chance: Random, key: str) -> None:
        text = f"第 {key} 篇 " + (f"#{TOPIC}#" if chance.random() < 0.7 else "#闲谈#")
        deed = Deed(who, "post", text)
        if made := await self._make(deed, chance, "/posts", {"text": text}, key):
            _remember(self._posts, Known(made["id"], who, made["id"]))

    async def _comment(self, who: int, chance: Random, key: str) -> None:
        text = f"评论 {key}"
        body = {"text": text}
        post = self._post(chance)
        if chance.random() < 0.3 and self._comments:
            root = chance.choice(self._comments)
            post, body["reply_to_id"] = root.post_id, root.id
        deed = Deed(who, "comment", text, post)
        if made := await self._make(deed, chance, f"/posts/{post}/comments", body, key):
            _remember(self._comments, Known(made["id"], who, post))

    async def _make(self, deed: Deed, chance: Random, path: str, body: Any, key: str) -> Any:
        """The created item; None if it was rejected or the outcome is unknown. Sometimes repeats the request, with the same result."""
        insists = chance.random() < 0.9
        made = await self._line.deed(deed, "POST", path, body, key=key, insists=insists)
        if made is not None and chance.random() < 0.15:
            await self._line.deed(deed, "POST", path, body, key=key, again=True)
        return made

    async def _like(self, who: int, chance: Random, what: What) -> None:
        method = "DELETE" if what.startswith("un") else "PUT"
        if what.endswith("comment"):
            if self._comments:
                comment = chance.choice(self._comments)
                await self._line.deed(Deed(who, what, comment.id), method, f"/comments/{comment.id}/like")
            return
        post = self._post(chance)
        deed = Deed(who, what, post)
        liked = await self._line.deed(deed, method, f"/posts/{post}/like", insists=chance.random() < 0.95)
        if liked is not None and chance.random() < 0.2:
            began = time.monotonic()
            _, answer = await self._line.ask(self._line.person(who), "GET", f"/posts/{post}", seconds=8)
            if answer is not None and answer.status_code == 200:
                self._line.journal.glances.append(Glance(who, post, began, answer.json()["liked_by_me"]))

    async def _delete(self, who: int, chance: Random, what: What) -> None:
        known, path = (self._posts, "posts") if what == "delete_post" else (self._comments, "comments")
        own = [each for each in known if each.who == who]
        if own:
            gone = chance.choice(own)
            known.remove(gone)
            await self._line.deed(Deed(who, what, gone.id), "DELETE", f"/{path}/{gone.id}")

    def _post(self, chance: Random) -> str:
        # Half of it goes to a few popular posts.
        known = self._posts[:8] if chance.random() < 0.5 else self._posts
        return chance.choice(known or [Known("1", 0, "1")]).id

    async def _reviewer_lives(self, number: int) -> None:
        chance = Random(f"{self._seed}:reviewer:{number}")
        token = self._line.token(f"reviewer-{number}", "reviewer")
        removed: list[Removed] = []
        count = 0
        while not await self._rests(chance, _VERDICTS):
            count += 1
            due = [each for each in removed if each.due < time.monotonic()]
            if due:
                removed.remove(due[0])
                await self._judge(token, due[0], "restore", f"{number}-{count}")
                continue
            kind = "post" if chance.random() < 0.6 else "comment"
            _, answer = await self._line.ask(token, "GET", f"/moderation/cases?kind={kind}&limit=50", seconds=8)
            if answer is None or answer.status_code != 200:
                continue
            # Each reviewer has separate subjects, so that the order of verdicts on each is known.
            mine = [case for case in answer.json()["items"] if int(case["subject"]["id"]) % REVIEWERS == number]
            if mine:
                case = chance.choice(mine)
                back = time.monotonic() + chance.uniform(0.5, 9) if chance.random() < 0.7 else float("inf")
                one = Removed(case["id"], case["version"], case["subject"]["id"], back)
                if after := await self._judge(token, one, "remove", f"{number}-{count}"):
                    removed.append(one._replace(version=after["version"]))

    async def _judge(self, token: str, one: Removed, what: What, key: str) -> Any:
        body = {"verdict": what, "version": one.version, "reason_code": "spam" if what == "remove" else "mistaken"}
        deed = Deed(-1, what, one.subject_id)
        return await self._line.deed(
            deed, "POST", f"/moderation/cases/{one.case_id}/verdict", body, key=key, token=token
        )

    async def _admin_lives(self) -> None:
        chance = Random(f"{self._seed}:admin")
        token = self._line.token("admin", "admin")
        while not await self._rests(chance, 0.3):
            who = chance.randrange(PEOPLE)
            path = f"/moderation/users/{self._user_ids[who]}/sanction"
            body = {"kind": "ban", "reason_code": "spam"}
            await self._line.deed(Deed(-1, "ban", str(who)), "PUT", path, body, token=token)
            await asyncio.sleep(chance.uniform(1, 5))
            await self._line.deed(Deed(-1, "lift", str(who)), "DELETE", path, token=token)

    async def _reader_lives(self, number: int) -> None:
        chance = Random(f"{self._seed}:reader:{number}")
        token = self._line.token(f"reader-{number}") if number % 2 else ""
        while not await self._rests(chance, _PAGES):
            fate = chance.random()
            if fate < 0.6:
                await self._look(token, chance.choice(self._pages))
            elif fate < 0.75:
                await self._walk(token, "/feeds/latest?limit=20")
            elif fate < 0.9:
                sort = chance.choice(["oldest", "newest", "hot"])
                await self._look(token, f"/posts/{self._post(chance)}/comments?sort={sort}&limit=50")
            else:
                await self._look(token, f"/posts/{self._post(chance)}")

    async def _walk(self, token: str, page: str) -> None:
        ids: list[str] = []
        cursor = ""
        for _ in range(3):
            body = await self._look(token, page + cursor)
            if body is None:
                break
            ids += _ids(body)
            if body["next_cursor"] is None:
                break
            cursor = f"&cursor={body['next_cursor']}"
        self.walks.append(ids)

    async def _look(self, token: str, page: str) -> Any:
        """Requests a page and records it; None without a response."""
        told, answer = await self._line.ask(token, "GET", page, seconds=12)
        if answer is None or answer.status_code != 200:
            return None
        body = answer.json()
        self._line.journal.shown.append(Shown(page, told.sent, told.ended, tuple(_ids(body))))
        return body

    async def _rests(self, chance: Random, per_second: float) -> bool:
        """Waits between two operations. Returns whether to stop."""
        try:
            async with asyncio.timeout(chance.expovariate(per_second)):
                await self._stop.wait()
        except TimeoutError:
            return False
        return True


def _remember(known: list[Known], one: Known) -> None:
    known.append(one)
    if len(known) > _KNOWN_MOST:
        # The first few stay popular.
        del known[8]


def _ids(body: Any) -> list[str]:
    """The ids of the items in a response."""
    if "items" not in body:
        return [body["id"]]
    found = []
    for item in body["items"]:
        post = item.get("post", item)
        if post["state"] == "published":
            found.append(post["id"])
        found += [reply["id"] for reply in post.get("replies", ()) if reply["state"] == "published"]
    return found


def _campaign() -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "title": TOPIC,
        "topic": TOPIC,
        "body": "分享你的读书瞬间",
        "starts_at": (now - timedelta(hours=1)).isoformat(),
        "ends_at": (now + timedelta(days=7)).isoformat(),
        "method": "ranked",
        "winner_count": 3,
        "reserve_count": 2,
        "prizes": [{"name": "好书", "kind": "goods", "per_winner": 1, "value_cny": "59.90"}],
        "weights": {"quality": "0.5", "likes": "0.3", "comments": "0.2"},
        "claim_days": 7,
        "board": "public",
        "organiser": "读特客户端",
        "contact": "0755-12345678",
    }
