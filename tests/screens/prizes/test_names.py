"""Names of winners are masked, told apart, and the same in the list of winners and in the result."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from feed.keys.store import Keys
from feed.postgres import Pool
from feed.screens.prizes.cards import get_result_version
from feed.screens.prizes.names import published_names
from feed.screens.prizes.winners import list_winners
from tests.support import phases


def test_a_name_is_masked_and_equal_ones_end_with_digits() -> None:
    assert published_names({1: "沈从文", 2: "巴金"}) == {1: "沈**", 2: "巴**"}
    assert published_names({120004821: "沈从文", 120005930: "沈括", 3: "巴金"}) == {
        120004821: "沈**（4821）",
        120005930: "沈**（5930）",
        3: "巴**",
    }
    assert published_names({7_11234: "沈从文", 7_21234: "沈括"}) == {711234: "沈**（11234）", 721234: "沈**（21234）"}


@given(st.dictionaries(st.integers(1, 2**63 - 1), st.text("沈巴", min_size=1, max_size=3), max_size=8))
def test_no_two_names_are_equal(names: dict[int, str]) -> None:
    shown = published_names(names)
    assert len(set(shown.values())) == len(names)
    assert all(shown[account_id].startswith(name[0] + "**") for account_id, name in names.items())


async def test_winners_and_result_have_the_same_names(pool: Pool, keys: Keys) -> None:
    campaign = await phases.announced(pool, keys, winner_count=3)
    for equal in (3, 2):
        await pool.execute(
            """
            UPDATE accounts SET name = CASE WHEN place <= $1 THEN '沈从文' ELSE '巴金' END
            FROM winners WHERE winners.account_id = accounts.id
            """,
            equal,
        )
        async with pool.acquire() as conn:
            winners = await list_winners(conn, campaign.id)
            people = (await get_result_version(conn, campaign.id)).people
        shown = [each.name_masked for each in winners.items]
        assert sorted(shown) == sorted(people.values())
        assert len(set(shown)) == 3
        assert sum("（" in name for name in shown) == equal
        tails = [name[4:-1] for name in shown if "（" in name]
        ids = [str(row["account_id"]) for row in await phases.winners_of(pool, campaign.id)]
        assert all(any(each.endswith(tail) for each in ids) for tail in tails)
        assert msgspec.json.encode(winners)


async def test_an_erased_winner_still_tells_the_other_one_apart(pool: Pool, keys: Keys) -> None:
    campaign = await phases.announced(pool, keys)
    await pool.execute("UPDATE accounts SET name = '沈从文'")
    first, second = await phases.winners_of(pool, campaign.id)
    await pool.execute("UPDATE accounts SET erased_at = now() WHERE id = $1", first["account_id"])
    async with pool.acquire() as conn:
        winners = await list_winners(conn, campaign.id)
        people = (await get_result_version(conn, campaign.id)).people
    (name,) = people.values()
    assert name in [each.name_masked for each in winners.items]
    assert name.endswith(f"（{str(second['account_id'])[-4:]}）")
