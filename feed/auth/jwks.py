"""The app's public keys: fetched from the JWKS URL of its issuer, cached, refreshed in the background."""

import asyncio
import time
import warnings
from collections.abc import Callable, Iterable
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
_BODY_LARGEST = 256 * 1024
_MOST_KEYS = 64
_TIMEOUT_SECONDS = 5

# Issuers still use the name EdDSA, which RFC 9864 replaces by Ed25519 for the same signatures.
warnings.filterwarnings("ignore", message="EdDSA is deprecated")

PublicKey = RSAKey | ECKey | OKPKey


class IssuerAway(Unavailable):
    """The app's keys were never fetched, or too long ago to be trusted."""


class RefreshRequired(Exception):
    """The keys must be fetched before the token can be verified: its `kid` is unknown, or the cached keys are too old."""


class JwksInvalid(Exception):
    """The issuer's response is not a usable key set."""


class VerificationKey(msgspec.Struct, frozen=True, eq=False):
    """A public key and the algorithms that it may be used with; `thumbprint` (RFC 7638) identifies it."""

    kid: str
    thumbprint: str
    algorithms: frozenset[str]
    key: Any


class CachePolicy(msgspec.Struct, frozen=True):
    """The ages of cached keys, in seconds, at which they are refreshed and expire."""

    refresh_after: float = 300  # Then they are refreshed in the background.
    wait_after: float = 600  # Then a request waits for the refresh, unless one has failed in the meantime.
    expire_after: float = 86_400  # The longest outage of an issuer: a withdrawn key is accepted no longer than this.
    min_interval: float = 10  # Between two refreshes, whatever tokens are sent.


