"""Requests and responses of Aliyun's TextModerationPlus (Green 2022-03-02)."""

import hashlib
from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec

from feed.reasons import AdverseReason
from feed.screening.model import Label
from feed.screening.provider import NotAnswered, ProviderAnswer
from feed.sms.aliyun import signature as acs3
from feed.sms.provider_errors import ProviderResponse, Request, safe_code, valid_id

_VERSION = "2022-03-02"
_ACTION = "TextModerationPlus"
_SERVICE = "comment_detection_pro"
# One request takes so many characters; a longer text is asked about in parts, which overlap so that no hit is cut.
PART_LONGEST = 600
_OVERLAP = 40
_REASONS: dict[str, AdverseReason] = {
    "pornographic": "porn",
    "sexual": "porn",
    "political": "illegal",
    "contraband": "illegal",
    "violent": "violence",
    "inappropriate": "abuse",
    "religion": "illegal",
    "pt": "spam",
    "ad": "spam",
}
_NO_RISK = frozenset({"none", ""})


class Account(msgspec.Struct, frozen=True):
    """The keys of the provider account and the address of its region."""

    key_id: str
    key_secret: str
    endpoint: str

    def __repr__(self) -> str:
        return f"Account(endpoint={self.endpoint!r}, …)"


class _Result(msgspec.Struct):
    label: str = msgspec.field(name="Label", default="")
    confidence: float | None = msgspec.field(name="Confidence", default=None)
    words: str | None = msgspec.field(name="RiskWords", default=None)


class _Data(msgspec.Struct):
    level: str = msgspec.field(name="RiskLevel", default="")
    results: list[_Result] = msgspec.field(name="Result", default_factory=list)


class _Answer(msgspec.Struct):
    code: int | str = msgspec.field(name="Code", default="")
    request_id: str = msgspec.field(name="RequestId", default="")
    data: _Data | None = msgspec.field(name="Data", default=None)


def parts_of(text: str) -> list[tuple[int, str]]:
    """The text in parts that one request takes, each with its place in the text."""
    step = PART_LONGEST - _OVERLAP
    starts = range(0, max(1, len(text) - _OVERLAP), step)
    return [(start, text[start : start + PART_LONGEST]) for start in starts]


def check_request(account: Account, text: str, reference: str, *, at: datetime, nonce: str) -> Request:
    """The request for one part. The text is in the body: addresses are logged on their way."""
    parameters = msgspec.json.encode({"content": text, "dataId": reference}).decode()
    body = acs3.encoded({"Service": _SERVICE, "ServiceParameters": parameters}).encode()
    headers = {
        "accept": "application/json",
        "content-type": "application/x-www-form-urlencoded",
        "host": urlsplit(account.endpoint).netloc,
        "user-agent": "feed",
        "x-acs-action": _ACTION,
        "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
        "x-acs-date": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": nonce,
        "x-acs-version": _VERSION,
    }
    headers["authorization"] = acs3.authorization(
        key_id=account.key_id,
        key_secret=account.key_secret,
        method="POST",
        path="/",
        query="",
        headers=headers,
        body=body,
    )
    return Request(f"{account.endpoint}/", headers, body)


def read_answer(response: ProviderResponse, part: str, start: int) -> ProviderAnswer:
    """The hits in a part, with their places in the whole text. Raises NotAnswered."""
    try:
        answer = msgspec.json.decode(response.body, type=_Answer)
    except msgspec.MsgspecError:
        raise NotAnswered(f"status_{response.status}") from None
    if response.status != 200 or str(answer.code) != "200" or answer.data is None:
        raise NotAnswered(safe_code(str(answer.code)) if answer.code else f"status_{response.status}")
    labels = []
    if answer.data.level not in _NO_RISK:
        for result in answer.data.results:
            if result.label and result.label != "nonLabel":
                labels += _labels(result, part, start)
    return ProviderAnswer(valid_id(answer.request_id), labels)


def _labels(result: _Result, part: str, start: int) -> list[Label]:
    reason = _REASONS.get(result.label.partition("_")[0], "other")
    words = [word for word in (result.words or "").split(",") if word and word in part]
    if not words:
        return [Label(reason, "review", safe_code(result.label), start, len(part), "provider")]
    return [Label(reason, "review", word[:60], start + part.index(word), len(word), "provider") for word in words]
