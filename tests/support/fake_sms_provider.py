"""Aliyun and Tencent Cloud on loopback: real HTTP, signatures checked by code of its own, and as unreliable as a test wants.

It never notices that it is told something twice: what it has taken, a phone has got.
"""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

import httpx

from tests.support.waiting import HANG_SECONDS

KEY_ID = "fake-key-id"
KEY_SECRET = "a-fake-secret-for-tests"
APP_ID = "1400006666"
SIGNATURE = "读特"
TEMPLATES = {"sign_in_code": "T_CODE", "prize_notice": "T_PRIZE", "claim_reminder": "T_REMIND"}

# What may happen to an order, in the words of each: status and code, or whether it is taken all the same.
REJECTIONS = {
    "throttled": ((429, "Throttling.User"), "RequestLimitExceeded"),
    "too often": ((200, "isv.BUSINESS_LIMIT_CONTROL"), "LimitExceeded.PhoneNumberThirtySecondLimit"),
    "no number": ((200, "isv.MOBILE_NUMBER_ILLEGAL"), "InvalidParameterValue.IncorrectPhoneNumber"),
    "no money": ((200, "isv.AMOUNT_NOT_ENOUGH"), "FailedOperation.InsufficientBalanceInSmsPackage"),
    "no template": ((200, "isv.SMS_TEMPLATE_ILLEGAL"), "FailedOperation.TemplateIncorrectOrUnapproved"),
    "unwell": ((200, "isp.SYSTEM_ERROR"), "InternalError.UnknownError"),
}
# Taken, and not told so.
SECRETLY = ("hangs after taking", "fails after taking", "drops after taking", "babbles after taking")


class Taken(NamedTuple):
    """An order that has gone to a phone."""

    provider_id: str
    reference: str
    phone: str
    template: str
    values: Any
    sign: str
    at: datetime


