"""Reads of a published result for its page: what is signed besides the rows, and single rows."""

import asyncio
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from feed.accounts.model import Viewer
from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import Answer, OperationFailed, call

_PSEUDONYM = re.compile(r"[0-9a-f]{32}")
_ID = re.compile(r"[0-9]{1,19}")
# Within the address of a post, whatever its form: ids have at least so many digits.
_ID_IN_ADDRESS = re.compile(r"(?<![0-9])[0-9]{15,19}(?![0-9])")
_LONGEST = 500
# The format of results whose entries have no proofs.
_WITHOUT_PROOFS = "feed-result-1"
# What the form sends for the entry of the signed-in user.
MINE = "mine"


class Entry(NamedTuple):
    """A row of the sheet. `proof` is the address of its proof, which a draw by likes and results of the first format do not have."""

    row: dict[str, Any]
    encoded: str
    proof: str | None


class _Row(msgspec.Struct, frozen=True):
    person: str
    post_id: str | None = None
    comment_id: str | None = None


class _Sheet(msgspec.Struct, frozen=True):
    sheet: list[msgspec.Raw]


class _Proof(msgspec.Struct, frozen=True):
    row: msgspec.Raw


async def read_document(request: AnyRequest, campaign_id: str, winners: Any, language: str) -> dict[str, Any]:
    """The result without its rows, with the amendments. Raises OperationFailed.

    It is taken from the proof of a winner where there is one: of a hundred thousand entries the whole document has 20 MB.
    """
    first = next(iter(winners["items"]), None)
    try:
        answer = None if first is None else await _proof(request, None, campaign_id, first, language)
    except OperationFailed as error:
        # Results of the first format have no proofs.
        if error.problem.code != "proof_not_found":
            raise
        answer = None
    if answer is not None:
        proof = answer.json()
        document: dict[str, Any] = proof["result"] | {"amendments": proof["amendments"]}
        return document
    members = (await _result(request, campaign_id, language)).read(dict[str, msgspec.Raw])
    return {name: msgspec.json.decode(value) for name, value in members.items() if name not in ("sheet", "people")}


async def find_entry(
    request: AnyRequest, viewer: Viewer | None, campaign_id: str, wanted: str, language: str, *, format_: str
) -> Entry | None:
    """The row of a post or comment (its id, or an address that contains it), of a pseudonym, or `mine`; None if there is none.

    Of a pseudonym it is the best row. `format_` is that of the result. Raises OperationFailed.
    """
    text = wanted.strip()[:_LONGEST]
    if text == MINE and viewer is not None:
        return await _own_entry(request, viewer, campaign_id, language)
    if _PSEUDONYM.fullmatch(text):
        return await _row_where(request, campaign_id, lambda row: row.person == text, language)
    found = _ID.fullmatch(text) or _ID_IN_ADDRESS.search(text)
    if found is None:
        return None
    entry_id = found.group()
    for name in ("post_id", "comment_id"):
        try:
            answer = await _proof(request, None, campaign_id, {name: entry_id}, language)
        except OperationFailed as error:
            if error.problem.code != "proof_not_found":
                raise
            continue
        assert answer is not None
        return _entry(campaign_id, bytes(answer.read(_Proof).row), has_proof=True)
    if format_ != _WITHOUT_PROOFS:
        return None
    return await _row_where(request, campaign_id, lambda row: entry_id in (row.post_id, row.comment_id), language)


async def _own_entry(request: AnyRequest, viewer: Viewer, campaign_id: str, language: str) -> Entry | None:
    try:
        answer = await call(request, viewer, "GET", f"/v1/campaigns/{campaign_id}/proof")
    except OperationFailed as error:
        if error.problem.code == "proof_not_found":
            return None
        raise
    return _entry(campaign_id, bytes(answer.read(_Proof).row), has_proof=True)


async def _row_where(
    request: AnyRequest, campaign_id: str, is_wanted: Callable[[_Row], bool], language: str
) -> Entry | None:
    answer = await _result(request, campaign_id, language)
    # A document of a hundred thousand rows takes longer than other requests may wait.
    return await asyncio.to_thread(_find_row, campaign_id, answer, is_wanted)


def _find_row(campaign_id: str, answer: Answer, is_wanted: Callable[[_Row], bool]) -> Entry | None:
    for encoded in answer.read(_Sheet).sheet:
        if is_wanted(msgspec.json.decode(encoded, type=_Row)):
            has_proof = b'"%b"' % _WITHOUT_PROOFS.encode() not in answer.body[:100_000]
            return _entry(campaign_id, bytes(encoded), has_proof=has_proof)
    return None


def _entry(campaign_id: str, encoded: bytes, *, has_proof: bool) -> Entry:
    row: dict[str, Any] = msgspec.json.decode(encoded)
    named = next((name for name in ("post_id", "comment_id") if name in row), None)
    proof = f"/v1/campaigns/{campaign_id}/proof?{named}={row[named]}" if has_proof and named is not None else None
    return Entry(row, encoded.decode(), proof)


async def _result(request: AnyRequest, campaign_id: str, language: str) -> Answer:
    return await call(request, None, "GET", f"/v1/campaigns/{campaign_id}/result")


async def _proof(
    request: AnyRequest, viewer: Viewer | None, campaign_id: str, line: Any, language: str
) -> Answer | None:
    """The proof of an entry by its id; None where it has none."""
    query = {name: line[name] for name in ("post_id", "comment_id") if line.get(name)}
    if not query:
        return None
    return await call(request, viewer, "GET", f"/v1/campaigns/{campaign_id}/proof", query=query)
