"""The secret that a draw commits to with its publication: sealed until the result, its hash public from the first moment."""

import hashlib
import secrets

import msgspec

from feed.keys.store import Keys
from feed.postgres import Connection

_BYTES = 32


class Nonce(msgspec.Struct, frozen=True):
    """A sealed nonce and the hash that everybody sees."""

    sealed: bytes
    sha256: bytes


def make_nonce(keys: Keys, campaign_id: int) -> Nonce:
    """A fresh one, sealed for this campaign's row."""
    nonce = secrets.token_bytes(_BYTES)
    return Nonce(keys.seal(nonce, aad=_associated_data(campaign_id)), hashlib.sha256(nonce).digest())


def reveal_nonce(keys: Keys, campaign_id: int, nonce: Nonce) -> bytes:
    """What was committed to. Raises InvalidTag for a row that was moved or changed, ValueError where the hash is another's."""
    found = keys.open(nonce.sealed, aad=_associated_data(campaign_id))
    if hashlib.sha256(found).digest() != nonce.sha256:
        raise ValueError("the nonce is not the one whose hash was published")
    return found


async def commit_nonce(conn: Connection, campaign_id: int, nonce: Nonce) -> bytes:
    """The hash that the campaign is committed to: of this nonce if it is the first, for ever of that one otherwise."""
    await conn.execute(
        """
        INSERT INTO draw_nonces (campaign_id, sealed, nonce_sha256)
        VALUES ($1, $2, $3)
        ON CONFLICT DO NOTHING
        """,
        campaign_id,
        nonce.sealed,
        nonce.sha256,
    )
    return (await get_nonce(conn, campaign_id)).sha256


async def get_nonce(conn: Connection, campaign_id: int) -> Nonce:
    """The nonce of a published draw."""
    row = await conn.fetchrow("SELECT sealed, nonce_sha256 FROM draw_nonces WHERE campaign_id = $1", campaign_id)
    assert row is not None, "a published draw has its nonce"
    return Nonce(row["sealed"], row["nonce_sha256"])


def _associated_data(campaign_id: int) -> bytes:
    return b"draw_nonce:%d" % campaign_id
