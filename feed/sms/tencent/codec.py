"""Requests and responses of Tencent Cloud SMS (2021-01-11)."""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from feed.sms.model import Purpose, Receipt, Reference
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
from feed.sms.templates import param_names
from feed.sms.tencent import signature as tc3
from feed.texts import opaque

# A string of a delivery report.
Reported = Annotated[str, opaque(1000)]

_VERSION = "2021-01-11"
# The region is required but irrelevant: SMS is one global service.
_REGION = "ap-guangzhou"
_PAGE = 100
_JSON = "application/json"

# Codes not listed match by the part before the dot.
MEANINGS: dict[str, Meaning] = {
    "AuthFailure": HELD,
    "FailedOperation": UNCERTAIN,
    "FailedOperation.ContainSensitiveWord": REJECTED,
    "FailedOperation.InsufficientBalanceInSmsPackage": HELD,
    "FailedOperation.JsonParseFail": REJECTED,
    "FailedOperation.MarketingSendTimeConstraint": Meaning("throttled", 3600),
    "FailedOperation.MissingSignature": HELD,
    "FailedOperation.NotEnterpriseCertification": HELD,
    "FailedOperation.PhoneNumberInBlacklist": REJECTED,
    "FailedOperation.PhoneNumberParseFail": REJECTED,
    "FailedOperation.ProhibitSubAccountUse": HELD,
    "FailedOperation.SignatureIncorrectOrUnapproved": HELD,
    "FailedOperation.TemplateIdNotExist": HELD,
    "FailedOperation.TemplateIncorrectOrUnapproved": HELD,
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": HELD,
    "FailedOperation.TemplateUnapprovedOrNotExist": HELD,
    "InternalError": UNCERTAIN,
    "InternalError.RequestTimeException": HELD,
    "InternalError.SigFieldMissing": HELD,
    "InternalError.SigVerificationFail": HELD,
    "InvalidParameter": REJECTED,
    "InvalidParameterValue": REJECTED,
    "InvalidParameterValue.SdkAppIdNotExist": HELD,
    "InvalidParameterValue.SignExistAndUnapproved": HELD,
    "LimitExceeded": HELD,
    "LimitExceeded.AppCountryOrRegionInBlacklist": REJECTED,
    "LimitExceeded.DeliveryFrequencyLimit": Meaning("throttled", 60),
    "LimitExceeded.GlobalSmsSendingRateLimit": Meaning("throttled", 30),
    "LimitExceeded.PhoneNumberCountLimit": REJECTED,
    "LimitExceeded.PhoneNumberDailyLimit": Meaning("throttled", 6 * 3600),
    "LimitExceeded.PhoneNumberOneHourLimit": Meaning("throttled", 3600),
    "LimitExceeded.PhoneNumberSameContentDailyLimit": Meaning("throttled", 6 * 3600),
    "LimitExceeded.PhoneNumberThirtySecondLimit": Meaning("throttled", 30),
    "MissingParameter": REJECTED,
    "RequestLimitExceeded": Meaning("throttled", 30),
    "UnauthorizedOperation": HELD,
    "UnknownParameter": REJECTED,
    "UnsupportedOperation": REJECTED,
    "UnsupportedRegion": HELD,
}


class _Fault(msgspec.Struct, rename="pascal"):
    code: str = ""


class _Status(msgspec.Struct, rename="pascal"):
    code: str = ""
    serial_no: str = ""


class _Pulled(msgspec.Struct, rename="pascal"):
    serial_no: str = ""
    session_context: str | None = None


class _Response(msgspec.Struct, rename="pascal"):
    error: _Fault | None = None
    send_status_set: list[_Status] | None = None
    pull_sms_send_status_set: list[_Pulled] | None = None


class _Body(msgspec.Struct, rename="pascal"):
    response: _Response


