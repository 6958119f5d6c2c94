"""The page of a result in Chromium: it accepts what is true, refuses what was changed, and says when it cannot tell."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.async_api import Page, Route

from feed.prizes.claims.fulfilment import decline_prize
from feed.prizes.result.proof import verify_proof
from feed.prizes.result.verify import verify_result
from tests.browser.conftest import Site
from tests.browser.support import PHONE, Visitor, axe_problems
from tests.prizes import result as result_tests
from tests.prizes import result_vectors
from tests.support import entry_draws, make, phases
from tests.support.mutations import changed_values, well_formed_changes

VECTORS: dict[str, Any] = json.loads(result_vectors.PATH.read_text("utf-8"))
KEYS_TEXT = json.dumps({"keys": VECTORS["keys"]})
RESULTS = {each["name"]: each["document"] for each in VECTORS["results"]}
PROOFS = {each["name"]: each["proof"] for each in VECTORS["proofs"]}
_VECTORS_OF_FIRST_FORMAT = Path(result_tests.__file__)

# What the page runs, for many documents.
_CHECK = """async ([kind, documents, keys]) => {
  const address = document.querySelector('script[src$="/result.js"]').src.replace("result.js", "result-check.js");
  const { check } = await import(address);
  const encode = (text) => new TextEncoder().encode(text);
  const states = [];
  for (const text of documents) states.push((await check(kind, encode(text), encode(keys), async () => {})).state);
  return states;
}"""
_NO_CRYPTO = "Object.defineProperty(globalThis.crypto, 'subtle', { value: undefined })"
_NO_ED25519 = """
const before = SubtleCrypto.prototype.importKey;
SubtleCrypto.prototype.importKey = function (format, key, algorithm, ...rest) {
  if ((algorithm.name || algorithm) === "Ed25519") return Promise.reject(new DOMException("no", "NotSupportedError"));
  return before.call(this, format, key, algorithm, ...rest);
};
"""


async def _announced(site: Site, **more: Any) -> phases.Played:
    return await phases.announced(site.pool, site.keys, **more)


async def _verdict(page: Page, kind: str = "result") -> str:
    """The state that the check ends with."""
    place = f'[data-check="{kind}"] [data-verdict]'
    await page.wait_for_selector(f"{place}:not([data-state=none]):not([data-state=running])")
    return await page.locator(place).get_attribute("data-state") or ""


async def _states(page: Page, kind: str, documents: Sequence[Any], keys: str = KEYS_TEXT) -> list[str]:
    texts = [each if isinstance(each, str) else json.dumps(each) for each in documents]
    found: list[str] = await page.evaluate(_CHECK, [kind, texts, keys])
    return found


def _changes(document: Any, count: int = 200) -> list[Any]:
    """So many changes of one value that `feed verify` refuses, from all over the document."""
    keys = result_vectors.public_keys()
    plain = {name: value for name, value in document.items() if name != "people"}
    all_changes = [other for _, other in (*changed_values(plain), *well_formed_changes(plain))]
    verify: Any = verify_proof if "path" in plain else verify_result
    refused = [each for each in all_changes if not verify(json.dumps(each).encode(), keys).is_valid]
    return refused[:: max(1, len(refused) // count)][:count]


async def test_a_true_result_and_the_proof_of_an_entry_are_valid(site: Site) -> None:
    campaign = await _announced(site, entries=7)
    for scheme in ("light", "dark"):
        visitor = await site.visit(viewport=PHONE, color_scheme=scheme)
        page = await visitor.open(f"/campaigns/{campaign.id}/result?entry={campaign.posts[3]}")
        assert (await _verdict(page), await _verdict(page, "proof")) == ("valid", "valid")
        steps = page.locator('[data-check="result"] [data-step]')
        assert {await each.get_attribute("data-state") for each in await steps.all()} == {"passed"}
        assert "第 4 名" in await page.locator(".found").inner_text()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await axe_problems(page) == []


async def test_draws_by_comment_and_by_like_are_valid(site: Site) -> None:
    for entry_by in entry_draws.WAYS:
        draw = await entry_draws.decided(site.pool, site.keys, entry_by)
        await entry_draws.announce(site.pool, site.keys, draw.id)
        page = await (await site.visit()).open(f"/campaigns/{draw.id}/result")
        assert await _verdict(page) == "valid", entry_by
        assert await page.locator('[data-step="draw"]').get_attribute("data-state") == "passed"


async def test_results_and_proofs_of_both_formats_are_valid(site: Site) -> None:
    campaign = await _announced(site)
    page = await (await site.visit()).open(f"/campaigns/{campaign.id}/result")
    assert await _states(page, "result", list(RESULTS.values())) == ["valid"] * len(RESULTS)
    assert await _states(page, "proof", list(PROOFS.values())) == ["valid"] * len(PROOFS)
    first = json.loads(_VECTORS_OF_FIRST_FORMAT.with_name("result_vector.json").read_text("utf-8"))
    amended = json.loads(first["document"]) | {"amendments": first["amendments"]}
    assert await _states(page, "result", [amended], json.dumps({"keys": [first["public_key"]]})) == ["valid"]
    draw = json.loads(_VECTORS_OF_FIRST_FORMAT.with_name("draw_result_vector.json").read_text("utf-8"))
    assert await _states(page, "result", [draw["document"]], json.dumps(draw["keys"])) == ["valid"]


async def test_200_changes_of_one_value_are_refused_of_each_result(site: Site) -> None:
    campaign = await _announced(site)
    page = await (await site.visit()).open(f"/campaigns/{campaign.id}/result")
    for kind, documents, count in (("result", RESULTS, 200), ("proof", PROOFS, 50)):
        for name, document in documents.items():
            changed = _changes(document, count)
            assert len(changed) == count, name
            assert set(await _states(page, kind, changed)) == {"invalid"}, name


async def test_changes_are_refused_where_the_browser_lacks_ed25519(site: Site) -> None:
    campaign = await _announced(site)
    visitor = await site.visit()
    await visitor.context.add_init_script(_NO_ED25519)
    page = await visitor.open(f"/campaigns/{campaign.id}/result")
    assert await _verdict(page) == "valid"
    assert "本站打包的实现" in await page.locator('[data-check="result"] [data-why]').inner_text()
    (name, document), *_ = RESULTS.items()
    assert await _states(page, "result", [document]) == ["valid"], name
    assert set(await _states(page, "result", _changes(document, 60))) == {"invalid"}
    signature = {**document["signature"], "value": document["amendments"][0]["signature"]["value"]}
    assert await _states(page, "result", [document | {"signature": signature}]) == ["invalid"]


async def _serve(visitor: Visitor, pattern: str, **answer: Any) -> None:
    async def fulfill(route: Route) -> None:
        await route.fulfill(**({"content_type": "application/json"} | answer))

    await visitor.context.route(pattern, fulfill)


async def test_a_changed_result_names_the_step_and_the_place(site: Site) -> None:
    campaign = await _announced(site)
    document = (await site.api.get(f"/v1/campaigns/{campaign.id}/result")).json()
    document["sheet"][1]["likes_counted"] += 1
    visitor = await site.visit(viewport=PHONE)
    await _serve(visitor, "**/v1/campaigns/*/result", body=json.dumps(document))
    page = await visitor.open(f"/campaigns/{campaign.id}/result")
    assert await _verdict(page) == "invalid"
    rows = page.locator('[data-step="rows"]')
    assert await rows.get_attribute("data-state") == "failed"
    assert "sheet[1].score：得分算错" in await rows.inner_text()
    assert await page.locator('[data-step="tree"]').get_attribute("data-state") == "failed"
    assert await page.locator('[data-step="signature"]').get_attribute("data-state") == "passed"
    assert await axe_problems(page) == []


async def test_a_result_of_another_key_is_refused(site: Site) -> None:
    campaign = await _announced(site)
    visitor = await site.visit()
    await _serve(visitor, "**/feed-keys.json", body=KEYS_TEXT)
    page = await visitor.open(f"/campaigns/{campaign.id}/result")
    assert await _verdict(page) == "invalid"
    assert await page.locator('[data-step="signature"]').get_attribute("data-state") == "failed"


async def test_files_that_do_not_arrive_are_neither_valid_nor_invalid(site: Site) -> None:
    campaign = await _announced(site)
    sign_in = {"body": "<p>Sign in to the network</p>", "content_type": "text/html"}
    answers: list[tuple[str, dict[str, Any]]] = [
        ("**/feed-keys.json", {"status": 503, "body": "{}"}),
        ("**/feed-keys.json", {"body": "no keys"}),
        ("**/feed-keys.json", {"body": "{}"}),
        ("**/feed-keys.json", sign_in),
        ("**/v1/campaigns/*/result", {"status": 404, "body": "{}"}),
        ("**/v1/campaigns/*/result", sign_in),
    ]
    for pattern, answer in answers:
        visitor = await site.visit()
        visitor.allowed.append("Failed to load resource")
        await _serve(visitor, pattern, **answer)
        page = await visitor.open(f"/campaigns/{campaign.id}/result")
        assert await _verdict(page) == "cannot", (pattern, answer)
        assert "此处无法核对" in await page.locator('[data-check="result"] [data-word]').inner_text()


async def test_a_browser_without_cryptography_or_connection_says_that_it_cannot_check(site: Site) -> None:
    campaign = await _announced(site)
    visitor = await site.visit(viewport=PHONE)
    await visitor.context.add_init_script(_NO_CRYPTO)
    page = await visitor.open(f"/campaigns/{campaign.id}/result")
    assert await _verdict(page) == "cannot"
    assert "密码运算" in await page.locator('[data-check="result"] [data-why]').inner_text()
    assert await axe_problems(page) == []
    other = await site.visit()
    other.allowed.append("ERR_INTERNET_DISCONNECTED")
    page = await other.open(f"/campaigns/{campaign.id}/result")
    assert await _verdict(page) == "valid"
    await other.context.set_offline(True)
    await page.get_by_role("button", name="重新核对").first.click()
    assert await _verdict(page) == "cannot"
    await other.context.set_offline(False)
    await page.get_by_role("button", name="重新核对").first.click()
    await page.wait_for_selector("[data-verdict][data-state=valid]")


async def test_a_fallback_that_does_not_load_is_neither_valid_nor_invalid(site: Site) -> None:
    campaign = await _announced(site)
    visitor = await site.visit()
    visitor.allowed.append("ERR_FAILED")
    await visitor.context.add_init_script(_NO_ED25519)
    await visitor.context.route("**/noble-ed25519.js", lambda route: route.abort())
    page = await visitor.open(f"/campaigns/{campaign.id}/result")
    assert await _verdict(page) == "cannot"


async def test_a_page_that_is_older_than_the_document_is_not_called_valid(site: Site) -> None:
    campaign = await _announced(site)
    visitor = await site.visit()
    page = await visitor.open(f"/campaigns/{campaign.id}/result")
    assert await _verdict(page) == "valid"
    winner, *_ = await phases.winners_of(site.pool, campaign.id)
    await decline_prize(site.pool, site.keys, winner["account_id"], winner["id"])
    await page.get_by_role("button", name="重新核对").first.click()
    await page.wait_for_selector("[data-verdict][data-state=cannot]")
    assert await page.locator('[data-step="page"]').get_attribute("data-state") == "unknown"
    await page.reload()
    assert await _verdict(page) == "valid"
    assert await page.locator('[data-step="amendments"]').get_attribute("data-state") == "passed"


async def test_a_large_result_is_checked_when_asked_and_the_page_stays_usable(site: Site) -> None:
    campaign = await _announced(site)
    visitor = await site.visit()
    await _serve(visitor, "**/v1/campaigns/*/result", body=result_vectors.large(10_000).decode())
    await _serve(visitor, "**/feed-keys.json", body=KEYS_TEXT)
    page = await visitor.open(f"/campaigns/{campaign.id}/result")
    await page.evaluate(
        """() => {
          window.beats = 0; window.shares = new Set();
          const bar = document.querySelector("[data-check=result] progress");
          const beat = () => { window.beats += 1; window.shares.add(bar.value); requestAnimationFrame(beat); };
          beat();
        }"""
    )
    await page.get_by_role("button", name="重新核对").first.click()
    # All of it is true, but of another campaign than the page shows.
    await page.wait_for_selector('[data-step="page"][data-state="unknown"]')
    # Between the steps, and within those of ten thousand rows, the browser painted and could have reacted.
    assert len(await page.evaluate("[...window.shares]")) > 5
    assert await page.locator('[data-step="tree"]').get_attribute("data-state") == "passed"


async def test_a_result_of_many_entries_waits_to_be_asked(site: Site) -> None:
    campaign = await _announced(site)
    visitor = await site.visit()
    await make.person(site.pool)
    html = (await site.api.get(f"/campaigns/{campaign.id}/result", headers={"accept-language": "zh-CN"})).text
    await _serve(
        visitor,
        f"**/campaigns/{campaign.id}/result",
        body=html.replace(" data-by-itself", ""),
        content_type="text/html",
    )
    page = await visitor.open(f"/campaigns/{campaign.id}/result")
    assert await page.locator("[data-verdict]").get_attribute("data-state") == "none"
    await page.get_by_role("button", name="开始核对").wait_for()
