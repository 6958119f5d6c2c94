"""The app's public keys: read from its issuer's address, kept through its outages, renewed while tokens go on being checked."""

import asyncio
import time
import warnings
from collections.abc import Iterable
from typing import Any

import httpx
import msgspec
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from feed.errors import Unavailable
from feed.settings import is_loopback

log = structlog.get_logger("feed.auth.jwks")

_RSA_BITS = range(2048, 8193)
_LARGEST = 256 * 1024
_MOST_KEYS = 64
_ANSWER_SECONDS = 5

# Issuers still say EdDSA; what newer documents call it makes no difference to the signature.
warnings.filterwarnings("ignore", message="EdDSA is deprecated")

PublicKey = RSAKey | ECKey | OKPKey


class IssuerAway(Unavailable):
    """The app's keys have never been read, or were read too long ago to be trusted still."""


class KeyWanted(Exception):
    """No answer without asking the issuer first: a `kid` that is not held, or keys that nobody has looked after."""


class JwksRefused(Exception):
    """The issuer's answer is no usable set of keys."""


class HeldKey(msgspec.Struct, frozen=True, eq=False):
    """A public key, for the algorithms that it may be used with. `thumbprint` tells one key from every other."""

    kid: str
    thumbprint: str
    algorithms: frozenset[str]
    key: Any


class Times(msgspec.Struct, frozen=True):
    """How long keys are what, in seconds."""

    fresh: float = 300  # Then they are read again, beside the requests.
    untended: float = 600  # Then a request waits for the reading, unless the issuer has just failed to answer.
    trusted: float = 86_400  # So long an issuer may be away; afterwards a key that it has withdrawn could still open.
    between: float = 10  # Not more often, whatever is asked of us.


class KeySet:
    """The keys at one address. `find` answers from memory; `renew` asks the issuer, one request at a time."""

    def __init__(self, url: str, algorithms: Iterable[str], times: Times | None = None) -> None:
        self._url = url
        self._algorithms = frozenset(algorithms)
        self._times = times or Times()
        self._keys: dict[str, list[HeldKey]] = {}
        self._thumbprints: frozenset[str] = frozenset()
        self._read_at = float("-inf")
        self._asked_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None

    def tend(self) -> None:
        """Called before any use: begins a renewal that is due. Raises KeyWanted when the keys held must not be used as they are."""
        age = time.monotonic() - self._read_at
        if age < self._times.fresh:
            return
        resting = time.monotonic() - self._asked_at < self._times.between
        if age >= self._times.trusted:
            if resting and self._asking is None:
                raise IssuerAway(retry_after=max(1, int(self._times.between)))
            raise KeyWanted
        if resting:
            return
        if age >= self._times.untended and time.monotonic() - self._asked_at >= self._times.untended:
            raise KeyWanted
        self._ask()

    def holds(self, thumbprint: str) -> bool:
        """Whether the key is still among the issuer's."""
        return thumbprint in self._thumbprints

    def find(self, kid: str, algorithm: str) -> HeldKey | None:
        """The key for a token; one that names none gets the only one that there is. Raises KeyWanted for an unknown `kid`."""
        if not kid:
            fitting = [key for keys in self._keys.values() for key in keys if algorithm in key.algorithms]
            return fitting[0] if len(fitting) == 1 else None
        if kid in self._keys:
            return next((key for key in self._keys[kid] if algorithm in key.algorithms), None)
        if time.monotonic() - self._asked_at < self._times.between and self._asking is None:
            # Whoever invents one `kid` after the other makes us ask no more often than this.
            return None
        raise KeyWanted

    async def renew(self) -> None:
        """Waits for an answer of the issuer, the one that is already on its way if there is one."""
        # Shielded: one caller who goes away must not take the answer from the others.
        await asyncio.shield(self._ask())

    def _ask(self) -> "asyncio.Task[None]":
        if self._asking is None:
            self._asked_at = time.monotonic()
            self._asking = asyncio.create_task(self._read(), name="read jwks")
            self._asking.add_done_callback(self._answered)
        return self._asking

    def _answered(self, _: "asyncio.Task[None]") -> None:
        self._asking = None
        # An answer that was long in coming must not be followed by the next question at once.
        self._asked_at = time.monotonic()

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                keys = read_document(await _fetch(self._url), self._algorithms)
        except (httpx.HTTPError, httpx.InvalidURL, JwksRefused, OSError, TimeoutError) as error:
            age = time.monotonic() - self._read_at
            log.warning(
                "jwks not renewed",
                error=str(error) if isinstance(error, JwksRefused) else type(error).__name__,
                held=len(self._thumbprints),
                age_seconds=round(age) if self._thumbprints else None,
                trusted=age < self._times.trusted,
            )
            return
        prints = frozenset(key.thumbprint for key in keys)
        if prints != self._thumbprints:
            log.info("jwks renewed", added=len(prints - self._thumbprints), gone=len(self._thumbprints - prints))
        self._keys = {}
        for key in keys:
            self._keys.setdefault(key.kid, []).append(key)
        self._thumbprints = prints
        self._read_at = time.monotonic()


