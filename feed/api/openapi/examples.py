"""Examples for the OpenAPI document, composed from its schemas, so that they always match."""

import copy
from typing import Any

from feed.campaigns.prize_kinds import GOODS

Json = dict[str, Any]

_ID = "1865263907721216001"
_AT = "2026-09-01T04:30:00Z"
_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
# Example values by field name.
_BY_NAME: dict[str, Any] = {
    "name": "小明",
    "recipient_name": "王小明",
    "text": "深圳湾的傍晚，读完一本好书 #爱读书的深圳人#",
    "title": "爱读书的深圳人",
    "topic": "爱读书的深圳人",
    "body": "分享你的读书时刻",
    "detail": "没有找到该帖子",
    "code": "post_not_found",
    "type": "urn:feed:problem:post_not_found",
    "phone": "+8613800138000",
    "phone_masked": "138****8000",
    "address": "深圳市福田区深南大道 1 号",
    "bio": "在地铁上读书",
    "score": "62.250000",
    "quality": "85.000000",
    "reason": "评委临时出差",
    "reason_code": "spam",
    "cursor": "kq0c1b7u2m",
    "next_cursor": None,
    "access_token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    "refresh_token": "5Vf0zXo1mWwq0Qd3c9hJ",
    "device_token": "20698.9f2c7c3a1b0d4e5f60718293a4b5c6d7e8f9a0b1c2d3e4f5061728394a5b6c7d",
    "challenge": "eyJhbGdvcml0aG0iOiJTSEEtMjU2In0=",
    "token_type": "Bearer",
    "share_url": f"https://feed.example/p/{_ID}",
    "url": "https://feed.example/media/1.webp",
    "thumb_url": "https://feed.example/media/1-thumb.webp",
    "avatar_url": None,
    "organiser": "读特",
    "contact": "0755-88880000",
    "lat": 22.54,
    "lng": 114.06,
    "ip_region": "广东",
    "status": "ready",
    "badge": None,
    "comment_policy": "everyone",
    "topics": [{"name": "爱读书的深圳人", "start": 14, "length": 9}],
    "media": [],
    "location": {"name": "深圳湾公园", "lat": 22.54, "lng": 113.97},
    "method": "ranked",
    "unclaimed": "next_reserve",
    "board": "public",
    "tie_break": ["quality", "likes", "comments", "earliest"],
    "weights": {"quality": "0.5", "likes": "0.3", "comments": "0.2"},
    "caps": {"likes": 1000, "comments": 200},
    "prizes": [{"name": "有你“圳”好深圳盒子", "kind": GOODS.name, "per_winner": 1, "value_cny": "199"}],
    "kinds": ["like"],
    "verdict": "approve",
    "media_ids": [],
    "notes": None,
    "note": None,
    "review_chain": "publish_first",
    "beacon": None,
    "carrier": "顺丰",
    "machine": {"verdict": "pass", "labels": []},
    "subject": {"post_id": _ID},
    "deep_link": f"feed://posts/{_ID}",
    "author_name": "小红",
    "blocked_by": [],
    "claim_days": 7,
    "winner_count": 3,
    "limit": 20,
}
_DEPTH = 8


def add_examples(document: Json) -> None:
    """Adds an example to each schema among the document's components, in place."""
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        if "examples" not in schema and "example" not in schema:
            schema["examples"] = [example_of(schema, schemas, name)]


def example_of(schema: Json, schemas: Json, name: str = "", depth: int = 0) -> Any:
    """A value that matches the schema; `name` is the name of its field."""
    if "$ref" in schema:
        target = schema["$ref"].rsplit("/", 1)[1]
        return example_of(schemas[target], schemas, name, depth)
    for key in ("const", "default"):
        if schema.get(key) is not None:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    for combination in ("oneOf", "anyOf", "allOf"):
        if combination in schema:
            return _alternative(schema[combination], schemas, name, depth)
    kinds = schema.get("type")
    kind = next((one for one in kinds if one != "null"), "null") if isinstance(kinds, list) else kinds
    if name in _BY_NAME and _fits(_BY_NAME[name], kind, kinds):
        return copy.deepcopy(_BY_NAME[name])
    if kind == "object":
        return _object(schema, schemas, depth)
    if kind == "array":
        items = schema.get("items", {})
        if depth > _DEPTH or not items:
            return []
        return [example_of(items, schemas, name.removesuffix("s"), depth + 1)] * max(schema.get("minItems", 1), 1)
    return _plain(schema, kind, name)


def _alternative(kinds: list[Json], schemas: Json, name: str, depth: int) -> Any:
    nullable = any(kind.get("type") == "null" for kind in kinds)
    if nullable and (depth > _DEPTH or _BY_NAME.get(name, "") is None):
        return None
    return example_of(next(kind for kind in kinds if kind.get("type") != "null"), schemas, name, depth)


def _object(schema: Json, schemas: Json, depth: int) -> Json:
    required = set(schema.get("required", ()))
    return {
        key: example_of(kind, schemas, key, depth + 1)
        for key, kind in schema.get("properties", {}).items()
        # Schemas are recursive (comments contain replies): optional fields end the recursion.
        if key in required or depth < 2
    }


def _fits(value: Any, kind: str | None, kinds: Any) -> bool:
    if value is None:
        return isinstance(kinds, list) and "null" in kinds
    wanted: dict[str, tuple[type, ...]] = {
        "string": (str,),
        "integer": (int,),
        "number": (int, float),
        "array": (list,),
    }
    return isinstance(value, wanted.get(kind or "", ()))


def _plain(schema: Json, kind: str | None, name: str) -> Any:
    if kind == "string":
        if schema.get("format") == "date-time":
            return _AT
        if name.endswith("sha256"):
            return _SHA256
        return (
            _ID
            if name in ("id", "until_id", "person") or name.endswith(("_id", "_by"))
            else "示例"[: schema.get("maxLength", 2)]
        )
    if kind in ("integer", "number"):
        least = int(schema.get("minimum", 1))
        return least if least > 0 else 1 if schema.get("maximum", 1) >= 1 else 0
    return {"boolean": True, "object": {}, "array": []}.get(kind or "object")
