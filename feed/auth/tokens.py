"""Issues and verifies tokens (JWT, RFC 7519). Accounts and roles are the concern of `feed.accounts`."""

import base64
import binascii
import json
import math
import time
from typing import Annotated, Any

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from feed.auth.jwks import IssuerAway, KeySet, RefreshRequired
from feed.bounded_cache import BoundedCache
from feed.errors import Unauthenticated
from feed.texts import has_controls, opaque

LOCAL_ISSUER = "feed"
LOCAL_AUDIENCE = "feed"
LOCAL_ALGORITHM = "HS256"

# Allowed between the app's clock and ours; our own tokens need none.
SKEW_SECONDS = 60

# A flood of different tokens costs time and not memory: some 18,000 of usual length.
_CACHE_BYTES = 24_000_000
_CACHE_SECONDS = 3600.0
_LONGEST = 8192
_SUBJECT_LONGEST = 255

# The types of claims that are left out if they have another one.
_OPTIONAL = {"name": str, "phone_number": str, "phone_number_verified": bool, "sid": str, "age_band": str}

# The `sub` of a token, in an event of its issuer.
Subject = Annotated[str, opaque(_SUBJECT_LONGEST)]


class TokenInvalid(Unauthenticated):
    """A token that is malformed, modified or not signed by an accepted issuer."""


class TokenExpired(Unauthenticated):
    """A valid token that has expired."""


# Tens of thousands are cached. They hold no reference cycles: traversing them would only lengthen garbage collection pauses.
class Claims(msgspec.Struct, frozen=True, gc=False):
    """The claims of a verified token.

    `roles` are those that count: in the app's tokens those of FEED_ROLES_CLAIM, in our own ones those of embedded mode.
    `sid` is the sign-in that one of our own tokens belongs to; empty in tokens of the app, and in those of no sign-in.
    `issued_after`: the token was certainly issued then or later, in seconds since the epoch; None when it does not say.
    """

    iss: str
    sub: str
    exp: int | float
    aud: str | tuple[str, ...] = ()
    nbf: int | float = 0
    name: str = ""
    phone_number: str = ""
    phone_number_verified: bool = False
    roles: tuple[str, ...] = ()
    sid: str = ""
    age_band: str = ""
    issued_after: float | None = None

    @property
    def session(self) -> int | None:
        """The number of the sign-in; None without one."""
        return int(self.sid) if self.sid.isascii() and self.sid.isdecimal() and len(self.sid) < 20 else None

    @property
    def phone(self) -> str | None:
        """The phone in the token if the issuer has verified it, not normalised."""
        return self.phone_number if self.phone_number and self.phone_number_verified else None

    @property
    def audiences(self) -> tuple[str, ...]:
        """The `aud` claim as a tuple."""
        return (self.aud,) if isinstance(self.aud, str) else self.aud


class AppIssuer(msgspec.Struct, frozen=True):
    """The app's issuer: the required claims and algorithms of its tokens, and its keys."""

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


class _CachedToken(msgspec.Struct, frozen=True, gc=False):
    claims: Claims
    expires_at: float
    thumbprint: str  # Of the app's key; empty for our own.


def issue_token(
    key: bytes,
    *,
    sub: str,
    name: str = "",
    phone: str | None = None,
    roles: tuple[str, ...] = (),
    session: int | None = None,
    age_band: str = "",
    seconds: int = 3600,
) -> str:
    """A JWT for `sub`, signed with our own key and valid for `seconds`; `phone` (E.164) counts as verified.

    With a `session` it is valid while that sign-in has not ended.
    """
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
    if age_band:
        claims["age_band"] = age_band
    if session is not None:
        claims["sid"] = str(session)
    return jwt.encode({"alg": LOCAL_ALGORITHM}, claims, OctKey.import_key(key))