class Fake:
    """What was taken, and what is to happen next: the `script` first, then `always`."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.url = url
        self.taken: list[Taken] = []
        self.script: list[str] = []
        self.always = "well"
        self.hidden_for = 0  # Of so many questions the answer does not show what was taken.
        self.silent = False  # Questions are answered by 500.
        self.asked = 0
        self.unsigned: list[str] = []
        self.held: set[str] = set()  # Orders by these templates are answered after `release` only.
        self.release = threading.Event()
        self.waiting = 0
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self._nonces: set[str] = set()

    @property
    def settings(self) -> dict[str, str]:
        """What a process needs to send by it."""
        return {
            "FEED_SMS_PROVIDER": self.name,
            "FEED_SMS_ENDPOINT": self.url,
            "FEED_SMS_KEY_ID": KEY_ID,
            "FEED_SMS_KEY_SECRET": KEY_SECRET,
            "FEED_SMS_SIGN_NAME": SIGNATURE,
            "FEED_SMS_TEMPLATES": ",".join(f"{purpose}={code}" for purpose, code in TEMPLATES.items()),
            "FEED_SMS_APP_ID": APP_ID,
        }

    def reports(self, *, success: bool = True) -> list[dict[str, Any]]:
        """Receipts of all that was taken."""
        if self.name == "aliyun":
            return [
                {
                    "phone_number": order.phone,
                    "send_time": f"{order.at:%Y-%m-%d %H:%M:%S}",
                    "report_time": f"{order.at:%Y-%m-%d %H:%M:%S}",
                    "success": success,
                    "err_code": "DELIVERED" if success else "MOBILE_TERMINAL_ERROR",
                    "err_msg": "用户接收成功",
                    "sms_size": "1",
                    "biz_id": order.provider_id,
                    "out_id": order.reference,
                }
                for order in self.taken
            ]
        return [
            {
                "user_receive_time": f"{order.at:%Y-%m-%d %H:%M:%S}",
                "nationcode": "86",
                "mobile": order.phone.removeprefix("+86"),
                "report_status": "SUCCESS" if success else "FAIL",
                "errmsg": "DELIVRD",
                "description": "用户短信送达成功",
                "sid": order.provider_id,
            }
            for order in self.taken
        ]

    def report_to(self, url: str, *, times: int = 1, success: bool = True) -> list[httpx.Response]:
        """Posts the receipts as the provider would."""
        document = self.reports(success=success)
        return [httpx.post(url, json=document, trust_env=False, timeout=HANG_SECONDS) for _ in range(times)]

    def is_signed(self, handler: BaseHTTPRequestHandler, body: bytes) -> bool:
        check = signed_by_acs3 if self.name == "aliyun" else _signed_by_tc3
        problem = check(handler, body)
        nonce = handler.headers.get("x-acs-signature-nonce")
        with self.lock:
            if problem is None and nonce is not None and nonce in self._nonces:
                problem = "nonce used"
            if nonce:
                self._nonces.add(nonce)
            if problem:
                self.unsigned.append(problem)
        return problem is None

    def take(self, reference: str, phone: str, template: str, values: Any, sign: str) -> Taken:
        with self.lock:
            number = f"{900_000_000_000 + len(self.taken)}^{len(self.taken)}"
            order = Taken(number, reference, phone, template, values, sign, datetime.now(UTC))
            self.taken.append(order)
        return order

    def next_fate(self, template: str) -> str:
        if template in self.held:
            with self.lock:
                self.waiting += 1
            self.release.wait(HANG_SECONDS)
        with self.lock:
            return self.script.pop(0) if self.script else self.always

    def shown(self, phone: str) -> list[Taken]:
        with self.lock:
            self.asked += 1
            if self.hidden_for > 0:
                self.hidden_for -= 1
                return []
            return [order for order in self.taken if order.phone == phone]


def signed_by_acs3(handler: BaseHTTPRequestHandler, body: bytes) -> str | None:
    """What is wrong with the signature, None if nothing. Written from the provider's description, not from our signer."""
    scheme, _, rest = handler.headers["authorization"].partition(" ")
    parts = dict(part.split("=", 1) for part in rest.split(","))
    names = parts["SignedHeaders"].split(";")
    if scheme != "ACS3-HMAC-SHA256" or parts["Credential"] != KEY_ID or names != sorted(names):
        return "credential"
    if not {"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce"} <= set(names):
        return "headers"
    if abs(datetime.fromisoformat(handler.headers["x-acs-date"]) - datetime.now(UTC)) > timedelta(minutes=15):
        return "date"
    digest = hashlib.sha256(body).hexdigest()
    if handler.headers["x-acs-content-sha256"] != digest:
        return "body"
    address = urlsplit(handler.path)
    pairs = sorted(parse_qsl(address.query, keep_blank_values=True))
    query = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)
    canonical = f"POST\n{address.path}\n{query}\n"
    canonical += "".join(f"{name}:{handler.headers[name].strip()}\n" for name in names)
    canonical += f"\n{';'.join(names)}\n{digest}"
    stated = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    wanted = hmac.new(KEY_SECRET.encode(), stated.encode(), hashlib.sha256).hexdigest()
    return None if hmac.compare_digest(wanted, parts["Signature"]) else "signature"