class TencentReport(msgspec.Struct):
    """A delivery report as Tencent Cloud posts it, without our reference. Other fields are ignored."""

    sid: Reported
    report_status: Reported
    errmsg: Reported | None = None


def send_request(
    account: ProviderAccount,
    reference: Reference,
    phone: str,
    purpose: Purpose,
    params: dict[str, str],
    *,
    at: datetime,
) -> Request:
    """The SendSms request."""
    body = {
        "PhoneNumberSet": [phone],
        "SmsSdkAppId": account.app_id,
        "TemplateId": account.templates[purpose],
        "SignName": account.sign_name,
        "TemplateParamSet": [params[name] for name in param_names(purpose)],
        "SessionContext": reference,
    }
    return _request(account, "SendSms", body, at)


def pull_request(account: ProviderAccount, phone: str, sending_at: datetime, *, page: int, at: datetime) -> Request:
    """The PullSmsSendStatusByPhoneNumber request: statuses of a phone since a minute before the attempt."""
    body = {
        "BeginTime": int((sending_at - timedelta(minutes=1)).timestamp()),
        "Offset": page * _PAGE,
        "Limit": _PAGE,
        "PhoneNumber": phone,
        "SmsSdkAppId": account.app_id,
        "EndTime": int((at + timedelta(minutes=1)).timestamp()),
    }
    return _request(account, "PullSmsSendStatusByPhoneNumber", body, at)


def read_sent(response: ProviderResponse) -> str:
    """The SerialNo of the sent message. Raises Rejected, Throttled, Held, Uncertain."""
    payload = _decoded(response)
    if payload.error is not None:
        raise _error(response, payload.error.code)
    statuses = payload.send_status_set or []
    if len(statuses) != 1:
        raise Uncertain("unreadable")
    if statuses[0].code != "Ok":
        raise _error(response, statuses[0].code)
    return valid_id(statuses[0].serial_no)


def read_pulled(response: ProviderResponse) -> tuple[dict[str, str], bool]:
    """The SerialNos of a page by reference, and whether it is full. Raises Uncertain."""
    payload = _decoded(response)
    if payload.error is not None or payload.pull_sms_send_status_set is None:
        raise Uncertain(safe_code(payload.error.code if payload.error else None))
    pulled = payload.pull_sms_send_status_set
    return {each.session_context: valid_id(each.serial_no) for each in pulled if each.session_context}, len(
        pulled
    ) >= _PAGE


def receipt_of(report: TencentReport) -> Receipt | None:
    """The report as a receipt; None without a valid message id."""
    if not valid_id(report.sid):
        return None
    delivered = report.report_status == "SUCCESS"
    return Receipt(
        provider_id=report.sid,
        reference=None,
        delivered=delivered,
        error_code=None if delivered else safe_code(report.errmsg),
    )


def _error(response: ProviderResponse, code: str) -> Exception:
    meaning = meaning_of(code, MEANINGS)
    return error_for(code, UNCERTAIN if response.status >= 500 and meaning.kind != "throttled" else meaning)


def _decoded(response: ProviderResponse) -> _Response:
    try:
        return msgspec.json.decode(response.body, type=_Body).response
    except msgspec.MsgspecError:
        raise Uncertain(f"status_{response.status}") from None


def _request(account: ProviderAccount, action: str, body: object, at: datetime) -> Request:
    content = msgspec.json.encode(body)
    headers = {
        "content-type": _JSON,
        "host": account.host,
        "user-agent": "feed",
        "x-tc-action": action,
        "x-tc-language": "zh-CN",
        "x-tc-region": _REGION,
        "x-tc-timestamp": str(int(at.timestamp())),
        "x-tc-version": _VERSION,
    }
    headers["authorization"] = tc3.authorization(
        key_id=account.key_id,
        key_secret=account.key_secret,
        service="sms",
        host=account.host,
        content_type=_JSON,
        body=content,
        at=at,
    )
    return Request(f"{account.endpoint}/", headers, content)
