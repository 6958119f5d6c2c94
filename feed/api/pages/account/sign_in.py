"""Signing in by phone: the number, then the code, as forms over the operations of the app."""

import json
import secrets
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromQuery

from feed.accounts import web_sessions
from feed.api.dependencies import AnyRequest
from feed.api.pages.account.device import device_cookie, device_token
from feed.api.pages.account.kept_form import LABELS, KeptForm, carried_form, keep_form
from feed.api.pages.calls import OperationFailed, call
from feed.api.pages.form import FORM_FIELD, InjectedForm
from feed.api.pages.page import local_path, page, see_other, sign_in_path, state_of
from feed.api.pages.sessions import (
    InjectedSession,
    Session,
    end_browser_session,
    form_token,
    session_cookie,
    session_secret,
)

_CHALLENGES = ("challenge_required", "challenge_refused")


class _Tokens(msgspec.Struct, frozen=True):
    """What a page needs of the tokens of a sign-in. They stay on the server."""

    access_token: str
    device_token: str | None


@get("/sign-in")
async def show_sign_in(
    request: AnyRequest, session: InjectedSession, back: FromQuery[str | None] = None
) -> Response[bytes]:
    """Asks for the phone; says where to sign in instead where the app has a sign-in of its own."""
    return await _phone_page(request, session, back=_back(back))


@get("/sign-in/form")
async def leave_form(back: FromQuery[str | None] = None) -> Response[None]:
    """Where a script goes that has sent a form without a session: to the sign-in."""
    return see_other(sign_in_path(_back(back)))


@post("/sign-in/form", status_code=200)
async def keep_sent_form(
    request: AnyRequest,
    session: InjectedSession,
    form: InjectedForm,
    back: FromQuery[str | None] = None,
    action: FromQuery[str | None] = None,
) -> Response[Any]:
    """Asks for the phone, and keeps in the browser what was sent without a session."""
    kept = keep_form(form, action)
    if session is not None:
        return await _continue(request, session, kept, _back(back))
    return await _phone_page(request, session, back=_back(back), kept=kept)


@post("/sign-in", status_code=200)
async def request_code(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[bytes]:
    """Sends a code and asks for it. Where a challenge is required, the page has it solved and sends the form again."""
    back, kept, phone = _back(form.text("back")), carried_form(form), form.text("phone").strip()
    if form.checked("change"):
        return await _phone_page(request, session, back=back, kept=kept, phone=phone)
    body = {"phone": phone, "challenge": form.optional("challenge"), "device_token": device_token(request)}
    try:
        await call(request, None, "POST", "/v1/auth/codes", body=body)
    except OperationFailed as error:
        if error.problem.code in _CHALLENGES:
            challenge = await call(request, None, "GET", "/v1/auth/challenge")
            encoded = json.dumps(challenge.json())
            return await _phone_page(request, session, back=back, kept=kept, phone=phone, challenge=encoded)
        # The code that was sent before is still good.
        shown = _code_page if form.checked("again") else _phone_page
        return await shown(request, session, back=back, kept=kept, phone=phone, error=error)
    return await _code_page(request, session, back=back, kept=kept, phone=phone)


@post("/sign-in/code", status_code=200)
async def exchange_code(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[Any]:
    """Signs the browser in with the code, and leads back."""
    back, kept, phone = _back(form.text("back")), carried_form(form), form.text("phone")
    body = {"phone": phone, "code": form.text("code"), "device_token": device_token(request)}
    try:
        answer = await call(request, None, "POST", "/v1/auth/tokens", body=body)
    except OperationFailed as error:
        return await _code_page(request, session, back=back, kept=kept, phone=phone, error=error)
    app_state = state_of(request)
    tokens = answer.read(_Tokens)
    viewer = await app_state.authenticator.authenticate(tokens.access_token)
    # Of our own token, which names its sign-in.
    assert viewer.session is not None
    secret = await web_sessions.open_session(app_state.pool, viewer.account_id, viewer.session)
    if (former := session_secret(request, app_state.settings)) is not None:
        await end_browser_session(app_state, former)
    opened = Session(viewer, form_token(app_state.keys.cursor_key, secret))
    response = await _continue(request, opened, kept, back)
    response.set_cookie(session_cookie(app_state.settings, secret))
    if tokens.device_token is not None:
        response.set_cookie(device_cookie(app_state.settings, tokens.device_token))
    return response


async def _continue(request: AnyRequest, session: Session, kept: KeptForm | None, back: str) -> Response[Any]:
    """Back to where the sign-in was asked for; first what was sent without a session, if this account has sent it."""
    if kept is None or kept.owner != str(session.viewer.account_id):
        return see_other(back)
    fields = [(name, value, LABELS.get(name)) for name, value in kept.fields if name != FORM_FIELD]
    token = next((value for name, value in kept.fields if name == FORM_FIELD), "") or secrets.token_urlsafe(16)
    return await page(
        request,
        session,
        "account/kept_form.html",
        cache="no-store",
        action=kept.action,
        fields=fields,
        form_token=token,
        back=back,
    )


async def _phone_page(
    request: AnyRequest,
    session: Session | None,
    *,
    back: str,
    kept: KeptForm | None = None,
    phone: str = "",
    challenge: str | None = None,
    error: OperationFailed | None = None,
) -> Response[bytes]:
    return await _sign_in_page(request, session, "phone", back, kept, phone, error, challenge=challenge)


async def _code_page(
    request: AnyRequest,
    session: Session | None,
    *,
    back: str,
    kept: KeptForm | None,
    phone: str,
    error: OperationFailed | None = None,
) -> Response[bytes]:
    return await _sign_in_page(request, session, "code", back, kept, phone, error)


async def _sign_in_page(
    request: AnyRequest,
    session: Session | None,
    step: str,
    back: str,
    kept: KeptForm | None,
    phone: str,
    error: OperationFailed | None,
    challenge: str | None = None,
) -> Response[bytes]:
    settings = state_of(request).settings
    return await page(
        request,
        session,
        "account/sign_in.html",
        # Wrong codes are no reason for a browser to ask for a password.
        status=200 if error is None else 422 if error.status == 401 else error.status,
        cache="no-store",
        headers=None if error is None or error.retry_after is None else {"retry-after": error.retry_after},
        step=step,
        back=back,
        kept=None if kept is None else kept.hidden(),
        phone=phone,
        error=error,
        elsewhere=bool(settings.jwks_url),
        outbox=settings.embedded and settings.sms_provider == "file",
        sign_in="/sign-in",
        challenge=challenge,
    )


def _back(given: str | None) -> str:
    path = local_path(given)
    return "/" if path.startswith("/sign-in") else path