async def _fetch(url: str) -> bytes:
    # An operator's proxy may stand between us and the world, but not between us and ourselves.
    client = httpx.AsyncClient(follow_redirects=False, timeout=_ANSWER_SECONDS, trust_env=not is_loopback(url))
    headers = {"accept": "application/jwk-set+json, application/json", "accept-encoding": "identity"}
    async with client, client.stream("GET", url, headers=headers) as answer:
        if answer.status_code != 200:
            raise JwksRefused(f"status {answer.status_code}")
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise JwksRefused("compressed")
        body = bytearray()
        async for chunk in answer.aiter_raw():
            body += chunk
            if len(body) > _LARGEST:
                raise JwksRefused("larger than 256 KB")
    return bytes(body)


class _Document(msgspec.Struct):
    keys: list[dict[str, Any]]


def read_document(body: bytes, algorithms: Iterable[str]) -> list[HeldKey]:
    """The keys of a document that can verify with one of `algorithms`; others in it are passed over. Raises JwksRefused."""
    try:
        given = msgspec.json.decode(body, type=_Document).keys
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise JwksRefused("no JSON document with a list of keys") from None
    if len(given) > _MOST_KEYS:
        raise JwksRefused(f"more than {_MOST_KEYS} keys")
    allowed = frozenset(algorithms)
    keys = [key for each in given if (key := _read_key(each, allowed))]
    if not keys:
        raise JwksRefused("no key for the algorithms in FEED_JWT_ALGORITHMS")
    return keys


def _read_key(given: dict[str, Any], allowed: frozenset[str]) -> HeldKey | None:
    kid = given.get("kid", "")
    if not isinstance(kid, str) or len(kid) > 200 or given.get("use", "sig") != "sig":
        return None
    # Only the public members: what else an issuer may have put there is none of ours.
    public: dict[str, Any] = {name: given[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in given}
    try:
        key, fits = _import(public)
        fits &= allowed
        if "alg" in given:
            fits &= {given["alg"]} if given["alg"] not in ("EdDSA", "Ed25519") else {"EdDSA", "Ed25519"}
        return HeldKey(kid, key.thumbprint(), frozenset(fits), key) if fits else None
    except (JoseError, ValueError, TypeError, KeyError, OverflowError):
        return None


def _import(public: dict[str, Any]) -> tuple[PublicKey, set[str]]:
    if public["kty"] == "RSA":
        rsa = RSAKey.import_key(public)
        fits = {"RS256", "PS256"} if rsa.public_key.key_size in _RSA_BITS else set()
        return rsa, fits
    if public["kty"] == "EC" and public["crv"] == "P-256":
        return ECKey.import_key(public), {"ES256"}
    if public["kty"] == "OKP" and public["crv"] == "Ed25519":
        return OKPKey.import_key(public), {"EdDSA", "Ed25519"}
    raise ValueError("neither RSA, P-256 nor Ed25519")
