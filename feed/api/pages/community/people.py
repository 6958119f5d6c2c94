"""The page of a person, and the buttons on it: mute, block and their opposites."""

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.html.outlines import Encoded
from feed.api.html.rendering import words
from feed.api.pages.calls import call, segment
from feed.api.pages.community.lists import read_cards
from feed.api.pages.form import Form, InjectedForm
from feed.api.pages.page import local_path, page, page_language, see_other
from feed.api.pages.sessions import InjectedSession, Session, signed_in


@get("/users/{user_id:str}", fast_page=True)
async def show_user(
    user_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """A person's profile and posts."""
    language = page_language(request)
    t = words(language)
    viewer = session.viewer if session else None
    answer = await call(request, viewer, "GET", f"/v1/users/{segment(user_id)}")
    person = answer.json()
    is_own = viewer is not None and str(viewer.account_id) == person["id"]
    relation = None
    if viewer is not None and not is_own:
        path = f"/v1/users/{segment(user_id)}/relation"
        relation = Encoded((await call(request, viewer, "GET", path)).body)
    found = await read_cards(request, session, f"/v1/users/{segment(user_id)}/posts", cursor=cursor)
    return await page(
        request,
        session,
        "community/user.html",
        cache="public",
        title=person["name"],
        description=person["bio"] or person["name"],
        nothing=t("还没有公开的动态。", "No public posts yet."),
        person=Encoded(answer.body),
        is_own=is_own,
        relation=relation,
        **found.context(f"/users/{person['id']}"),
    )


@post("/users/{user_id:str}/mute")
async def mute(
    user_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[None]:
    """Leaves a person out of the viewer's lists."""
    return await _relate(request, session, form, "PUT", user_id, "mute")


@post("/users/{user_id:str}/unmute")
async def unmute(
    user_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[None]:
    """Ends it."""
    return await _relate(request, session, form, "DELETE", user_id, "mute")


@post("/users/{user_id:str}/block")
async def block(
    user_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[None]:
    """Hides a person and the viewer from each other."""
    return await _relate(request, session, form, "PUT", user_id, "block")


@post("/users/{user_id:str}/unblock")
async def unblock(
    user_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[None]:
    """Ends it."""
    return await _relate(request, session, form, "DELETE", user_id, "block")


async def _relate(
    request: AnyRequest, session: Session | None, form: Form, method: str, user_id: str, kind: str
) -> Response[None]:
    await call(
        request,
        signed_in(session).viewer,
        method,
        f"/v1/users/{segment(user_id)}/{kind}",
    )
    return see_other(local_path(form.text("back"), f"/users/{user_id}"))
