"""Our requests against those of the providers' own SDKs, captured once (vectors/*.json say by which versions and how)."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from feed.sms.aliyun import codec as aliyun_wire
from feed.sms.aliyun import signature as acs3
from feed.sms.model import Purpose, Reference
from feed.sms.provider_account import ProviderAccount
from feed.sms.tencent import codec as tencent_wire
from feed.sms.tencent import signature as tc3

VECTORS = Path(__file__).parent / "vectors"
ALIYUN: dict[str, Any] = json.loads((VECTORS / "aliyun.json").read_text("utf-8"))
TENCENT: dict[str, Any] = json.loads((VECTORS / "tencent.json").read_text("utf-8"))
# Optional headers that the SDK sends about itself.
_OF_THE_SDK = {"x-acs-credentials-provider"}


def named(vectors: dict[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", vectors["cases"], ids=lambda case: str(case["name"]))


def at(case: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(case["at"], UTC)


def account(vectors: dict[str, Any], endpoint: str, **more: Any) -> ProviderAccount:
    return ProviderAccount(
        key_id=vectors["key_id"], key_secret=vectors["key_secret"], endpoint=endpoint, app_id="1400006666", **more
    )


def signed_by_the_sdk(case: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in case["headers"].items() if name != "Authorization"}


@named(ALIYUN)
def test_acs3_signs_as_the_sdk_does(case: dict[str, Any]) -> None:
    made = acs3.authorization(
        key_id=ALIYUN["key_id"],
        key_secret=ALIYUN["key_secret"],
        method=case["method"],
        path=case["path"],
        query=acs3.encoded(case["query"]),
        headers=signed_by_the_sdk(case),
        body=case["body"].encode(),
    )

    assert made == case["headers"]["Authorization"]


@named(TENCENT)
def test_tc3_signs_as_the_sdk_does(case: dict[str, Any]) -> None:
    made = tc3.authorization(
        key_id=TENCENT["key_id"],
        key_secret=TENCENT["key_secret"],
        service="sms",
        host=case["headers"]["Host"],
        content_type=case["headers"]["Content-Type"],
        body=case["body"].encode(),
        at=at(case),
    )

    assert made == case["headers"]["Authorization"]


@named(ALIYUN)
def test_aliyun_is_asked_what_the_sdk_asks(case: dict[str, Any]) -> None:
    query = case["query"]
    endpoint = f"https://{ALIYUN['endpoint']}"
    if case["headers"]["x-acs-action"] == "SendSms":
        purpose = Purpose.SIGN_IN_CODE if "code" in query["TemplateParam"] else Purpose.PRIZE_NOTICE
        phone = query["PhoneNumbers"]
        request = aliyun_wire.send_request(
            account(ALIYUN, endpoint, sign_name=query["SignName"], templates={purpose: query["TemplateCode"]}),
            Reference(query["OutId"]),
            f"+86{phone}" if phone.startswith("138") else f"+{phone}",
            purpose,
            json.loads(query["TemplateParam"]),
            at=at(case),
            nonce=ALIYUN["nonce"],
        )
    else:
        request = aliyun_wire.details_request(
            account(ALIYUN, endpoint, sign_name="", templates={}),
            f"+86{query['PhoneNumber']}",
            query["SendDate"],
            page=1,
            at=at(case),
            nonce=ALIYUN["nonce"],
        )

    address = urlsplit(request.url)
    assert dict(parse_qsl(address.query, strict_parsing=True)) == query
    assert parse_qsl(address.query) == parse_qsl(urlsplit(case["url"]).query)
    assert (address.scheme, address.netloc, address.path, request.body) == ("https", ALIYUN["endpoint"], "/", b"")
    headers = {name: value for name, value in request.headers.items() if name != "authorization"}
    theirs = signed_by_the_sdk(case)
    assert headers == {name: value for name, value in theirs.items() if name not in _OF_THE_SDK}
    # The same signer over what we send ourselves; over what the SDK sends, the test above has compared it.
    assert request.headers["authorization"] == acs3.authorization(
        key_id=ALIYUN["key_id"],
        key_secret=ALIYUN["key_secret"],
        method="POST",
        path="/",
        query=acs3.encoded(query),
        headers=headers,
        body=b"",
    )


@named(TENCENT)
def test_tencent_is_asked_what_the_sdk_asks(case: dict[str, Any]) -> None:
    body = json.loads(case["body"])
    endpoint = f"https://{case['host']}"
    if case["headers"]["X-TC-Action"] == "SendSms":
        values = body["TemplateParamSet"]
        code = len(values[1]) == 1
        purpose = Purpose.SIGN_IN_CODE if code else Purpose.PRIZE_NOTICE
        names = ("code", "minutes") if code else ("campaign", "date")
        request = tencent_wire.send_request(
            account(TENCENT, endpoint, sign_name=body["SignName"], templates={purpose: body["TemplateId"]}),
            Reference(body["SessionContext"]),
            body["PhoneNumberSet"][0],
            purpose,
            dict(zip(names, values, strict=True)),
            at=at(case),
        )
    else:
        since = datetime.fromtimestamp(body["BeginTime"] + 60, UTC)
        until = datetime.fromtimestamp(body["EndTime"] - 60, UTC)
        request = tencent_wire.pull_request(
            account(TENCENT, endpoint, sign_name="", templates={}), body["PhoneNumber"], since, page=0, at=until
        )

    assert json.loads(request.body) == body
    assert request.url == f"{endpoint}/"
    theirs = {name.lower(): value for name, value in signed_by_the_sdk(case).items()}
    if case["headers"]["X-TC-Action"] != "SendSms":
        theirs["x-tc-timestamp"] = request.headers["x-tc-timestamp"]
    ours = {name: value for name, value in request.headers.items() if name not in ("authorization", "user-agent")}
    assert ours == theirs


def test_a_changed_byte_changes_the_signature() -> None:
    case = ALIYUN["cases"][0]

    def sign(**changes: Any) -> str:
        given: dict[str, Any] = {
            "key_id": "id",
            "key_secret": "secret",
            "method": "POST",
            "path": "/",
            "query": acs3.encoded(case["query"]),
            "headers": signed_by_the_sdk(case),
            "body": b"",
        }
        return acs3.authorization(**(given | changes))

    for changes in ({"key_secret": "other"}, {"query": "a=1"}, {"body": b"x"}, {"method": "GET"}, {"path": "/x"}):
        assert sign(**changes) != sign()


def test_no_key_is_shown() -> None:
    held = account(ALIYUN, "https://x.example", sign_name="读特", templates={})

    assert ALIYUN["key_secret"] not in f"{held!r} {held}"
    assert ALIYUN["key_id"] not in repr(held)
