"""Reporting over the HTTP contract, and what reviewers then find."""

from typing import Any

import httpx

from tests.support.api import Join, Person


async def publish(person: Person, text: str = "今天读完一本书") -> str:
    """The id of a new post."""
    made = await person("POST", "/posts", {"text": text})
    assert made.status_code == 201, made.text
    post_id: str = made.json()["id"]
    return post_id


async def say(person: Person, post_id: str, text: str = "说得好") -> str:
    """The id of a new comment."""
    made = await person("POST", f"/posts/{post_id}/comments", {"text": text})
    assert made.status_code == 201, made.text
    comment_id: str = made.json()["id"]
    return comment_id


async def user_id(person: Person) -> str:
    """The id of the person's account."""
    own: str = (await person("GET", "/me")).json()["id"]
    return own


async def report(person: Person, kind: str, id_: str, reason_code: str = "spam", **more: Any) -> httpx.Response:
    """The response to a report."""
    return await person("POST", "/reports", {"target": {"kind": kind, "id": id_}, "reason_code": reason_code, **more})


async def report_by(join: Join, names: str, kind: str, id_: str) -> list[int]:
    """The status of one report by each of these people."""
    return [(await report(join(name), kind, id_)).status_code for name in names]


async def cases_of(reviewer: Person, kind: str, **query: Any) -> list[dict[str, Any]]:
    """The open cases of a kind."""
    found = await reviewer("GET", "/moderation/cases", params={"kind": kind, "limit": 50, **query})
    assert found.status_code == 200, found.text
    items: list[dict[str, Any]] = found.json()["items"]
    return items


async def judge(reviewer: Person, case: dict[str, Any], verdict: str, **more: Any) -> httpx.Response:
    """The response to a verdict on the case as it was read."""
    body = {"verdict": verdict, "version": case["version"], **more}
    return await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", body)


async def decide(reviewer: Person, kind: str, verdict: str, **more: Any) -> dict[str, Any]:
    """Judges the only open case of a kind; returns it as it is afterwards."""
    (case,) = await cases_of(reviewer, kind)
    judged = await judge(reviewer, case, verdict, **more)
    assert judged.status_code == 200, judged.text
    after: dict[str, Any] = judged.json()
    return after


async def inbox_titles(person: Person, kind: str | None = None) -> list[str]:
    """The titles of the person's notifications, the newest first."""
    found = await person("GET", "/me/inbox", params={} if kind is None else {"kind": kind})
    return [item["title"] for item in found.json()["items"]]


async def appeal(
    person: Person, kind: str, id_: str, text: str = "请再看一遍，这是我自己写的", **more: Any
) -> httpx.Response:
    """The response to an appeal."""
    return await person("POST", "/appeals", {"target": {"kind": kind, "id": id_}, "text": text}, **more)


async def hide(
    reviewer: Person, kind: str, id_: str, verdict: str = "remove", reason_code: str = "spam"
) -> dict[str, Any]:
    """Judges the open case of a post or comment, of its newest revision, as a batch; returns the batch."""
    found = [case for case in await cases_of(reviewer, kind) if case["subject"]["id"] == id_]
    case = max(found, key=lambda case: case["subject"]["revision"] or 0)
    seen = {"cases": [{"id": case["id"], "version": case["version"]}], "verdict": verdict, "reason_code": reason_code}
    batch: dict[str, Any] = (await reviewer("POST", "/moderation/verdicts", seen)).json()
    assert [item["outcome"] for item in batch["items"]] == ["done"]
    return batch


async def undo(reviewer: Person, batch: dict[str, Any]) -> list[str]:
    """The outcomes of undoing a batch."""
    undone = await reviewer("POST", f"/moderation/verdicts/{batch['batch_id']}/undo")
    return [item["outcome"] for item in undone.json()["items"]]
