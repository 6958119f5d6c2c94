"""Forms of pages: where a request comes from, and its fields."""

import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

import msgspec
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from feed.api.client_address import header
from feed.api.dependencies import AnyRequest
from feed.api.pages.sessions import InjectedSession, Session
from feed.api.paths import is_own, path_of_own
from feed.errors import FieldError, Forbidden, Invalid, MalformedBody
from feed.settings import Settings

_FORM = "application/x-www-form-urlencoded"
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,17}")
# Of a form token as an Idempotency-Key.
_TOKEN_LONGEST = 100
FIELDS_MOST = 1000
# The session's token, where no field holds it.
_TOKEN_HEADER = b"x-session-token"
# The field with the session's token, the one with the account that the page was made for, and the one with the token of this one form.
SESSION_FIELD = "session_token"
ACCOUNT_FIELD = "form_account"
FORM_FIELD = "form_token"


class OtherSite(Forbidden):
    """A form that was not sent by a page of this site."""


class Form(msgspec.Struct, frozen=True):
    """The fields of a form, each with its values in their order.

    `token` names this one form: a retry with it acts once. None where the page had none.
    """

    fields: Mapping[str, tuple[str, ...]]
    token: str | None

    def text(self, name: str) -> str:
        """The value of a field, with line ends as the API has them; empty when it is missing."""
        values = self.fields.get(name, ())
        return values[-1].replace("\r\n", "\n") if values else ""

    def optional(self, name: str) -> str | None:
        """The value of a field; None when it is missing or empty."""
        return self.text(name) or None

    def all(self, name: str) -> tuple[str, ...]:
        """All values of a field that may be repeated."""
        return self.fields.get(name, ())

    def number(self, name: str) -> int | str | None:
        """The whole number in a field; None when it is empty. Anything else is returned as it was typed: the operation refuses it, and
        its problem is shown with the form.
        """
        text = self.text(name).strip()
        if not text:
            return None
        return int(text) if _WHOLE_NUMBER.fullmatch(text) else text

    def checked(self, name: str) -> bool:
        """Whether a check box is set."""
        return name in self.fields


InjectedForm = NamedDependency[SkipValidation[Form]]


async def provide_form(request: AnyRequest, session: InjectedSession) -> Form:
    """The fields of a form that a page of this site has sent. Raises OtherSite, MalformedBody, Invalid."""
    form = await read_form(request)
    require_own_page(request, session, form.text(SESSION_FIELD))
    return form


def is_form(request: AnyRequest) -> bool:
    """Whether the body holds the fields of a form, without files."""
    kind, _, _ = (header(request.scope, b"content-type") or "").partition(";")
    return kind.strip().lower() == _FORM


async def read_form(request: AnyRequest) -> Form:
    """The fields of a form, wherever it is from. Raises MalformedBody, Invalid."""
    if not is_form(request):
        raise MalformedBody
    try:
        pairs = parse_qsl(
            (await request.body()).decode("ascii"),
            keep_blank_values=True,
            strict_parsing=False,
            errors="strict",
            max_num_fields=FIELDS_MOST,
        )
    except ValueError:
        raise MalformedBody from None
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        fields[name] = (*fields.get(name, ()), value)
    token = (fields.get(FORM_FIELD) or ("",))[-1]
    if len(token) > _TOKEN_LONGEST:
        raise Invalid(FieldError(FORM_FIELD, "too_long", {"longest": _TOKEN_LONGEST}))
    return Form(fields, token or None)


def require_own_page(request: AnyRequest, session: Session | None, token: str) -> None:
    """Raises OtherSite unless a page of this site has sent the request.

    Browsers say so in `Sec-Fetch-Site`, which no page can set. One that does not say it sends an `Origin`; it must be ours, and the
    form of a signed-in user must carry the token of the session.
    """
    site = header(request.scope, b"sec-fetch-site")
    if site is not None:
        if site != "same-origin":
            raise OtherSite
        return
    origin = header(request.scope, b"origin")
    if origin is not None and not _is_own(request, origin):
        raise OtherSite
    if session is not None and not hmac.compare_digest(token.encode(errors="replace"), session.token.encode()):
        raise OtherSite
    if session is None and origin is None:
        raise OtherSite


def require_own_upload(request: AnyRequest, session: Session) -> None:
    """As `require_own_page`, for a body with a file, which is not read before it is known where it is from: a browser that does not
    say `Sec-Fetch-Site` must say an `Origin`, or a script of ours send the token of the session in a header.
    """
    site, origin = header(request.scope, b"sec-fetch-site"), header(request.scope, b"origin")
    if site is None and origin is not None and _is_own(request, origin):
        return
    require_own_page(request, session, header(request.scope, _TOKEN_HEADER) or "")


def own_path(request: AnyRequest, address: str) -> str | None:
    """The path and query of an address of this site; None for the address of another one."""
    return path_of_own(address, header(request.scope, b"host"), _public_url(request))


def _is_own(request: AnyRequest, origin: str) -> bool:
    try:
        return is_own(urlsplit(origin), header(request.scope, b"host"), _public_url(request))
    except ValueError:
        return False


def _public_url(request: AnyRequest) -> str:
    settings: Settings = request.app.state.app_state.settings
    return settings.public_url
