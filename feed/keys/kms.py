"""The interface of a key management service (KMS), each of whose keys wraps the key of one campaign."""

from typing import Protocol

import structlog

from feed.errors import Unavailable

log = structlog.get_logger("feed.keys.kms")


class KmsAway(Unavailable):
    """The KMS is unreachable, sealed or rejects our token. The call may be repeated; a note on the error says why."""


def kms_away(why: str) -> KmsAway:
    """Logs the reason and returns the error with it as a note, which `feed doctor` prints. Callers get a Retry-After only."""
    log.warning("kms cannot be used", why=why)
    # Long enough for an overloaded KMS, short enough for a user who retries.
    error = KmsAway(retry_after=30)
    error.add_note(why)
    return error


class Kms(Protocol):
    """A KMS with blocking calls, made from several threads at once.

    Each call is idempotent and raises KmsAway, after which it may have taken effect nevertheless.
    """

    def create(self, name: str) -> None:
        """Creates the key unless it exists; it cannot be exported and can be destroyed."""
        ...

    def wrap(self, name: str, plain: bytes) -> str:
        """The plaintext encrypted with the key, in ASCII."""
        ...

    def unwrap(self, name: str, wrapped: str) -> bytes:
        """The plaintext of what `wrap` returned for the same name."""
        ...

    def destroy(self, name: str) -> None:
        """Destroys the key; returns after the KMS has confirmed that the key does not exist any more."""
        ...

    def check(self) -> None:
        """Raises KmsAway unless it is reachable and accepts our token."""
        ...
