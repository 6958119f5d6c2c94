"""Aliyun's short messages (Dysmsapi 2017-05-25) as they go over the wire."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from feed.sms.aliyun import signature as acs3
from feed.sms.model import SHANGHAI, Purpose, Receipt, Reference
from feed.sms.provider import Uncertain
from feed.sms.provider_account import Subscription
from feed.sms.provider_errors import (
    HELD,
    REFUSED,
    UNCERTAIN,
    Answer,
    Meaning,
    Request,
    kept_id,
    meaning_of,
    refuse,
    shown_code,
)

T = TypeVar("T")

_VERSION = "2017-05-25"
_PAGE = 50

# What is not named goes by the word before its last dot: `isv` is about what was asked, `isp` about the provider itself.
MEANINGS: dict[str, Meaning] = {
    "isv": REFUSED,
    "isp": UNCERTAIN,
    "isp.RAM_PERMISSION_DENY": HELD,
    "isv.ACCOUNT_ABNORMAL": HELD,
    "isv.ACCOUNT_NOT_EXISTS": HELD,
    "isv.AMOUNT_NOT_ENOUGH": HELD,
    "isv.DAY_LIMIT_CONTROL": HELD,
    "isv.DENY_IP_RANGE": HELD,
    "isv.MONTH_LIMIT_CONTROL": HELD,
    "isv.OUT_OF_SERVICE": HELD,
    "isv.PRODUCT_UNSUBSCRIBE": HELD,
    "isv.PRODUCT_UN_SUBSCRIPT": HELD,
    "isv.SIGN_NAME_ILLEGAL": HELD,
    "isv.SIGN_STATE_ILLEGAL": HELD,
    "isv.SMS_SIGNATURE_ILLEGAL": HELD,
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": HELD,
    "isv.SMS_SIGN_ILLEGAL": HELD,
    "isv.SMS_TEMPLATE_ILLEGAL": HELD,
    "isv.TEMPLATE_MISSING_PARAMETERS": HELD,
    "Forbidden": HELD,
    "IncompleteSignature": HELD,
    "InvalidAccessKeyId": HELD,
    "InvalidTimeStamp": HELD,
    "NoPermission": HELD,
    "SignatureDoesNotMatch": HELD,
    "Throttling": Meaning("throttled", 30),
    "isv.BUSINESS_LIMIT_CONTROL": Meaning("throttled", 600),
}
# One code for three windows of a phone; only the words say which.
_WINDOWS = (("分钟", 60), ("小时", 3600), ("天", 6 * 3600))


class _Sent(msgspec.Struct, rename="pascal"):
    code: str = ""
    message: str = ""
    biz_id: str = ""


class _Detail(msgspec.Struct, rename="pascal"):
    out_id: str = ""


class _Details(msgspec.Struct):
    items: list[_Detail] = msgspec.field(name="SmsSendDetailDTO", default_factory=list)


class _Found(msgspec.Struct):
    code: str = msgspec.field(name="Code", default="")
    total: int | str = msgspec.field(name="TotalCount", default=0)
    details: _Details = msgspec.field(name="SmsSendDetailDTOs", default_factory=_Details)


class Report(msgspec.Struct):
    """A receipt as Aliyun posts it; the rest of its fields is not read."""

    success: bool
    biz_id: str
    out_id: str | None = None
    err_code: str | None = None


def send_request(
    account: Subscription,
    reference: Reference,
    phone: str,
    purpose: Purpose,
    params: dict[str, str],
    *,
    at: datetime,
    nonce: str,
) -> Request:
    """SendSms."""
    query = {
        "OutId": reference,
        "PhoneNumbers": number_of(phone),
        "SignName": account.sign_name,
        "TemplateCode": account.templates[purpose],
        "TemplateParam": msgspec.json.encode(params).decode(),
    }
    return _request(account, "SendSms", query, at, nonce)


def details_request(account: Subscription, phone: str, day: str, *, page: int, at: datetime, nonce: str) -> Request:
    """QuerySendDetails: what a phone was sent on a day."""
    query = {"CurrentPage": str(page), "PageSize": str(_PAGE), "PhoneNumber": number_of(phone), "SendDate": day}
    return _request(account, "QuerySendDetails", query, at, nonce)


def read_sent(answer: Answer) -> str:
    """The BizId. Raises Refused, Throttled, Held, Uncertain."""
    said = _decoded(answer, _Sent)
    if said.code != "OK":
        raise refuse(said.code or f"status_{answer.status}", _meaning(answer, said))
    return kept_id(said.biz_id)


def read_details(answer: Answer) -> tuple[list[str], bool]:
    """The OutIds of a page, and whether it is full: another one may follow. Raises Uncertain."""
    said = _decoded(answer, _Found)
    if said.code != "OK":
        raise Uncertain(shown_code(said.code or f"status_{answer.status}"))
    references = [detail.out_id for detail in said.details.items]
    return references, len(references) >= _PAGE


def days_of(sending_at: datetime) -> list[str]:
    """The days under which an attempt may be found: one, or two around midnight in Shanghai."""
    moments = (sending_at - timedelta(minutes=1), sending_at + timedelta(minutes=2))
    return sorted({f"{moment.astimezone(SHANGHAI):%Y%m%d}" for moment in moments})


def number_of(phone: str) -> str:
    """A number as Aliyun takes it: a Chinese one bare, another one after its country's code."""
    return phone.removeprefix("+86") if phone.startswith("+86") else phone.removeprefix("+")


def receipt_of(report: Report) -> Receipt | None:
    """What a report says of which message; None when it is none that Aliyun has taken."""
    if not kept_id(report.biz_id):
        return None
    return Receipt(
        provider_id=report.biz_id,
        reference=report.out_id or None,
        delivered=report.success,
        error_code=None if report.success else shown_code(report.err_code),
    )


def _meaning(answer: Answer, said: _Sent) -> Meaning:
    if said.code == "isv.BUSINESS_LIMIT_CONTROL":
        for word, seconds in _WINDOWS:
            if word in said.message:
                return Meaning("throttled", seconds)
    meaning = meaning_of(said.code, MEANINGS)
    # Behind a gateway that has failed anything may have happened, unless it says that it has let nothing through.
    return UNCERTAIN if answer.status >= 500 and meaning.kind != "throttled" else meaning


def _decoded(answer: Answer, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.MsgspecError:
        raise Uncertain(f"status_{answer.status}") from None


def _request(account: Subscription, action: str, query: dict[str, str], at: datetime, nonce: str) -> Request:
    spelled = acs3.encoded(query)
    headers: dict[str, Any] = {
        "accept": "application/json",
        "host": account.host,
        "user-agent": "feed",
        "x-acs-action": action,
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-acs-date": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": nonce,
        "x-acs-version": _VERSION,
    }
    headers["authorization"] = acs3.authorization(
        key_id=account.key_id,
        key_secret=account.key_secret,
        method="POST",
        path="/",
        query=spelled,
        headers=headers,
        body=b"",
    )
    return Request(f"{account.endpoint}/?{spelled}", headers, b"")
