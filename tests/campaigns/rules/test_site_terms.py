"""What publishing takes from the site stays as it was: the clause on the use of works, and how long claims are kept."""

from pathlib import Path

import msgspec
import pytest

from feed.campaigns import actions
from feed.campaigns.errors import CampaignIncomplete, CampaignRunning
from feed.campaigns.model import Rules
from feed.campaigns.rules.site_terms import BUILT_IN, Licence, SiteTerms, read_licences
from feed.campaigns.text_rules import LICENCE_TEXT
from feed.decoding.decoder import convert
from feed.errors import Invalid
from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes.claims.shredding import Retention, shred_next_campaign
from feed.screens.prizes.overdue import list_overdue
from feed.screens.prizes.retention import list_retained
from feed.texts import text_problems
from tests.support import make, phases
from tests.support.campaign_drafts import drafted, fields, full, published
from tests.support.campaigns import Stage

OURS = SiteTerms((Licence("ours", "本站条款", "主办方可以展示参与活动的动态。"),), 30, 60)
CHANGED = SiteTerms((Licence("ours", "本站条款", "改过的条款。"),), 10, 20)
NONE = SiteTerms(())


async def executed(stage: Stage, campaign: int) -> tuple[Rules, str]:
    """The rules in force and their text."""
    row = await stage.pool.fetchrow(
        """
        SELECT rules.rules, rules_text FROM campaigns
        JOIN campaign_rules AS rules ON rules.campaign_id = campaigns.id AND rules.version = campaigns.rules_version
        WHERE campaigns.id = $1
        """,
        campaign,
    )
    assert row is not None
    return convert(row["rules"], Rules), row["rules_text"]


def test_the_built_in_clauses_fit_and_suit_a_draw() -> None:
    assert len({licence.key for licence in BUILT_IN}) == len(BUILT_IN) >= 2
    for licence in BUILT_IN:
        assert not text_problems("text", licence.text, LICENCE_TEXT)
        assert "作品" not in licence.text
        assert licence.text.endswith("。")


async def test_publishing_copies_the_clause_and_the_days(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    campaign = await drafted(stage, editor, licence="display")
    await actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(licence="ours"), site=OURS)
    await actions.publish_campaign(stage.pool, stage.keys, editor, campaign, site=OURS)
    rules, text = await executed(stage, campaign)
    assert (rules.licence, rules.licence_text) == ("ours", OURS.licences[0].text)
    assert (rules.claims_kept_days, rules.claims_kept_at_most_days) == (30, 60)
    assert OURS.licences[0].text in text
    assert "满30天销毁；届时奖品尚未交付完毕的，最迟满60天销毁" in text


@pytest.mark.parametrize("site", [CHANGED, NONE])
async def test_a_later_change_of_the_site_changes_no_published_rules(stage: Stage, site: SiteTerms) -> None:
    editor = await stage.person(role="editor")
    campaign = await drafted(stage, editor)
    await actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(licence="ours"), site=OURS)
    await actions.publish_campaign(stage.pool, stage.keys, editor, campaign, site=OURS)
    before, _ = await executed(stage, campaign)
    for change in ({"winner_count": 4}, {"winner_count": 4}, {"licence": "ours", "title": "读书季"}):
        await actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(**change), site=site)
    after, text = await executed(stage, campaign)
    assert after == msgspec.structs.replace(before, winner_count=4, title="读书季")
    assert OURS.licences[0].text in text
    assert await stage.pool.fetchval("SELECT rules_version FROM campaigns WHERE id = $1", campaign) == 3


async def test_a_clause_that_is_chosen_anew_before_the_opening_is_that_of_the_site(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    campaign = await published(stage, editor, licence="display")
    await actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(licence="ask"))
    rules, text = await executed(stage, campaign)
    assert rules.licence_text == BUILT_IN[2].text
    assert BUILT_IN[2].text in text
    await actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(licence=None))
    rules, text = await executed(stage, campaign)
    assert rules.licence_text is None
    assert "作品使用" not in text


