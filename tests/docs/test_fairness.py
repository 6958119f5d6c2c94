"""docs/explanation/fairness.md lists every fact that can exclude an entry, a like, a comment or a mark, and every way to lose a place."""

import re
from pathlib import Path
from typing import get_args

import feed
from feed.campaigns.scoring.engagement import EXCLUSION_REASONS
from feed.postgres import Pool
from feed.prizes.announcement.review_store import SET_BY_OTHERS
from feed.prizes.result.amendment import Reason
from feed.prizes.settlement.eligibility import EntryReason

TEXT = (Path(feed.__file__).parents[1] / "docs/explanation/fairness.md").read_text("utf-8")
SECTIONS = {section.partition("\n")[0]: section for section in re.split(r"^## ", TEXT, flags=re.MULTILINE)}
CODE = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)


def codes_of(section: str) -> set[str]:
    return set(CODE.findall(SECTIONS[section]))


def test_every_reason_of_an_entry_or_an_engagement_is_in_the_table() -> None:
    assert codes_of("Entries and their authors") == {
        *EXCLUSION_REASONS,
        *get_args(EntryReason),
        "media_failed",
    }


def test_every_way_to_lose_a_place_is_in_the_table() -> None:
    assert codes_of("After the settlement: places") == set(get_args(Reason))


def test_what_others_set_is_shown_to_those_who_announce() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (\S[^|]*) \| [^|]* \| ([^|]*) \|", SECTIONS["Entries and their authors"], re.MULTILINE
    )
    alone = {code for code, of, by in rows if "E" in of and re.search(r"\b(editor|reviewer|admin)\b", by)}
    assert alone == set(SET_BY_OTHERS)


async def test_the_reasons_of_the_database_are_those_of_the_code(pool: Pool) -> None:
    rows = await pool.fetch("SELECT unnest(enum_range(NULL::exclusion_reason))::text AS reason")
    assert tuple(row["reason"] for row in rows) == EXCLUSION_REASONS
    view = await pool.fetchval("SELECT pg_get_viewdef('counted_marks'::regclass)")
    # One condition of the view for each row of the table of marks.
    assert len(codes_of("Marks")) == 4
    assert all(part in view for part in ("removed_at", "conflicts", "revision", "shortlist_size"))
