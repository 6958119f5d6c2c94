"""The page of a post: readable without script, with what a link in a chat shows of it."""

import secrets
from typing import Any

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.html.assets import asset
from feed.api.html.outlines import Encoded, Hole
from feed.api.pages.calls import OperationFailed, call, segment
from feed.api.pages.community.threads import Rights, read_comments
from feed.api.pages.page import page, state_of
from feed.api.pages.sessions import InjectedSession, Session
from feed.comments.model import TEXT

_SHARED_IMAGE = "list_jpeg"


@get(["/posts/{post_id:str}", "/p/{post_id:str}"], fast_page=True)
async def show_post(
    post_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    sort: FromQuery[str] = "oldest",
    cursor: FromQuery[str | None] = None,
    comment_id: FromQuery[str | None] = None,
    reply_to: FromQuery[str | None] = None,
    topics_dropped: FromQuery[str] = "",
) -> Response[bytes]:
    """A post and its comments; with `comment_id` the thread of one. `topics_dropped` is said after it was written."""
    return await post_page(
        request,
        session,
        post_id,
        sort=sort,
        cursor=cursor,
        comment_id=comment_id,
        reply_to_id=reply_to,
        topics_dropped=bool(topics_dropped),
    )


async def post_page(
    request: AnyRequest,
    session: Session | None,
    post_id: str,
    *,
    sort: str = "oldest",
    cursor: str | None = None,
    comment_id: str | None = None,
    reply_to_id: str | None = None,
    typed: str = "",
    failed: OperationFailed | None = None,
    form_token: str | None = None,
    topics_dropped: bool = False,
) -> Response[bytes]:
    """The page of a post. After a refused comment: with what was typed and why it failed."""
    viewer = session.viewer if session else None
    answer = await call(request, viewer, "GET", f"/v1/posts/{segment(post_id)}")
    post = answer.json()
    viewer_id = None if viewer is None else str(viewer.account_id)
    rights = Rights(
        viewer_id=viewer_id,
        author_id=post["author"]["id"],
        is_author=viewer_id == post["author"]["id"],
        can_comment=post["viewer"]["can_comment"],
    )
    comments = await read_comments(
        request, session, post["id"], rights, sort=sort, cursor=cursor, comment_id=comment_id
    )
    reply_to = None
    # A refused form stays on the page of the post, whatever path it was sent to.
    context: dict[str, Any] = {} if failed is None else {"path": f"/posts/{post['id']}"}
    if reply_to_id and rights.can_comment:
        reply_to = await _find_comment(request, session, reply_to_id, post["id"])
    return await page(
        request,
        session,
        "community/post.html",
        status=failed.status if failed else 200,
        cache="public" if failed is None else "no-store",
        it=Encoded(answer.body),
        comments=comments,
        is_author=rights.is_author,
        topics_dropped=topics_dropped and rights.is_author,
        reply_to=reply_to,
        typed=typed,
        problem=failed.problem if failed else None,
        form_token=Hole.of(form_token or secrets.token_urlsafe(16)),
        comment_most=TEXT.longest,
        share_image=_share_image(request, post),
        **context,
    )


async def _find_comment(request: AnyRequest, session: Session | None, comment_id: str, post_id: str) -> Any:
    viewer = session.viewer if session else None
    try:
        thread = (await call(request, viewer, "GET", f"/v1/comments/{segment(comment_id)}")).json()
    except OperationFailed:
        return None
    found = thread["reply"] or thread["root"]
    return found if found["post_id"] == post_id and found["author"] else None


def _share_image(request: AnyRequest, post: Any) -> str:
    """An absolute address of a small picture in a format that every crawler reads."""
    for medium in post["media"]:
        for variant in medium["variants"]:
            if variant["name"] == _SHARED_IMAGE:
                return str(variant["url"])
    return state_of(request).settings.public_url.rstrip("/") + asset("share.png")