class KeySet:
    """The cached keys of one JWKS URL. `find` reads the cache; `refresh` fetches, one request at a time."""

    def __init__(
        self,
        url: str,
        algorithms: Iterable[str],
        policy: CachePolicy | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._algorithms = frozenset(algorithms)
        self._policy = policy or CachePolicy()
        self._clock = clock
        self._keys: dict[str, list[VerificationKey]] = {}
        self._thumbprints: frozenset[str] = frozenset()
        self._fetched_at = float("-inf")
        self._attempted_at = float("-inf")
        self._refreshing: asyncio.Task[None] | None = None

    def refresh_if_due(self) -> None:
        """Starts a background refresh if one is due; to be called before each use of the keys.

        Raises RefreshRequired if the keys are too old to be used, and IssuerAway if a refresh has just failed as well.
        """
        age = self._clock() - self._fetched_at
        if age < self._policy.refresh_after:
            return
        attempted = self._clock() - self._attempted_at < self._policy.min_interval
        if age >= self._policy.expire_after:
            if attempted and self._refreshing is None:
                raise IssuerAway(retry_after=max(1, int(self._policy.min_interval)))
            raise RefreshRequired
        if attempted:
            return
        if age >= self._policy.wait_after and self._clock() - self._attempted_at >= self._policy.wait_after:
            raise RefreshRequired
        self._start_refresh()

    def contains(self, thumbprint: str) -> bool:
        """Whether the key is still in the key set."""
        return thumbprint in self._thumbprints

    def find(self, kid: str, algorithm: str) -> VerificationKey | None:
        """The key for a token; an empty `kid` finds the only key for the algorithm. Raises RefreshRequired for an unknown `kid`."""
        if not kid:
            fitting = [key for keys in self._keys.values() for key in keys if algorithm in key.algorithms]
            return fitting[0] if len(fitting) == 1 else None
        if kid in self._keys:
            return next((key for key in self._keys[kid] if algorithm in key.algorithms), None)
        if self._clock() - self._attempted_at < self._policy.min_interval and self._refreshing is None:
            # Tokens with made-up `kid`s cause no more refreshes than this.
            return None
        raise RefreshRequired

    async def refresh(self) -> None:
        """Fetches the keys, or waits for the fetch in progress. A failure is logged, and the cached keys stay."""
        # Shielded: a cancelled request must not cancel the fetch that others wait for.
        await asyncio.shield(self._start_refresh())

    def _start_refresh(self) -> "asyncio.Task[None]":
        if self._refreshing is None:
            self._attempted_at = self._clock()
            self._refreshing = asyncio.create_task(self._refresh(), name="refresh jwks")
            self._refreshing.add_done_callback(self._refreshed)
        return self._refreshing

    def _refreshed(self, _: "asyncio.Task[None]") -> None:
        self._refreshing = None
        # The interval counts from the end: after a slow response the next request must not follow at once.
        self._attempted_at = self._clock()

    async def _refresh(self) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                keys = read_document(await _fetch(self._url), self._algorithms)
        except (httpx.HTTPError, httpx.InvalidURL, JwksInvalid, OSError, TimeoutError) as error:
            age = self._clock() - self._fetched_at
            log.warning(
                "jwks not renewed",
                error=str(error) if isinstance(error, JwksInvalid) else type(error).__name__,
                cached=len(self._thumbprints),
                age_seconds=round(age) if self._thumbprints else None,
                trusted=age < self._policy.expire_after,
            )
            return
        thumbprints = frozenset(key.thumbprint for key in keys)
        if thumbprints != self._thumbprints:
            added, removed = thumbprints - self._thumbprints, self._thumbprints - thumbprints
            log.info("jwks renewed", added=len(added), removed=len(removed))
        self._keys = {}
        for key in keys:
            self._keys.setdefault(key.kid, []).append(key)
        self._thumbprints = thumbprints
        self._fetched_at = self._clock()


async def _fetch(url: str) -> bytes:
    # A proxy from the environment is used, except for loopback.
    client = httpx.AsyncClient(follow_redirects=False, timeout=_TIMEOUT_SECONDS, trust_env=not is_loopback(url))
    headers = {"accept": "application/jwk-set+json, application/json", "accept-encoding": "identity"}
    async with client, client.stream("GET", url, headers=headers) as response:
        if response.status_code != 200:
            raise JwksInvalid(f"status {response.status_code}")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise JwksInvalid("compressed")
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > _BODY_LARGEST:
                raise JwksInvalid("larger than 256 KB")
    return bytes(body)


class _Document(msgspec.Struct):
    keys: list[dict[str, Any]]


def read_document(body: bytes, algorithms: Iterable[str]) -> list[VerificationKey]:
    """The keys of a JWKS document (RFC 7517) for one of `algorithms`; other keys are ignored. Raises JwksInvalid without any."""
    try:
        members = msgspec.json.decode(body, type=_Document).keys
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise JwksInvalid("no JSON document with a list of keys") from None
    if len(members) > _MOST_KEYS:
        raise JwksInvalid(f"more than {_MOST_KEYS} keys")
    allowed = frozenset(algorithms)
    keys = [key for each in members if (key := _read_key(each, allowed))]
    if not keys:
        raise JwksInvalid("no key for the algorithms in FEED_JWT_ALGORITHMS")
    return keys


def _read_key(jwk: dict[str, Any], allowed: frozenset[str]) -> VerificationKey | None:
    kid = jwk.get("kid", "")
    if not isinstance(kid, str) or len(kid) > 200 or jwk.get("use", "sig") != "sig":
        return None
    # Public members only: private ones, which a JWKS must not contain, are never read.
    public: dict[str, Any] = {name: jwk[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in jwk}
    try:
        key, usable = _import(public)
        usable &= allowed
        if "alg" in jwk:
            usable &= {jwk["alg"]} if jwk["alg"] not in ("EdDSA", "Ed25519") else {"EdDSA", "Ed25519"}
        return VerificationKey(kid, key.thumbprint(), frozenset(usable), key) if usable else None
    except (JoseError, ValueError, TypeError, KeyError, OverflowError):
        return None


def _import(public: dict[str, Any]) -> tuple[PublicKey, set[str]]:
    if public["kty"] == "RSA":
        rsa = RSAKey.import_key(public)
        usable = {"RS256", "PS256"} if rsa.public_key.key_size in _RSA_BITS else set()
        return rsa, usable
    if public["kty"] == "EC" and public["crv"] == "P-256":
        return ECKey.import_key(public), {"ES256"}
    if public["kty"] == "OKP" and public["crv"] == "Ed25519":
        return OKPKey.import_key(public), {"EdDSA", "Ed25519"}
    raise ValueError("neither RSA, P-256 nor Ed25519")