async def test_a_clause_is_fixed_after_the_opening(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    campaign = await published(stage, editor, opened=True, licence="display")
    for licence in ("ask", None):
        with pytest.raises(CampaignRunning) as raised:
            await actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(licence=licence))
        assert [error.field for error in raised.value.errors] == ["licence", "licence_text"]


async def test_an_unknown_clause_is_rejected_in_a_draft_and_at_publishing(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    with pytest.raises(Invalid) as raised:
        await actions.create_campaign(stage.pool, editor, fields(**full(licence="ours")))
    (error,) = raised.value.errors
    assert (error.field, error.code) == ("licence", "unknown_value")
    assert error.params["allowed"] == [each.key for each in BUILT_IN]
    campaign = await drafted(stage, editor, licence="display")
    with pytest.raises(Invalid):
        await actions.change_campaign(stage.pool, stage.keys, editor, campaign, fields(licence="x"))
    with pytest.raises(CampaignIncomplete) as incomplete:
        await actions.publish_campaign(stage.pool, stage.keys, editor, campaign, site=NONE)
    assert [error.field for error in incomplete.value.errors] == ["licence"]


async def test_a_copy_has_the_key_and_the_next_clause_of_the_site(stage: Stage) -> None:
    editor = await stage.person(role="editor")
    campaign = await published(stage, editor, licence="display", shares_topic=True)
    copy = await actions.copy_campaign(stage.pool, editor, campaign)
    draft = await stage.pool.fetchval("SELECT draft FROM campaigns WHERE id = $1", copy)
    assert draft["licence"] == "display"
    assert not {"licence_text", "claims_kept_days", "claims_kept_at_most_days", "shares_topic"} & set(draft)


async def test_claims_are_kept_as_long_as_the_rules_say_whatever_the_site_says_later(pool: Pool, keys: Keys) -> None:
    campaign = await phases.announced(pool, keys, claims_kept_days=30, claims_kept_at_most_days=60)
    await phases.finish(pool, campaign.id, days=29)
    site = Retention(claims_days=10, most_days=20)
    assert not await shred_next_campaign(pool, keys, site)
    await pool.execute("UPDATE campaigns SET final_at = final_at - interval '36 hours'")
    # Two winners have not claimed.
    assert not await shred_next_campaign(pool, keys, site)
    async with pool.acquire() as conn:
        (listed,) = await list_retained(conn, days=90)
        assert "key_overdue" not in {each.kind for each in await list_overdue(conn, kept_days=10)}
    final_at = await pool.fetchval("SELECT final_at FROM campaigns WHERE id = $1", campaign.id)
    assert listed.due_at == final_at + 30 * make.DAY
    await pool.execute("UPDATE campaigns SET final_at = final_at - interval '30 days'")
    async with pool.acquire() as conn:
        assert "key_overdue" in {each.kind for each in await list_overdue(conn, kept_days=90)}
    assert await shred_next_campaign(pool, keys, Retention())


def test_the_clauses_of_a_file(tmp_path: Path) -> None:
    assert read_licences("") == BUILT_IN
    file = tmp_path / "licences.toml"
    file.write_text('[ours]\nname = "本站条款"\ntext = "可以展示。"\n', "utf-8")
    assert read_licences(str(file)) == (Licence("ours", "本站条款", "可以展示。"),)


@pytest.mark.parametrize(
    "text",
    [
        "ours = 1",
        '[ours]\nname = "x"',
        '[ours]\nname = "x"\ntext = 1',
        '[ours]\nname = "x"\ntext = "一\\n二"',
        '[ours]\nname = "x"\ntext = " "',
        '[ours]\nname = ""\ntext = "x"',
        f'[{"k" * 41}]\nname = "x"\ntext = "x"',
        f'[ours]\nname = "x"\ntext = "{"长" * 1001}"',
        "[",
        "".join(f'[k{n}]\nname = "x"\ntext = "x"\n' for n in range(21)),
    ],
)
def test_a_file_that_is_no_clauses_is_rejected(tmp_path: Path, text: str) -> None:
    file = tmp_path / "licences.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ValueError, match="licences: "):
        read_licences(str(file))
    with pytest.raises(ValueError, match="licences: "):
        read_licences(str(tmp_path / "none.toml"))
