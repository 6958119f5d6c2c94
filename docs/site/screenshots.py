"""Takes the pictures of the README again, from the demo that `make run` keeps running."""

import argparse
import io
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

IMAGES = Path(__file__).parents[1] / "images"
LARGEST = 120_000
PHONE = ViewportSize(width=390, height=844)
DESKTOP = ViewportSize(width=1200, height=800)
TALL = ViewportSize(width=1200, height=1000)


class Picture(NamedTuple):
    """A page as one of the demo's people sees it; `person` is empty for a reader who is not signed in."""

    name: str
    path: str
    person: str = ""
    size: ViewportSize = DESKTOP
    dark: bool = False
    # The part of the page that the picture begins with.
    about: str = ""


def main(options: argparse.Namespace) -> None:
    """Writes all pictures; stops at the first page that is not there."""
    campaigns = httpx.get(f"{options.url}/v1/campaigns", trust_env=False).raise_for_status().json()["items"]
    running = next(each["id"] for each in campaigns if each["state"] == "open")
    over = next(each["id"] for each in campaigns if each["state"] in ("announced", "final"))
    pictures = [
        Picture("community", "/", size=PHONE),
        Picture("campaign", f"/campaigns/{running}", size=PHONE, about="#board"),
        Picture("result", f"/campaigns/{over}/result", about=".check"),
        Picture("editor", f"/console/campaigns/{over}", "demo:editor", size=TALL),
        Picture("reviewer", "/console/queue?has_media=true", "demo:reviewer", size=TALL),
        Picture("block", "/embed/guide", dark=True),
    ]
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for picture in pictures:
            if not options.only or picture.name in options.only:
                take(browser, picture, options)
        browser.close()


def take(browser: Browser, picture: Picture, options: argparse.Namespace) -> None:
    """Writes one picture."""
    scheme = "dark" if picture.dark else "light"
    context = browser.new_context(
        viewport=picture.size, color_scheme="dark" if picture.dark else "light", locale="zh-CN", device_scale_factor=1.5
    )
    page = context.new_page()
    if picture.person:
        sign_in(page, picture.person, options)
    response = page.goto(f"{options.url}{picture.path}")
    if response is None or not response.ok:
        raise SystemExit(f"{picture.path}: {response and response.status}")
    prepare(page, picture)
    content = page.screenshot(animations="disabled")
    target = IMAGES / f"{picture.name}.webp"
    target.write_bytes(small(content))
    sys.stdout.write(f"{target.name} {scheme} {target.stat().st_size // 1000} KB\n")
    context.close()


def prepare(page: Page, picture: Picture) -> None:
    """Waits until the page is as a reader sees it, and leads it to what the picture is about."""
    if picture.name == "result":
        page.locator(".verdict[data-state=valid]").wait_for(timeout=60_000)
    elif picture.name == "reviewer" and not page.locator("#work").count():
        page.get_by_role("button", name="领取").first.click()
        page.wait_for_load_state("networkidle")
    if picture.about:
        page.locator(picture.about).first.evaluate("element => element.scrollIntoView({block: 'start'})")
    page.wait_for_timeout(1000)


def sign_in(page: Page, person: str, options: argparse.Namespace) -> None:
    """Signs the page's browser in by a link that works once."""
    command = [sys.executable, "-m", "feed", "sign-in", "--user", person, "--data", str(options.data)]
    link = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603 (our own command)
    page.goto(link)
    page.wait_for_url(lambda address: urlsplit(address).path == "/")


def small(content: bytes) -> bytes:
    """The picture as WebP of at most 120 KB."""
    image = Image.open(io.BytesIO(content)).convert("RGB")
    for quality in range(86, 30, -8):
        kept = io.BytesIO()
        image.save(kept, "WEBP", quality=quality, method=6)
        if len(kept.getvalue()) <= LARGEST:
            break
    return kept.getvalue()


def read_options(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="where the demo runs")
    parser.add_argument("--data", type=Path, default=Path(".feed"), help="its data directory")
    parser.add_argument("only", nargs="*", help="names of pictures; all without")
    return parser.parse_args(argv)


if __name__ == "__main__":
    main(read_options())
