"""The HTTP client of the load: records each response and checks it against the OpenAPI document."""

import asyncio
import time
from typing import Any

import httpx

from feed.auth.tokens import issue_token
from feed.keys.store import Keys
from tests.chaos.journal import Deed, Journal, Try
from tests.support.documented import Contract
from tests.support.waiting import HANG_SECONDS

# Client timeouts: with short ones the request may still be processed; long ones exceed the timeout of the server.
_PATIENCE = (3.0, 8.0, 20.0)
_PAUSE_SECONDS = 0.25


class Line:
    """The connections to the API, and the journal."""

    def __init__(self, base_url: str, keys: Keys) -> None:
        self.journal = Journal()
        self.document: dict[str, Any] = {}
        self._url = base_url
        self._key = keys.token_key
        self._tokens: dict[str, str] = {}
        self._contract: Contract
        self._opened = time.monotonic()
        self._kept = httpx.AsyncClient(base_url=f"{base_url}/v1", trust_env=False, timeout=HANG_SECONDS)
        # Without keep-alive, each request may reach another worker.
        none_kept = httpx.Limits(max_keepalive_connections=0)
        self._fresh = httpx.AsyncClient(
            base_url=f"{base_url}/v1", trust_env=False, timeout=HANG_SECONDS, limits=none_kept
        )

    async def open(self) -> None:
        """Reads the document."""
        async with httpx.AsyncClient(base_url=self._url, trust_env=False, timeout=HANG_SECONDS) as client:
            self.document = (await client.get("/openapi.json")).json()
        self._contract = Contract(self.document)

    async def close(self) -> None:
        await self._kept.aclose()
        await self._fresh.aclose()

    async def deed(
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
        """Sends an operation and retries until there is a response; once only without `insists`. Returns the body or None."""
        token = token or self.person(deed.who)
        patience = _PATIENCE[deed.who % len(_PATIENCE)]
        if not again:
            self.journal.deeds.append(deed)
        # A retry is the same request with the same key.
        headers = {"idempotency-key": key} if key else {}
        while True:
            told, answer = await self.ask(token, method, path, body, headers, seconds=patience, fresh=deed.who % 2 == 1)
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

    async def ask(
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

    async def must(self, token: str, method: str, path: str, body: Any = None) -> Any:
        _, answer = await self.ask(token, method, path, body, seconds=HANG_SECONDS)
        assert answer is not None, path
        assert answer.is_success, answer.text
        return answer.json()

    def person(self, who: int) -> str:
        return self.token(str(who))

    def token(self, name: str, *roles: str) -> str:
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
