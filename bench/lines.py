"""The benchmark cases: load, base and goals of each."""

from collections.abc import Sequence

import msgspec

from bench.installation import Scene
from bench.load import Load, load_of
from feed.seeding.texts import topic_name

_PAGES = {
    "latest": "latest page of 20",
    "hot": "hot page of 20",
    "topic": "topic page of 20",
    "photos": "topic page of 20 with nine photos each",
    "leaderboard": "leaderboard of 20",
}

# Pages for people, with their goals of CPU. The page of a post is that of its text and a page of comments.
_HTML: tuple[tuple[str, str, float | None], ...] = (
    ("html", "first page for people, anonymous", 3),
    ("html_own", "first page for people, signed in", 3),
    ("html_post", "post for people, anonymous", None),
    ("html_post_own", "post for people, signed in", None),
)


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A load on `feed`, the base that it is compared with, and its goals.

    `cpu` and `throughput` are relative to the base, `postgres_us` is CPU of Postgres per request in microseconds.
    """

    key: str
    name: str
    base: str
    load: Load
    cpu: float | None = None
    throughput: float | None = None
    postgres_us: float | None = None


def hello() -> Load:
    """A request to the minimal handler."""
    return load_of("GET", "/hello")


def constant(length: int) -> Load:
    """A request for a body of this length."""
    return load_of("GET", f"/constant/{length}")


def base_load(base: str) -> Load:
    """The load of a base by its name."""
    return hello() if base == "hello" else constant(int(base.partition(" ")[2]))


def lines(scene: Scene, *, people: int) -> list[Case]:
    """All cases. Reads use the first `people` tokens, writes all of them."""
    return [*_pages(scene, scene.tokens[:people]), *_writes(scene)]


def _pages(scene: Scene, tokens: Sequence[str]) -> list[Case]:
    base = f"constant {scene.body_bytes['latest']}"
    anonymous = load_of("GET", "/v1/feeds/latest")
    found = [Case(key="anonymous", name="latest page of 20, anonymous", base=base, load=anonymous, cpu=1.5)]
    for key, load in scene.pages.items():
        some = tuple(token.encode() for token in tokens)
        found.append(
            Case(
                key=key,
                name=f"{_PAGES[key]}, signed in",
                base=f"constant {scene.body_bytes[key]}",
                load=msgspec.structs.replace(load, tokens=some),
                cpu=2.5,
                throughput=0.45,
            )
        )
    for key, name, goal in _HTML:
        found.append(Case(key=key, name=name, base=f"constant {scene.body_bytes[key]}", load=scene.html[key], cpu=goal))
    return found


def _writes(scene: Scene) -> list[Case]:
    posts, tokens = scene.post_ids, scene.tokens
    comment = msgspec.json.encode({"text": "写得真好，明天也去看看"})
    post = msgspec.json.encode({"text": f"今天在书店坐了一下午 #{topic_name(0)}# 很值得"})
    like = "/v1/posts/{post}/like"
    return [
        Case(
            key="like",
            name="like, spread over posts",
            base="hello",
            load=load_of("PUT", like, posts=posts[: len(posts) // 2], tokens=tokens),
            cpu=3.5,
            throughput=0.3,
            postgres_us=25,
        ),
        Case(
            key="viral",
            name="like, all on one post",
            base="hello",
            load=load_of("PUT", like, posts=posts[len(posts) // 2 :], tokens=tokens, spread=0),
            cpu=3,
        ),
        Case(
            key="comment",
            name="comment",
            base="hello",
            load=load_of("POST", "/v1/posts/{post}/comments", posts=posts, tokens=tokens, body=comment),
            cpu=8,
        ),
        Case(
            key="post",
            name="post",
            base="hello",
            load=load_of("POST", "/v1/posts", tokens=tokens, body=post),
            cpu=25,
        ),
    ]
