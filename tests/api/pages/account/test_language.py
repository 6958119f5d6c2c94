"""The language of pages is chosen in the browser, and the choice leads to no other site."""

import pytest

from tests.support.pages import BrowserClient


async def test_the_chosen_language_stays(browser: BrowserClient) -> None:
    chosen = await browser.get("/language?to=en&back=/sign-in")
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/sign-in")
    page = await browser.get("/sign-in", headers={"accept-language": "zh-CN"})
    assert page.headers["content-language"] == "en"
    assert '<html lang="en">' in page.text
    await browser.get("/language?to=zh-CN")
    assert '<html lang="zh-CN">' in (await browser.get("/sign-in", headers={"accept-language": "en"})).text


@pytest.mark.parametrize("to", ["", "fr", "<script>", "zh-CN; Domain=evil.test"])
async def test_an_unknown_language_sets_no_cookie(browser: BrowserClient, to: str) -> None:
    answer = await browser.get("/language", params={"to": to, "back": "/"})
    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "back",
    [
        "//evil.test",
        "https://evil.test/",
        "/\\evil.test",
        "\t//evil.test",
        "/\n/evil.test",
        "evil.test",
        "%2F%2Fevil.test",
    ],
)
async def test_the_choice_leads_to_this_site_only(browser: BrowserClient, back: str) -> None:
    answer = await browser.get("/language", params={"to": "en", "back": back})
    assert answer.headers["location"] == "/"
