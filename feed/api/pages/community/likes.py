"""Likes, sent by the buttons of cards."""

from litestar import Response, post
from litestar.params import FromPath

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import call, segment
from feed.api.pages.form import InjectedForm
from feed.api.pages.page import local_path, see_other
from feed.api.pages.sessions import InjectedSession, signed_in


@post("/posts/{post_id:str}/like")
async def like_post(
    post_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[None]:
    """Likes a post, and goes back to the page with the button."""
    return await _change(request, session, form, "PUT", post_id)


@post("/posts/{post_id:str}/unlike")
async def unlike_post(
    post_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[None]:
    """Takes a like back, and goes back to the page with the button."""
    return await _change(request, session, form, "DELETE", post_id)


async def _change(
    request: AnyRequest, session: InjectedSession, form: InjectedForm, method: str, post_id: str
) -> Response[None]:
    path = f"/v1/posts/{segment(post_id)}"
    await call(request, signed_in(session).viewer, method, f"{path}/like")
    back = local_path(form.text("back"), f"/posts/{segment(post_id)}")
    # Without script the browser goes on where the button was.
    return see_other(back if "#" in back else f"{back}#post-{segment(post_id)}")
