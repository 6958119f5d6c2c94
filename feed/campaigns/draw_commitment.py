"""The nonce of a draw: encrypted until the result, while its hash (the commitment) is public from the publication on."""

import hashlib
import secrets

import msgspec

from feed.keys.store import Keys
from feed.postgres import Connection

_BYTES = 32


class Nonce(msgspec.Struct, frozen=True):
    """An encrypted nonce and its public hash."""

    sealed: bytes
    sha256: bytes


def make_nonce(keys: Keys, campaign_id: int) -> Nonce:
    """A new random nonce, encrypted for the campaign's row."""
    nonce = secrets.token_bytes(_BYTES)
    return Nonce(keys.seal(nonce, aad=_associated_data(campaign_id)), hashlib.sha256(nonce).digest())


def reveal_nonce(keys: Keys, campaign_id: int, nonce: Nonce) -> bytes:
    """The decrypted nonce. Raises InvalidTag for a row that was moved or changed, ValueError when the hash does not match."""
    decrypted = keys.open(nonce.sealed, aad=_associated_data(campaign_id))
    if hashlib.sha256(decrypted).digest() != nonce.sha256:
        raise ValueError("the nonce is not the one whose hash was published")
    return decrypted


async def commit_nonce(conn: Connection, campaign_id: int, nonce: Nonce) -> bytes:
    """Stores the nonce unless the campaign has one already; returns the hash of the stored one, which never changes."""
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
