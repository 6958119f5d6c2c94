"""Tokens: who says that he is whom, and until when. Roles and accounts are another room's."""

import time
from collections import OrderedDict

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from feed.errors import Unauthenticated

LOCAL_ISSUER = "feed"
LOCAL_AUDIENCE = "feed"

# Bounded, so that a flood of different tokens costs decoding and not memory.
_REMEMBERED = 20_000


class TokenInvalid(Unauthenticated):
    """A token that no issuer of ours has signed, or that has been changed."""


class TokenExpired(Unauthenticated):
    """A token that was good until it expired."""


class Claims(msgspec.Struct, frozen=True):
    """What a verified token says."""

    iss: str
    sub: str
    exp: int
    aud: str | list[str] = ""
    name: str = ""
    phone_number: str = ""
    phone_number_verified: bool = False
    roles: tuple[str, ...] = ()

    @property
    def phone(self) -> str | None:
        """The phone that the issuer has verified, as it stands in the token."""
        return self.phone_number if self.phone_number and self.phone_number_verified else None


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
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(key))


class TokenVerifier:
    """Verifies tokens and remembers the verified ones until they expire: a signature costs more than a look-up."""

    def __init__(self, key: bytes) -> None:
        self._key = OctKey.import_key(key)
        self._known: OrderedDict[str, Claims] = OrderedDict()

    def verify(self, token: str) -> Claims:
        """The claims of a good token. Raises TokenExpired or TokenInvalid."""
        claims = self._known.get(token)
        if claims is None:
            claims = self._decode(token)
            self._known[token] = claims
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        if claims.exp <= time.time():
            self._known.pop(token, None)
            raise TokenExpired
        return claims

    def _decode(self, token: str) -> Claims:
        try:
            said = jwt.decode(token, self._key, algorithms=["HS256"]).claims
            claims = msgspec.convert(said, Claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise TokenInvalid from error
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if claims.iss != LOCAL_ISSUER or LOCAL_AUDIENCE not in audiences or not claims.sub:
            raise TokenInvalid
        return claims
