"""The port to a key management service: keys that never leave it, each of which wraps the key of one campaign."""

from typing import Protocol

import structlog

from feed.errors import Unavailable

log = structlog.get_logger("feed.keys.kms")


class KmsAway(Unavailable):
    """The KMS does not answer, is sealed or refuses us. Nothing was lost, and the same may be asked again; a note says why."""


def kms_away(why: str) -> KmsAway:
    """The error with its note, which is for the log and for `feed doctor`; whoever asked is told when to ask again."""
    log.warning("kms cannot be used", why=why)
    # Longer than a busy KMS needs, and short enough for a second tap on the same button.
    error = KmsAway(retry_after=30)
    error.add_note(why)
    return error


class Kms(Protocol):
    """What the key store asks of a KMS. Calls wait for the network, and are made from threads, several at once.

    Each may be repeated, raises KmsAway, and may have acted all the same when it does.
    """

    def make(self, name: str) -> None:
        """There is such a key from now on: it wraps, cannot be read out, and can be destroyed."""
        ...

    def wrap(self, name: str, plain: bytes) -> str:
        """What only `unwrap` by the same name gives back, in ASCII."""
        ...

    def unwrap(self, name: str, wrapped: str) -> bytes:
        """What was wrapped by this name."""
        ...

    def destroy(self, name: str) -> None:
        """When it returns the KMS has said itself that there is no such key: nobody unwraps what it has wrapped."""
        ...

    def check(self) -> None:
        """It answers, and takes us for who we are."""
        ...
