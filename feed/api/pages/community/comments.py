"""What is done about comments on pages: write, like, edit, delete, hide, put first."""

from typing import Literal

from litestar import Response, get, post
from litestar.params import FromPath

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, call, get_json, segment
from feed.api.pages.community.posts import post_page
from feed.api.pages.community.submitting import submit
from feed.api.pages.form import InjectedForm
from feed.api.pages.page import local_path, page, see_other
from feed.api.pages.sessions import InjectedSession, Session, signed_in
from feed.comments.model import TEXT

Change = Literal["like", "unlike", "delete", "hide", "unhide", "feature", "unfeature"]
_CHANGES: dict[Change, tuple[str, str]] = {
    "like": ("PUT", "/like"),
    "unlike": ("DELETE", "/like"),
    "delete": ("DELETE", ""),
    "hide": ("PUT", "/hidden"),
    "unhide": ("DELETE", "/hidden"),
    "feature": ("PUT", "/featured"),
    "unfeature": ("DELETE", "/featured"),
}


@post("/posts/{post_id:str}/comments")
async def write_comment(
    post_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[None] | Response[bytes]:
    """Publishes a comment or a reply; a reply leads to its thread."""
    own = signed_in(session)
    reply_to_id = form.optional("reply_to_id")
    body = {"text": form.text("text"), "reply_to_id": reply_to_id}
    try:
        made = await submit(request, own, "POST", f"/v1/posts/{segment(post_id)}/comments", body, form.token)
    except OperationFailed as error:
        if error.status == 404:
            raise
        return await post_page(
            request,
            own,
            post_id,
            comment_id=reply_to_id,
            reply_to_id=reply_to_id,
            typed=form.text("text"),
            failed=error,
            form_token=form.token,
        )
    if reply_to_id:
        return see_other(f"/posts/{segment(post_id)}?comment_id={made['id']}")
    return see_other(f"/posts/{segment(post_id)}?sort=newest#comments")


@get("/comments/{comment_id:str}")
async def show_comment(comment_id: FromPath[str], request: AnyRequest, session: InjectedSession) -> Response[None]:
    """Leads to the comment on the page of its post."""
    viewer = session.viewer if session else None
    thread = (await call(request, viewer, "GET", f"/v1/comments/{segment(comment_id)}")).json()
    return see_other(f"/posts/{thread['root']['post_id']}?comment_id={(thread['reply'] or thread['root'])['id']}")


@get("/comments/{comment_id:str}/edit")
async def show_comment_edit(
    comment_id: FromPath[str], request: AnyRequest, session: InjectedSession
) -> Response[bytes]:
    """The form with the text of one's own comment."""
    return await _edit_page(request, session, comment_id)


@post("/comments/{comment_id:str}/edit")
async def edit_comment(
    comment_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[None] | Response[bytes]:
    """Changes the text of one's own comment."""
    own = signed_in(session)
    try:
        path = f"/v1/comments/{segment(comment_id)}"
        changed = await submit(request, own, "PATCH", path, {"text": form.text("text")}, None)
    except OperationFailed as error:
        if error.status == 404:
            raise
        return await _edit_page(request, own, comment_id, typed=form.text("text"), failed=error)
    return see_other(f"/posts/{changed['post_id']}?comment_id={changed['id']}")


async def _edit_page(
    request: AnyRequest,
    session: Session | None,
    comment_id: str,
    *,
    typed: str | None = None,
    failed: OperationFailed | None = None,
) -> Response[bytes]:
    own = signed_in(session)
    path = f"/v1/comments/{segment(comment_id)}"
    thread = await get_json(request, own, path)
    comment = thread["reply"] or thread["root"]
    waiting = comment.get("review") or {}
    return await page(
        request,
        own,
        "community/comment_edit.html",
        status=failed.status if failed else 200,
        comment=comment,
        typed=typed if typed is not None else waiting.get("text") or comment["text"],
        problem=failed.problem if failed else None,
        comment_most=TEXT.longest,
    )


@post("/comments/{comment_id:str}/{change:str}")
async def change_comment(
    comment_id: FromPath[str],
    change: FromPath[Change],
    request: AnyRequest,
    session: InjectedSession,
    form: InjectedForm,
) -> Response[None]:
    """The buttons of a comment: like, delete, hide, put first, and their opposites."""
    own = signed_in(session)
    method, end = _CHANGES[change]
    path = f"/v1/comments/{segment(comment_id)}{end}"
    await call(request, own.viewer, method, path)
    back = local_path(form.text("back"), "/")
    return see_other(back if change == "delete" or "#" in back else f"{back}#comment-{segment(comment_id)}")
