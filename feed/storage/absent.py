"""No object storage: of jobs that store no media, as many tests run them."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from feed.storage.protocol import SignedRequest, StorageUnavailable, StoredObject


class AbsentStorage:
    """Every call raises StorageUnavailable."""

    async def put(self, name: str, content: bytes | Path, *, content_type: str) -> None:
        raise StorageUnavailable

    async def find(self, name: str) -> StoredObject | None:
        raise StorageUnavailable

    def read(self, name: str, *, start: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        return _unavailable()

    async def remove(self, names: Sequence[str]) -> None:
        raise StorageUnavailable

    def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        return _unavailable()

    async def sign_put(self, name: str, *, byte_count: int, valid_for: timedelta) -> SignedRequest:
        raise StorageUnavailable

    async def check(self) -> None:
        raise StorageUnavailable

    async def close(self) -> None:
        """Nothing is held open."""


async def _unavailable() -> AsyncGenerator[Any, None]:
    nothing: tuple[Any, ...] = ()
    for each in nothing:
        yield each
    raise StorageUnavailable
