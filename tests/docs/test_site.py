"""`make docs` shows every document, and what it shows reads as on a code host. The build itself checks the rest."""

import os
import re
from pathlib import Path

import feed

ROOT = Path(feed.__file__).parents[1]
DOCS = ROOT / "docs"
DOCUMENTS = sorted(DOCS.rglob("*.md"))
NAVIGATION = (ROOT / "mkdocs.yml").read_text("utf-8").split("\nnav:\n")[1]
# Decisions are inserted by the build.
DECISION = re.compile(r"decisions/\d{4}-")


def test_the_navigation_names_every_document_once() -> None:
    named = re.findall(r"[\w/.-]+\.md", NAVIGATION)
    assert sorted(named) == [
        name for name in (str(path.relative_to(DOCS)) for path in DOCUMENTS) if not DECISION.match(name)
    ]
    assert "- decisions/*" in NAVIGATION


def test_links_stay_within_the_documents() -> None:
    """The site has no other files of the repository."""
    # The build copies what a symbolic link of the documents leads to, so it is the place of the link that counts.
    links = [
        f"{path.relative_to(DOCS)}: {link}"
        for path in DOCUMENTS
        for link in re.findall(r"\]\((?!https?:)([^)#\s]+)", path.read_text("utf-8"))
        for target in [Path(os.path.abspath(path.parent / link))]
        if not target.is_file() or not target.is_relative_to(DOCS)
    ]
    assert links == []


def test_lists_and_tables_begin_after_an_empty_line() -> None:
    """A code host finds them without it, the site does not."""
    found = [f"{path.relative_to(DOCS)}:{number}" for path in DOCUMENTS for number in run_on(path.read_text("utf-8"))]
    assert found == []


def run_on(text: str) -> list[int]:
    """The numbers of lines that begin a list or a table directly below a paragraph."""
    item = re.compile(r"(- |\d+\. |\|)")
    found, fenced, before = [], False, ""
    for number, line in enumerate(text.split("\n"), 1):
        fenced ^= line.startswith("```")
        if not fenced and item.match(line) and before.strip() and not re.match(r"(- |\d+\. |\||  |#)", before):
            found.append(number)
        before = line
    return found


def test_the_build_is_pinned_without_an_index() -> None:
    lock = (ROOT / "requirements-docs.lock").read_text("utf-8")
    assert (ROOT / "docs/site/requirements.in").read_text("utf-8").strip() in lock
    assert "--hash=sha256:" in lock
    assert "http" not in lock
