"""A campaign from the draft to the claimed prize, through a client generated from the OpenAPI document.

openapi-python-client generate --url http://127.0.0.1:8080/openapi.json --meta none --output-path feed_client
python campaign.py        (FEED_URL and the tokens of `feed token` are in the environment)
"""

import os
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from feed_client import AuthenticatedClient, Client
from feed_client.api.campaigns import get_campaign, get_participation
from feed_client.api.comments import add_comment
from feed_client.api.config import get_config
from feed_client.api.editors_campaigns import change_campaign, create_campaign, publish_campaign
from feed_client.api.editors_entries_and_marks import assign_jurors, mark_entry
from feed_client.api.editors_settling_and_claims import announce_winners
from feed_client.api.likes import like_post
from feed_client.api.own_account import get_me
from feed_client.api.posts import publish_post
from feed_client.api.prizes import claim_prize, list_prizes
from feed_client.models import CampaignFields, ClaimForm, CommentIn, JurorsIn, NewMark, NewPost, Problem

URL = os.environ.get("FEED_URL", "http://127.0.0.1:8080")
TOPIC = "爱读书的深圳人"


def user(name: str) -> AuthenticatedClient:
    """A client with the token of one user."""
    return AuthenticatedClient(base_url=URL, token=os.environ[name], raise_on_unexpected_status=True)


def ok(response: Any) -> Any:
    """The body of a successful response. Raises the problem document, whose `code` decides what to do, otherwise."""
    if isinstance(response, Problem):
        raise RuntimeError(f"{response.code}: {response.detail}")
    return response


def new_key() -> dict[str, str]:
    """A new Idempotency-Key: with it a request that is sent again acts once."""
    return {"idempotency_key": uuid.uuid4().hex}


def in_seconds(seconds: float) -> datetime:
    """The time so many seconds from now."""
    return datetime.now(UTC) + timedelta(seconds=seconds)


def until(what: str, done: Callable[[], bool]) -> None:
    """Waits for a condition, for a minute."""
    for _ in range(240):
        if done():
            return
        time.sleep(0.25)
    raise TimeoutError(what)


editor, second, juror, ming, hong, gang = map(user, ("EDITOR", "SECOND", "JUROR", "MING", "HONG", "GANG"))
anonymous = Client(base_url=URL, raise_on_unexpected_status=True)
config = ok(get_config.sync(client=anonymous))

# An editor drafts a campaign. What is missing is named all at once.
draft = ok(create_campaign.sync(client=editor, body=CampaignFields(title=TOPIC, topic=TOPIC), **new_key()))
early = publish_campaign.sync(draft.id, client=editor)
assert isinstance(early, Problem)
print(f"refused: {early.code}, {len(early.errors)} fields")
fields = CampaignFields.from_dict(
    {
        "body": f"分享你的一个读书瞬间，带上话题 #{TOPIC}#。",
        "starts_at": in_seconds(-1).isoformat(),
        "ends_at": in_seconds(12).isoformat(),
        "settle_at": in_seconds(23).isoformat(),
        "method": "ranked",
        "winner_count": 2,
        "reserve_count": 1,
        "prizes": [
            {"name": "有你“圳”好深圳盒子", "kind": "goods", "value_cny": "199", "places": [1, 1]},
            {"name": "书城购书卡", "kind": "goods", "value_cny": "50", "places": [2, 2]},
        ],
        "claim_days": 7,
        "objection_days": 0,
        "organiser": "读特客户端",
        "contact": "0755-12345678",
    }
)
ok(change_campaign.sync(draft.id, client=editor, body=fields))
jury = JurorsIn(user_ids=[ok(get_me.sync(client=juror)).id])
ok(assign_jurors.sync(draft.id, client=editor, body=jury))
ok(publish_campaign.sync(draft.id, client=editor, **new_key()))

# Readers post, like and comment.
texts = (
    (ming, "读完《深圳传》，想再走一遍老东门。"),
    (hong, "女儿在书城读完了她的第一本书。"),
    (gang, "地铁上的二十分钟，每天一章。"),
)
posts = [
    ok(publish_post.sync(client=author, body=NewPost(text=f"{text}#{TOPIC}#"), **new_key())) for author, text in texts
]
for reader in (hong, gang):
    ok(like_post.sync(posts[0].id, client=reader))
ok(add_comment.sync(posts[1].id, client=ming, body=CommentIn(text="想起我小时候。"), **new_key()))
mine = ok(get_participation.sync(draft.id, client=ming))
print(f"likes that count: {mine.entries[0].likes_counted}")

# The juror marks; the worker settles; two editors announce.
for post, score in zip(posts, ("85", "95", "70"), strict=True):
    ok(mark_entry.sync(draft.id, post.id, client=juror, body=NewMark(score=score)))
until("the settlement", lambda: ok(get_campaign.sync(draft.id, client=anonymous)).state == "decided")
for person in (editor, second):
    ok(announce_winners.sync(draft.id, client=person, **new_key()))

# The winner claims; the prize names the fields that it needs.
prize = ok(list_prizes.sync(client=hong)).items[0]
print(f"place {prize.place}: {'、'.join(each.name for each in prize.prizes)}, needs {', '.join(prize.needs)}")
form = ClaimForm(
    recipient_name="李红",
    phone="13800138000",
    address="深圳市福田区红荔路 1 号",
    privacy_version=config.privacy.version,
)
print(f"claim: {ok(claim_prize.sync(prize.id, client=hong, body=form)).state}")

# The result is verified without the server: feed verify result.json --key keys.json
for file, path in (("result.json", f"/v1/campaigns/{draft.id}/result"), ("keys.json", "/.well-known/feed-keys.json")):
    Path(file).write_bytes(httpx.get(URL + path, trust_env=False).content)
