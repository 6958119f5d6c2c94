"""Builds the site of the documents: `make docs`. Fails on a broken link, on a page that is missing, and on files from other hosts.

The site is read from a disk or a server without a network: fonts are those of the system, and the one script that the generator
loads from another host (the search of pages that are opened as files) is kept beside this module.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SCRIPT = "iframe-worker.js"
# What the generator inserts for pages that are opened as files: iframe-worker 1.0.4, kept beside this module with its licence.
REMOTE_SCRIPT = "https://unpkg.com/iframe-worker/shim"
DECISIONS = re.compile(r"^( *)- decisions/\*$", re.MULTILINE)
LOADED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"?(https?:[^\"\s>]+)|<link\b[^>]*\bhref=\"?(https?:[^\"\s>]+)"
)


def main() -> int:
    """Builds into `.site`. Returns the exit status."""
    site = ROOT / ".site"
    shutil.rmtree(site, ignore_errors=True)
    # The generator wants its configuration in the folder that holds documents and site.
    config = ROOT / ".mkdocs.yml"
    config.write_text(configuration(), "utf-8")
    command = [str(Path(sys.executable).parent / "zensical"), "build", "--strict", "--config-file", str(config)]
    try:
        built = subprocess.run(command, check=False)  # noqa: S603 (the generator of this environment)
    finally:
        config.unlink()
    if built.returncode:
        return built.returncode
    shutil.rmtree(site / HERE.name)
    shutil.copy(HERE / SCRIPT, site / "assets/javascripts")
    loaded = sorted({address for page in site.rglob("*.html") for address in kept_local(page, site)})
    if loaded:
        print("Loaded from other hosts:", *loaded, sep="\n  ")
        return 1
    print(f"Open {site / 'index.html'}")
    return 0


def configuration() -> str:
    """`mkdocs.yml` with the decisions by number where it says `decisions/*`."""
    pages = [path.name for path in sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))]
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    return DECISIONS.sub(lambda found: "\n".join(f"{found[1]}- decisions/{name}" for name in pages), text)


def kept_local(page: Path, site: Path) -> list[str]:
    """Lets the page load the script from the site. Returns the addresses of other hosts that it still loads from."""
    text = page.read_text("utf-8")
    here = os.path.relpath(site / "assets/javascripts" / SCRIPT, page.parent)
    text = text.replace(REMOTE_SCRIPT, here)
    page.write_text(text, "utf-8")
    return [script or link for script, link in LOADED.findall(text) if 'rel="canonical"' not in link]


if __name__ == "__main__":
    sys.exit(main())