def _signed_by_tc3(handler: BaseHTTPRequestHandler, body: bytes) -> str | None:
    scheme, _, rest = handler.headers["authorization"].partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    stamp = int(handler.headers["x-tc-timestamp"])
    day = datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%d")
    if scheme != "TC3-HMAC-SHA256" or parts["Credential"] != f"{KEY_ID}/{day}/sms/tc3_request":
        return "credential"
    if abs(stamp - time.time()) > 300 or handler.headers["x-tc-version"] != "2021-01-11":
        return "date or version"
    names = parts["SignedHeaders"].split(";")
    if not {"content-type", "host"} <= set(names):
        return "headers"
    canonical = "POST\n/\n\n" + "".join(f"{name}:{handler.headers[name]}\n" for name in names)
    canonical += f"\n{';'.join(names)}\n{hashlib.sha256(body).hexdigest()}"
    stated = f"TC3-HMAC-SHA256\n{stamp}\n{day}/sms/tc3_request\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = ("TC3" + KEY_SECRET).encode()
    for part in (day, "sms", "tc3_request", stated):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return None if hmac.compare_digest(key.hex(), parts["Signature"]) else "signature"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: Fake

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        signed = self.fake.is_signed(self, body)
        (self._aliyun if self.fake.name == "aliyun" else self._tencent)(body, signed)

    def _aliyun(self, body: bytes, signed: bool) -> None:
        query = dict(parse_qsl(urlsplit(self.path).query))
        if not signed:
            self._answer(400, {"Code": "SignatureDoesNotMatch", "Message": "…", "RequestId": "R"})
        elif self.headers["x-acs-action"] == "QuerySendDetails":
            self._aliyun_details(query)
        else:
            fate = self.fake.next_fate(query["TemplateCode"])
            if fate in REJECTIONS:
                status, code = REJECTIONS[fate][0]
                self._answer(status, {"Code": code, "Message": "触发分钟级流控Permits:1", "RequestId": "R"})
            elif fate == "fails":
                self._answer(500, {"Code": "InternalError", "RequestId": "R"})
            else:
                order = self.fake.take(
                    query["OutId"],
                    query["PhoneNumbers"],
                    query["TemplateCode"],
                    json.loads(query["TemplateParam"]),
                    query["SignName"],
                )
                self._told({"Code": "OK", "Message": "OK", "BizId": order.provider_id, "RequestId": "R"}, fate)

    def _aliyun_details(self, query: dict[str, str]) -> None:
        if self.fake.silent:
            self._answer(500, {})
            return
        here = [
            order
            for order in self.fake.shown(query["PhoneNumber"])
            if f"{order.at + timedelta(hours=8):%Y%m%d}" == query["SendDate"]
        ]
        size, page = int(query["PageSize"]), int(query["CurrentPage"])
        shown = here[size * (page - 1) : size * page]
        details = [{"OutId": order.reference, "PhoneNum": order.phone, "SendStatus": 1} for order in shown]
        self._answer(
            200,
            {
                "Code": "OK",
                "Message": "OK",
                "TotalCount": len(here),
                "SmsSendDetailDTOs": {"SmsSendDetailDTO": details},
            },
        )

    def _tencent(self, body: bytes, signed: bool) -> None:
        asked = json.loads(body)
        if not signed:
            self._answer(200, {"Response": {"Error": {"Code": "AuthFailure.SignatureFailure", "Message": "…"}}})
        elif self.headers["x-tc-action"] == "PullSmsSendStatusByPhoneNumber":
            self._tencent_statuses(asked)
        else:
            fate = self.fake.next_fate(asked["TemplateId"])
            if fate == "throttled":
                self._answer(200, {"Response": {"Error": {"Code": REJECTIONS[fate][1], "Message": "…"}}})
            elif fate in REJECTIONS:
                self._told_status({"Code": REJECTIONS[fate][1], "SerialNo": ""}, "well")
            elif fate == "fails":
                self._answer(500, {"Response": {"Error": {"Code": "InternalError", "Message": "…"}}})
            else:
                order = self.fake.take(
                    asked["SessionContext"],
                    asked["PhoneNumberSet"][0],
                    asked["TemplateId"],
                    asked["TemplateParamSet"],
                    asked["SignName"],
                )
                self._told_status({"Code": "Ok", "SerialNo": order.provider_id, "Fee": 1}, fate)

    def _tencent_statuses(self, asked: dict[str, Any]) -> None:
        if self.fake.silent:
            self._answer(500, {})
            return
        here = [
            order
            for order in self.fake.shown(asked["PhoneNumber"])
            if asked["BeginTime"] <= order.at.timestamp() <= asked["EndTime"]
        ]
        shown = here[asked["Offset"] : asked["Offset"] + asked["Limit"]]
        rows = [
            {"SerialNo": order.provider_id, "SessionContext": order.reference, "ReportStatus": "SUCCESS"}
            for order in shown
        ]
        self._answer(200, {"Response": {"PullSmsSendStatusSet": rows, "RequestId": "R"}})

    def _told_status(self, status: dict[str, Any], fate: str) -> None:
        self._told({"Response": {"SendStatusSet": [status], "RequestId": "R"}}, fate)

    def _told(self, document: dict[str, Any], fate: str) -> None:
        if fate == "hangs after taking":
            self.fake.ended.wait(HANG_SECONDS)
            self.close_connection = True
        elif fate == "drops after taking":
            self.close_connection = True
        elif fate == "fails after taking":
            self._answer(500, {})
        elif fate == "babbles after taking":
            self._answer_bytes(200, b"<html>\xff")
        else:
            self._answer(200, document)

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        self._answer_bytes(status, json.dumps(document).encode())

    def _answer_bytes(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def faking(name: str) -> Iterator[Fake]:
    """A provider of that name while the block runs."""

    class Handler(_Handler):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    fake = Handler.fake = Fake(name, f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        fake.ended.set()
        fake.release.set()
        server.shutdown()
        server.server_close()
        assert fake.unsigned == []
