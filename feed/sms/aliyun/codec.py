"""Requests and responses of Aliyun SMS (Dysmsapi 2017-05-25)."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

import msgspec

from feed.sms.aliyun import signature as acs3
from feed.sms.model import SHANGHAI, Purpose, Receipt, Reference
from feed.sms.provider import Uncertain
from feed.sms.provider_account import ProviderAccount
from feed.sms.provider_errors import (
    HELD,
    REJECTED,
    UNCERTAIN,
    Meaning,
    ProviderResponse,
    Request,
    error_for,
    meaning_of,
    safe_code,
    valid_id,
)
from feed.texts import opaque

# A string of a delivery report.
Reported = Annotated[str, opaque(1000)]

T = TypeVar("T")

_VERSION = "2017-05-25"
_PAGE = 50

# Codes not listed match by the part before the last dot: `isv` is an error of the request, `isp` one of the provider.
MEANINGS: dict[str, Meaning] = {
    "isv": REJECTED,
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
# One code covers three rate-limit windows; only the message text says which.
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


class AliyunReport(msgspec.Struct):
    """A delivery report as Aliyun posts it. Other fields are ignored."""

    success: bool
    biz_id: Reported
    out_id: Reported | None = None
    err_code: Reported | None = None


def send_request(
    account: ProviderAccount,
    reference: Reference,
    phone: str,
    purpose: Purpose,
    params: dict[str, str],
    *,
    at: datetime,
    nonce: str,
) -> Request:
    """The SendSms request."""
    query = {
        "OutId": reference,
        "PhoneNumbers": number_of(phone),
        "SignName": account.sign_name,
        "TemplateCode": account.templates[purpose],
        "TemplateParam": msgspec.json.encode(params).decode(),
    }
    return _request(account, "SendSms", query, at, nonce)


def details_request(account: ProviderAccount, phone: str, day: str, *, page: int, at: datetime, nonce: str) -> Request:
    """The QuerySendDetails request: the messages to a phone on a day (`YYYYMMDD`)."""
    query = {"CurrentPage": str(page), "PageSize": str(_PAGE), "PhoneNumber": number_of(phone), "SendDate": day}
    return _request(account, "QuerySendDetails", query, at, nonce)


def read_sent(response: ProviderResponse) -> str:
    """The BizId of the sent message. Raises Rejected, Throttled, Held, Uncertain."""
    payload = _decoded(response, _Sent)
    if payload.code != "OK":
        raise error_for(payload.code or f"status_{response.status}", _meaning(response, payload))
    return valid_id(payload.biz_id)


def read_details(response: ProviderResponse) -> tuple[list[str], bool]:
    """The OutIds of a page, and whether it is full, so that another page may follow. Raises Uncertain."""
    payload = _decoded(response, _Found)
    if payload.code != "OK":
        raise Uncertain(safe_code(payload.code or f"status_{response.status}"))
    references = [detail.out_id for detail in payload.details.items]
    return references, len(references) >= _PAGE


def days_of(sending_at: datetime) -> list[str]:
    """The days under which an attempt may be listed: one, or two around midnight in Shanghai."""
    moments = (sending_at - timedelta(minutes=1), sending_at + timedelta(minutes=2))
    return sorted({f"{moment.astimezone(SHANGHAI):%Y%m%d}" for moment in moments})


def number_of(phone: str) -> str:
    """A phone number in Aliyun's format: without country code for China, else with it, without the plus."""
    return phone.removeprefix("+86") if phone.startswith("+86") else phone.removeprefix("+")


def receipt_of(report: AliyunReport) -> Receipt | None:
    """The report as a receipt; None without a valid message id."""
    if not valid_id(report.biz_id):
        return None
    return Receipt(
        provider_id=report.biz_id,
        reference=report.out_id or None,
        delivered=report.success,
        error_code=None if report.success else safe_code(report.err_code),
    )


def _meaning(response: ProviderResponse, payload: _Sent) -> Meaning:
    if payload.code == "isv.BUSINESS_LIMIT_CONTROL":
        for word, seconds in _WINDOWS:
            if word in payload.message:
                return Meaning("throttled", seconds)
    meaning = meaning_of(payload.code, MEANINGS)
    # After a gateway error the message may have been sent, except when the gateway throttled the request.
    return UNCERTAIN if response.status >= 500 and meaning.kind != "throttled" else meaning


def _decoded(response: ProviderResponse, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(response.body, type=kind)
    except msgspec.MsgspecError:
        raise Uncertain(f"status_{response.status}") from None


def _request(account: ProviderAccount, action: str, query: dict[str, str], at: datetime, nonce: str) -> Request:
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