class TokenVerifier:
    """Verifies tokens with the keys of their issuer and caches verified ones, as verifying a signature is expensive.

    A cached token is dropped when it expires, and when its key is no longer in the issuer's key set. `own_roles`: roles in our own
    tokens count, which is for embedded mode only: such a token is made by hand and names what its maker likes.
    """

    def __init__(self, key: bytes, app: AppIssuer | None = None, *, own_roles: bool = False) -> None:
        self._key = OctKey.import_key(key)
        self._app = app
        self._own_roles = own_roles
        self._cache: BoundedCache[str, _CachedToken] = BoundedCache(
            max_bytes=_CACHE_BYTES, seconds=_CACHE_SECONDS, size=_size_of
        )

    def verify(self, token: str) -> Claims:
        """The claims of a valid token. Raises TokenExpired, TokenInvalid, IssuerAway, and RefreshRequired without the issuer's key."""
        cached = self._cache.get(token)
        if cached is not None and cached.thumbprint:
            self._app_keys().refresh_if_due()
            if not self._app_keys().contains(cached.thumbprint):
                self._cache.pop(token)
                cached = None
        if cached is None:
            cached = self._decode(token)
            self._cache.put(token, cached)
        if cached.expires_at <= time.time():
            self._cache.pop(token)
            raise TokenExpired
        return cached.claims

    async def verify_with_refresh(self, token: str) -> Claims:
        """Like `verify`, but fetches the issuer's keys if that is required. Raises TokenExpired, TokenInvalid, IssuerAway."""
        for _ in range(3):
            try:
                return self.verify(token)
            except RefreshRequired:
                await self._app_keys().refresh()
        # Each wait was for a fetch that another request had started before; a fourth would take too long.
        raise IssuerAway(retry_after=1)

    def _app_keys(self) -> KeySet:
        assert self._app is not None
        return self._app.keys

    def _decode(self, token: str) -> _CachedToken:
        if len(token) > _LONGEST:
            raise TokenInvalid
        header, issuer = _peek(token)
        if issuer == LOCAL_ISSUER:
            return self._decode_own(token)
        if self._app is not None and issuer == self._app.name:
            return self._decode_app(token, header, self._app)
        raise TokenInvalid

    def _decode_own(self, token: str) -> _CachedToken:
        verified = _verified_claims(token, self._key, LOCAL_ALGORITHM)
        roles = _roles(verified.get("roles")) if self._own_roles else ()
        claims = _read_claims({**verified, "roles": roles, "issued_after": _issued_after(verified, skew=0)})
        if claims.iss != LOCAL_ISSUER or LOCAL_AUDIENCE not in claims.audiences or claims.nbf > time.time():
            raise TokenInvalid
        return _CachedToken(claims, claims.exp, "")

    def _decode_app(self, token: str, header: _Header, app: AppIssuer) -> _CachedToken:
        if header.alg not in app.algorithms or header.crit is not None:
            raise TokenInvalid
        app.keys.refresh_if_due()
        key = app.keys.find(header.kid, header.alg)
        if key is None:
            raise TokenInvalid
        verified = _verified_claims(token, key.key, header.alg)
        # The only place where the app's tokens grant roles: by the claim that the operator has configured.
        roles = _roles(verified.get(app.roles_claim)) if app.roles_claim else ()
        # A `sid` of the app is a session of its own.
        given = {**verified, "roles": roles, "sid": "", "issued_after": _issued_after(verified, skew=SKEW_SECONDS)}
        claims = _read_claims(given)
        if claims.iss != app.name or app.audience not in claims.audiences:
            raise TokenInvalid
        if claims.nbf > time.time() + SKEW_SECONDS:
            raise TokenInvalid
        return _CachedToken(claims, claims.exp + SKEW_SECONDS, key.thumbprint)


def _size_of(token: str, _: _CachedToken) -> int:
    # The claims are a part of the token; decoded text with characters beyond the BMP takes more.
    return 2 * len(token) + 300


def _peek(token: str) -> tuple[_Header, str]:
    """Header and issuer of an unverified token, which select the key to verify it with. Raises TokenInvalid."""
    parts = token.split(".")
    try:
        if len(parts) != 3:
            raise TokenInvalid
        header = msgspec.json.decode(_decode_base64url(parts[0]), type=_Header)
        # As the signature's library reads it: msgspec rejects half of a surrogate pair, which a name may end with.
        return header, msgspec.convert(json.loads(_decode_base64url(parts[1])), _Issuer).iss
    except (msgspec.MsgspecError, binascii.Error, ValueError, RecursionError) as error:
        raise TokenInvalid from error


def _decode_base64url(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _verified_claims(token: str, key: Any, algorithm: str) -> dict[str, Any]:
    try:
        return jwt.decode(token, key, algorithms=[algorithm]).claims
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise TokenInvalid from error


def _read_claims(verified: dict[str, Any]) -> Claims:
    # No one is kept out for what the account can do without: a name or phone of another type (null) is none.
    verified = {name: value for name, value in verified.items() if isinstance(value, _OPTIONAL.get(name, object))}
    try:
        claims = msgspec.convert(verified, Claims)
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        raise TokenInvalid from error
    # Rejects subjects that Postgres cannot store, and times that are infinite or NaN and would never expire.
    if (
        not 0 < len(claims.sub) <= _SUBJECT_LONGEST
        or has_controls(claims.sub)
        or not _is_finite(claims.exp, claims.nbf)
    ):
        raise TokenInvalid
    return claims


def _is_finite(*seconds: float) -> bool:
    return all(math.isfinite(each) for each in seconds if isinstance(each, float))


def _issued_after(verified: dict[str, Any], *, skew: int) -> float | None:
    """The earliest time at which the token can have been issued; None if `iat` is absent, no number, or in the future."""
    issued_at = verified.get("iat")
    if (
        isinstance(issued_at, bool)
        or not isinstance(issued_at, int | float)
        or not 0 <= issued_at <= time.time() + SKEW_SECONDS
    ):
        return None
    return float(issued_at) - skew


def _roles(claim: object) -> tuple[str, ...]:
    """Roles from a list or a space-separated string."""
    if isinstance(claim, str):
        return tuple(claim.split())
    return tuple(role for role in claim if isinstance(role, str)) if isinstance(claim, list) else ()
