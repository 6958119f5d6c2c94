"""The comments on the page of a post: a page of roots with their first replies, or one thread that a link leads to."""

from typing import NamedTuple

import msgspec
from markupsafe import Markup

from feed.api.dependencies import AnyRequest
from feed.api.html.rendering import render, render_fragment
from feed.api.pages.calls import OperationFailed, call, segment
from feed.api.pages.community.lists import RawPage, next_href, read_list
from feed.api.pages.page import page_language
from feed.api.pages.sessions import Session

SORTS = ("oldest", "newest", "hot")
_TEMPLATE = "community/thread.html"
# A signed-in reader who has written none of the comments of a thread: it is the same for all of them.
_ANOTHER = "-"


class Rights(msgspec.Struct, frozen=True):
    """Who looks at the comments of a post, and may do what about them."""

    viewer_id: str | None
    author_id: str
    is_author: bool
    can_comment: bool


class Comments(NamedTuple):
    """What is shown of a post's comments. `is_missing`: the one that a link names is not there (any more)."""

    threads: tuple[Markup, ...]
    next_href: str | None
    sort: str = "oldest"
    is_thread: bool = False
    is_missing: bool = False
    is_restarted: bool = False


async def read_comments(
    request: AnyRequest,
    session: Session | None,
    post_id: str,
    rights: Rights,
    *,
    sort: str,
    cursor: str | None,
    comment_id: str | None,
) -> Comments:
    """A page of comments in an order; with `comment_id` its thread. Raises OperationFailed."""
    is_missing = False
    if comment_id:
        thread = await _read_thread(request, session, post_id, rights, comment_id, cursor)
        if thread is not None:
            return thread
        is_missing, cursor = True, None
    sort = sort if sort in SORTS else "oldest"
    path = f"/v1/posts/{segment(post_id)}/comments"
    answer, is_restarted = await read_list(request, session, path, query={"sort": sort}, cursor=cursor)
    found = answer.read(RawPage)
    language = page_language(request)
    threads = tuple(_root(bytes(item), rights, language) for item in found.items)
    href = next_href(f"/posts/{post_id}", found.next_cursor, sort=sort if sort != "oldest" else None)
    return Comments(
        threads,
        None if href is None else f"{href}#comments",
        sort,
        is_missing=is_missing,
        is_restarted=is_restarted,
    )


async def _read_thread(
    request: AnyRequest, session: Session | None, post_id: str, rights: Rights, comment_id: str, cursor: str | None
) -> Comments | None:
    viewer, language = session.viewer if session else None, page_language(request)
    try:
        path = f"/v1/comments/{segment(comment_id)}"
        thread = (await call(request, viewer, "GET", path)).json()
        root, reply = thread["root"], thread["reply"]
        if root["post_id"] != post_id:
            return None
        replies, next_cursor = root["replies"], None
        if root["reply_count"]:
            answer, _ = await read_list(request, session, f"/v1/comments/{root['id']}/replies", cursor=cursor)
            found = answer.json()
            replies, next_cursor = found["items"], found["next_cursor"]
    except OperationFailed as error:
        if error.status == 404:
            return None
        raise
    if reply is not None and all(each["id"] != reply["id"] for each in replies):
        replies = [reply, *replies]
    context = {"it": root, "replies": replies, "rights": rights, "target": (reply or root)["id"]}
    shown = Markup(render("community/one_thread.html", language, context))  # noqa: S704 - of a template
    href = next_href(f"/posts/{post_id}", next_cursor, comment_id=root["id"])
    return Comments((shown,), None if href is None else f"{href}#comments", is_thread=True)


def _root(encoded: bytes, rights: Rights, language: str) -> Markup:
    """A root with its first replies. Whose account it is matters only where the reader has written one of them."""
    if rights.viewer_id is not None and b'"%b"' % rights.viewer_id.encode() not in encoded:
        rights = msgspec.structs.replace(rights, viewer_id=_ANOTHER)
    if rights.viewer_id is None or rights.viewer_id == _ANOTHER:
        return render_fragment(_TEMPLATE, language, encoded, rights=rights)
    context = {"it": msgspec.json.decode(encoded), "rights": rights}
    return Markup(render(_TEMPLATE, language, context))  # noqa: S704 - of a template
