"""People, moderators, an admin and readers, over real connections; each keeps a journal of what it was told."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import httpx

from feed.auth import issue_token
from feed.keys import Keys
from tests.api.documented import Contract
from tests.chaos.journal import Deed, Glance, Journal, Shown, Try, What

PEOPLE = 24
READERS = 5
REVIEWERS = 2
TOPIC = "读书月"

# Deeds of a person, pages of a reader, verdicts of a reviewer per second: some 60 requests together.
_DEEDS = 1.6
_PAGES = 4.0
_VERDICTS = 1.0
# Impatient people give requests up that act all the same; patient ones wait for the server's own limit.
_PATIENCE = (3.0, 8.0, 20.0)
_PAUSE_SECONDS = 0.25
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
    """A post or comment that its author was told of."""

    id: str
    who: int
    post_id: str


class Removed(NamedTuple):
    """What a reviewer has removed, and when he is to bring it back, if ever."""

    case_id: str
    version: int
    subject_id: str
    due: float


class Load:
    """Everybody, and what they know of each other's posts."""

    def __init__(self, base_url: str, keys: Keys, seed: int) -> None:
        self.journal = Journal()
        self.walks: list[list[str]] = []
        self.campaign_id = ""
        self._url = base_url
        self._key = keys.token_key
        self._tokens: dict[str, str] = {}
        self._seed = seed
        self._contract: Contract
        self._stop = asyncio.Event()
        self._opened = time.monotonic()
        self._posts: list[Known] = []
        self._comments: list[Known] = []
        self._user_ids: list[str] = []
        self._pages: list[str] = []
        self._kept = httpx.AsyncClient(base_url=f"{base_url}/v1", trust_env=False)
        # Without connections that are kept, each request may meet another of the workers.
        none_kept = httpx.Limits(max_keepalive_connections=0)
        self._fresh = httpx.AsyncClient(base_url=f"{base_url}/v1", trust_env=False, limits=none_kept)

    async def open(self) -> None:
        """People come, an editor opens a campaign, the first posts are written; nothing is hurt meanwhile."""
        async with httpx.AsyncClient(base_url=self._url, trust_env=False) as client:
            document = (await client.get("/openapi.json")).json()
        self._contract = Contract(document)
        for who in range(PEOPLE):
            self._user_ids.append((await self._must(self._person(who), "GET", "/me"))["id"])
        editor = self._token("editor", "editor")
        campaign = await self._must(editor, "POST", "/admin/campaigns", _campaign())
        self.campaign_id = campaign["id"]
        await self._must(editor, "POST", f"/admin/campaigns/{self.campaign_id}/publish")
        wanted = ["/feeds/latest?limit=50", f"/topics/{TOPIC}/posts?limit=50"]
        wanted += [
            f"/campaigns/{self.campaign_id}/leaderboard?limit=50",
            f"/campaigns/{self.campaign_id}/posts?limit=50",
        ]
        if "/v1/feeds/hot" in document["paths"]:
            wanted.append("/feeds/hot?limit=50")
        self._pages = wanted
        await asyncio.gather(*(self._write(who, Random(who), f"{who}-first") for who in range(PEOPLE)))

    async def live(self) -> None:
        """Runs until `stop`, and then until everybody has got an answer to what he was about."""
        async with asyncio.TaskGroup() as group:
            for who in range(PEOPLE):
                group.create_task(self._person_lives(who))
            for number in range(REVIEWERS):
                group.create_task(self._reviewer_lives(number))
            group.create_task(self._admin_lives())
            for number in range(READERS):
                group.create_task(self._reader_lives(number))

    def stop(self) -> None:
        """Nobody begins anything new."""
        self._stop.set()

    async def close(self) -> None:
        await self._kept.aclose()
        await self._fresh.aclose()

    async def read_pages(self, times: int) -> None:
        """Everybody's pages, once more, from whichever workers answer."""
        for _ in range(times):
            for page in self._pages:
                await self._look("", page)

    # People ---------------------------------------------------------------------------------------------------------

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
        """What was made; None when it was refused or is not known of. Now and then it is asked for again, and must be the same."""
        insists = chance.random() < 0.9
        made = await self._deed(deed, "POST", path, body, key=key, insists=insists)
        if made is not None and chance.random() < 0.15:
            await self._deed(deed, "POST", path, body, key=key, again=True)
        return made

    async def _like(self, who: int, chance: Random, what: What) -> None:
        method = "DELETE" if what.startswith("un") else "PUT"
        if what.endswith("comment"):
            if self._comments:
                comment = chance.choice(self._comments)
                await self._deed(Deed(who, what, comment.id), method, f"/comments/{comment.id}/like")
            return
        post = self._post(chance)
        deed = Deed(who, what, post)
        liked = await self._deed(deed, method, f"/posts/{post}/like", insists=chance.random() < 0.95)
        if liked is not None and chance.random() < 0.2:
            began = time.monotonic()
            _, answer = await self._ask(self._person(who), "GET", f"/posts/{post}", seconds=8)
            if answer is not None and answer.status_code == 200:
                self.journal.glances.append(Glance(who, post, began, answer.json()["liked_by_me"]))

    async def _delete(self, who: int, chance: Random, what: What) -> None:
        known, path = (self._posts, "posts") if what == "delete_post" else (self._comments, "comments")
        own = [each for each in known if each.who == who]
        if own:
            gone = chance.choice(own)
            known.remove(gone)
            await self._deed(Deed(who, what, gone.id), "DELETE", f"/{path}/{gone.id}")

    def _post(self, chance: Random) -> str:
        # Half of it falls on the few posts that everybody talks about.
        known = self._posts[:8] if chance.random() < 0.5 else self._posts
        return chance.choice(known or [Known("1", 0, "1")]).id

    # Staff ----------------------------------------------------------------------------------------------------------

    async def _reviewer_lives(self, number: int) -> None:
        chance = Random(f"{self._seed}:reviewer:{number}")
        token = self._token(f"reviewer-{number}", "reviewer")
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
            _, answer = await self._ask(token, "GET", f"/moderation/cases?kind={kind}&limit=50", seconds=8)
            if answer is None or answer.status_code != 200:
                continue
            # Each has subjects of his own, so that the order of the verdicts on one is known.
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
        return await self._deed(deed, "POST", f"/moderation/cases/{one.case_id}/verdict", body, key=key, token=token)

    async def _admin_lives(self) -> None:
        chance = Random(f"{self._seed}:admin")
        token = self._token("admin", "admin")
        while not await self._rests(chance, 0.3):
            who = chance.randrange(PEOPLE)
            path = f"/moderation/users/{self._user_ids[who]}/sanction"
            body = {"kind": "ban", "reason_code": "spam"}
            await self._deed(Deed(-1, "ban", str(who)), "PUT", path, body, token=token)
            await asyncio.sleep(chance.uniform(1, 5))
            await self._deed(Deed(-1, "lift", str(who)), "DELETE", path, token=token)

    # Readers --------------------------------------------------------------------------------------------------------

    async def _reader_lives(self, number: int) -> None:
        chance = Random(f"{self._seed}:reader:{number}")
        token = self._token(f"reader-{number}") if number % 2 else ""
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
        """The page, noted; None when there was none."""
        told, answer = await self._ask(token, "GET", page, seconds=12)
        if answer is None or answer.status_code != 200:
            return None
        body = answer.json()
        self.journal.shown.append(Shown(page, told.sent, told.ended, tuple(_ids(body))))
        return body

    # Asking ---------------------------------------------------------------------------------------------------------

    async def _deed(
        self,
        deed: Deed,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str = "",
        token: str = "",
        insists: bool = True,
        again: bool = False,
    ) -> Any:
        """Does it, and tries again until there is an answer; who does not insist leaves it at one try. The answer's body, or None."""
        token = token or self._person(deed.who)
        patience = _PATIENCE[deed.who % len(_PATIENCE)]
        if not again:
            self.journal.deeds.append(deed)
        # A lost answer is asked for by the very same request.
        headers = {"idempotency-key": key} if key else {}
        while True:
            told, answer = await self._ask(
                token, method, path, body, headers, seconds=patience, fresh=deed.who % 2 == 1
            )
            deed.tries = [*deed.tries, told]
            if answer is not None and not _is_worth_another(answer):
                if not told.acknowledged:
                    return None
                given = answer.json() if answer.content else {}
                if "id" in given and deed.what in ("post", "comment"):
                    deed.told = [*deed.told, given["id"]]
                return given
            if not insists:
                return None
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _ask(
        self,
        token: str,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        *,
        seconds: float,
        fresh: bool = True,
    ) -> tuple[Try, httpx.Response | None]:
        client = self._fresh if fresh else self._kept
        headers = {**(headers or {}), **({"authorization": f"Bearer {token}"} if token else {})}
        sent = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                answer = await client.request(method, path, json=body, headers=headers, timeout=seconds + 1)
        except (httpx.TransportError, TimeoutError) as error:
            arrived = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            self._count("no answer" if arrived else "no connection")
            return Try(sent, time.monotonic(), None, arrived), None
        ended = time.monotonic()
        self._count(str(answer.status_code))
        self._hold_to_the_document(answer)
        return Try(sent, ended, answer.status_code), answer

    def _hold_to_the_document(self, answer: httpx.Response) -> None:
        asked = answer.request
        name = f"{asked.method} {asked.url.path}"
        breach = self._contract.breach(
            asked.method, asked.url.path, answer.status_code, answer.headers.get("content-type", ""), answer.content
        )
        if answer.status_code >= 500 and answer.status_code != 503:
            breach = f"{name}: {answer.status_code} {answer.text[:200]}"
        elif answer.status_code == 503 and "retry-after" not in answer.headers:
            breach = f"{name}: 503 without Retry-After"
        if breach:
            self.journal.breaches.append(f"{time.monotonic() - self._opened:.1f} s: {breach}")

    def _count(self, status: str) -> None:
        self.journal.statuses[status] = self.journal.statuses.get(status, 0) + 1

    async def _must(self, token: str, method: str, path: str, body: Any = None) -> Any:
        _, answer = await self._ask(token, method, path, body, seconds=15)
        assert answer is not None, path
        assert answer.is_success, answer.text
        return answer.json()

    async def _rests(self, chance: Random, per_second: float) -> bool:
        """Waits as long as people do between two deeds. Whether it is time to go."""
        try:
            async with asyncio.timeout(chance.expovariate(per_second)):
                await self._stop.wait()
        except TimeoutError:
            return False
        return True

    def _person(self, who: int) -> str:
        return self._token(str(who))

    def _token(self, name: str, *roles: str) -> str:
        held = self._tokens.get(name)
        if held is None:
            number = len(self._tokens)
            held = issue_token(
                self._key, sub=f"chaos:{name}", name=name, phone=f"+86139{number:08}", roles=roles, seconds=24 * 3600
            )
            self._tokens[name] = held
        return held


def _is_worth_another(answer: httpx.Response) -> bool:
    return answer.status_code >= 500 or (answer.status_code in (409, 429) and "retry-after" in answer.headers)


def _remember(known: list[Known], one: Known) -> None:
    known.append(one)
    if len(known) > _KNOWN_MOST:
        # The first few go on being talked about.
        del known[8]


def _ids(body: Any) -> list[str]:
    """The posts, or the comments with words, that an answer shows."""
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
