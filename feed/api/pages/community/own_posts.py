"""What authors do about their own posts besides editing: delete them, and look at their versions."""

from litestar import Response, get, post
from litestar.params import FromPath

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import call, get_json, segment
from feed.api.pages.form import InjectedForm
from feed.api.pages.page import page, see_other
from feed.api.pages.sessions import InjectedSession, signed_in


@get("/posts/{post_id:str}/delete")
async def show_delete(post_id: FromPath[str], request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """Asks before a post is deleted."""
    own = signed_in(session)
    path = f"/v1/posts/{segment(post_id)}"
    found = await get_json(request, own, path)
    return await page(request, own, "community/delete.html", cache="no-store", it=found)


@post("/posts/{post_id:str}/delete")
async def delete_post(
    post_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[None]:
    """Deletes a post of the viewer."""
    own = signed_in(session)
    path = f"/v1/posts/{segment(post_id)}"
    await call(request, own.viewer, "DELETE", path)
    return see_other(f"/users/{own.viewer.account_id}")


@get("/posts/{post_id:str}/revisions")
async def show_revisions(post_id: FromPath[str], request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """The versions of a post's text and photos."""
    own = signed_in(session)
    path = f"/v1/posts/{segment(post_id)}/revisions"
    found = await get_json(request, own, path)
    return await page(
        request, own, "community/revisions.html", cache="no-store", post_id=post_id, revisions=found["items"]
    )
