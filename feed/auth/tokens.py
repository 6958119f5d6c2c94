"""Tokens: who says that he is whom, and until when. Roles and accounts are another room's."""

import base64
import binascii
import math
import time
from collections import OrderedDict
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from feed.auth.jwks import IssuerAway, KeySet, KeyWanted
from feed.errors import Unauthenticated

LOCAL_ISSUER = "feed"
LOCAL_AUDIENCE = "feed"
LOCAL_ALGORITHM = "HS256"

# Between the app's clock and ours; our own tokens are judged by the clock that made them.
SKEW_SECONDS = 60

# Bounded, so that a flood of different tokens costs decoding and not memory.
_REMEMBERED = 20_000
_LONGEST = 8192


class TokenInvalid(Unauthenticated):
    """A token that no issuer of ours has signed, or that has been changed."""


class TokenExpired(Unauthenticated):
    """A token that was good until it expired."""


# Remembered by the ten thousands, and without cycles: the collector would walk through all of them while everybody waits.
class Claims(msgspec.Struct, frozen=True, gc=False):
    """What a verified token says. `roles`: what its issuer may say about them, which for the app is mostly nothing."""

    iss: str
    sub: str
    exp: int | float
    aud: str | tuple[str, ...] = ()
    nbf: int | float = 0
    name: str = ""
    phone_number: str = ""
    phone_number_verified: bool = False
    roles: tuple[str, ...] = ()

    @property
    def phone(self) -> str | None:
        """The phone that the issuer has verified, as it stands in the token."""
        return self.phone_number if self.phone_number and self.phone_number_verified else None

    @property
    def audiences(self) -> tuple[str, ...]:
        """Whom the token is for."""
        return (self.aud,) if isinstance(self.aud, str) else self.aud


class AppIssuer(msgspec.Struct, frozen=True):
    """The app's issuer: what its tokens must say, and where its keys are."""

    name: str
    audience: str
    algorithms: frozenset[str]
    keys: KeySet
    roles_claim: str = ""


class _Header(msgspec.Struct):
    alg: str
    kid: str = ""
    crit: list[str] | None = None


class _Issuer(msgspec.Struct):
    iss: str


class _Known(msgspec.Struct, frozen=True, gc=False):
    claims: Claims
    until: float
    key: str  # The thumbprint of the app's key; empty for our own.


def issue_token(
    key: bytes,
    *,
    sub: str,
    name: str = "",
    phone: str | None = None,
    roles: tuple[str, ...] = (),
    seconds: int = 3600,
) -> str:
    """A JWT of our own key for `sub`, good for `seconds`; `phone` (E.164) counts as verified."""
    now = int(time.time())
    claims: dict[str, object] = {
        "iss": LOCAL_ISSUER,
        "aud": LOCAL_AUDIENCE,
        "sub": sub,
        "iat": now,
        "exp": now + seconds,
        "name": name,
    }
    if phone:
        claims |= {"phone_number": phone, "phone_number_verified": True}
    if roles:
        claims["roles"] = list(roles)
    return jwt.encode({"alg": LOCAL_ALGORITHM}, claims, OctKey.import_key(key))


class TokenVerifier:
    """Verifies tokens by their issuer, and remembers the verified ones: a signature costs more than a look-up.

    A remembered token is forgotten when it expires, and when the key that signed it is no longer the issuer's.
    """

    def __init__(self, key: bytes, app: AppIssuer | None = None) -> None:
        self._key = OctKey.import_key(key)
        self._app = app
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def verify(self, token: str) -> Claims:
        """The claims of a good token. Raises TokenExpired, TokenInvalid, IssuerAway; KeyWanted when the issuer must be asked."""
        known = self._known.get(token)
        if known is not None and known.key:
            self._app_keys().tend()
            if not self._app_keys().holds(known.key):
                del self._known[token]
                known = None
        if known is None:
            known = self._decode(token)
            self._known[token] = known
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        if known.until <= time.time():
            self._known.pop(token, None)
            raise TokenExpired
        return known.claims

    async def verify_asking(self, token: str) -> Claims:
        """Like `verify`, and asks the issuer for its keys where `verify` could not tell."""
        for _ in range(3):
            try:
                return self.verify(token)
            except KeyWanted:
                await self._app_keys().renew()
        # Each time another question was on its way already; this request has waited long enough.
        raise IssuerAway(retry_after=1)

    def _app_keys(self) -> KeySet:
        assert self._app is not None
        return self._app.keys

    def _decode(self, token: str) -> _Known:
        if len(token) > _LONGEST:
            raise TokenInvalid
        header, issuer = _peek(token)
        if issuer == LOCAL_ISSUER:
            return self._decode_own(token)
        if self._app is not None and issuer == self._app.name:
            return self._decode_app(token, header, self._app)
        raise TokenInvalid

    def _decode_own(self, token: str) -> _Known:
        claims = _read_claims(_signed(token, self._key, LOCAL_ALGORITHM))
        if claims.iss != LOCAL_ISSUER or LOCAL_AUDIENCE not in claims.audiences or claims.nbf > time.time():
            raise TokenInvalid
        return _Known(claims, claims.exp, "")

    def _decode_app(self, token: str, header: _Header, app: AppIssuer) -> _Known:
        if header.alg not in app.algorithms or header.crit is not None:
            raise TokenInvalid
        app.keys.tend()
        held = app.keys.find(header.kid, header.alg)
        if held is None:
            raise TokenInvalid
        said = _signed(token, held.key, header.alg)
        # The one place where a role can come in from outside: by the claim that the operator has named.
        roles = _roles(said.get(app.roles_claim)) if app.roles_claim else ()
        claims = _read_claims({**said, "roles": roles})
        if claims.iss != app.name or app.audience not in claims.audiences:
            raise TokenInvalid
        if claims.nbf > time.time() + SKEW_SECONDS:
            raise TokenInvalid
        return _Known(claims, claims.exp + SKEW_SECONDS, held.thumbprint)


def _peek(token: str) -> tuple[_Header, str]:
    """What a token says of itself, believed only as far as to know whose key must prove it. Raises TokenInvalid."""
    parts = token.split(".")
    try:
        if len(parts) != 3:
            raise TokenInvalid
        header = msgspec.json.decode(_unpacked(parts[0]), type=_Header)
        return header, msgspec.json.decode(_unpacked(parts[1]), type=_Issuer).iss
    except (msgspec.MsgspecError, binascii.Error, ValueError, RecursionError) as error:
        raise TokenInvalid from error


def _unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _signed(token: str, key: Any, algorithm: str) -> dict[str, Any]:
    try:
        return jwt.decode(token, key, algorithms=[algorithm]).claims
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise TokenInvalid from error


def _read_claims(said: dict[str, Any]) -> Claims:
    try:
        claims = msgspec.convert(said, Claims)
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        raise TokenInvalid from error
    # What Postgres cannot store is nobody's subject, and a time that is no number would never come.
    if not 0 < len(claims.sub) <= 255 or not claims.sub.isprintable() or not _is_time(claims.exp, claims.nbf):
        raise TokenInvalid
    return claims


def _is_time(*seconds: float) -> bool:
    return all(math.isfinite(each) for each in seconds if isinstance(each, float))


def _roles(said: object) -> tuple[str, ...]:
    """Roles as issuers write them: a list, or words with spaces between them."""
    if isinstance(said, str):
        return tuple(said.split())
    return tuple(role for role in said if isinstance(role, str)) if isinstance(said, list) else ()
