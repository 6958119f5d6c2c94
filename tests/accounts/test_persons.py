"""Persons, standing, and blocks: each is decided by one view, and by no other statement."""

import re
from pathlib import Path
from typing import Any

from feed.accounts import blocks
from feed.accounts import store as accounts
from feed.accounts.blocks import HiddenAccounts
from feed.accounts.model import Standing
from feed.accounts.store import list_repeated_persons
from feed.postgres import Connection
from feed.posts.preconditions import list_preconditions
from feed.screens.posts.viewer_store import ViewerQuery, list_viewer_states
from tests.support import make

# Comparisons of persons that are frozen with a settlement.
_FROZEN = re.compile(r"winners\.person = reserves\.person|sheet_rows\.person = holder\.person")


async def test_accounts_are_one_person_by_a_verified_phone_only(conn: Connection) -> None:
    one, other = [await make.account(conn, person="ming") for _ in range(2)]
    alone, unverified, another = [await make.account(conn, verified=each) for each in (True, False, False)]
    for account_id, same in (
        (one, [one, other]), (other, [one, other]), (alone, [alone]), (unverified, [unverified]), (another, [another])
    ):  # fmt: skip
        assert await accounts.list_same_person(conn, account_id) == sorted(same)
    assert await accounts.are_one_person(conn, unverified, unverified)
    assert not await accounts.are_one_person(conn, unverified, another)
    assert await list_repeated_persons(conn, [unverified, other, another, one]) == [max(one, other)]


async def test_a_sanction_holds_while_it_runs_and_for_the_person(conn: Connection) -> None:
    now = make.now()
    cases: list[tuple[dict[str, Any], bool]] = [
        ({}, True),
        ({"until": now + make.DAY}, True),
        ({"until": now - make.DAY}, False),
        ({"lifted_at": now - make.DAY}, False),
        ({"since": now + make.HOUR}, False),
    ]
    for number, (more, holds) in enumerate(cases):
        one, other = [await make.account(conn, person=f"person of case {number}") for _ in range(2)]
        post_id = await make.post(conn)
        await make.ban(conn, one, **more)
        await make.ban(conn, one, kind="mute", **more)
        wanted = Standing(banned=holds, muted=holds)
        preconditions = await list_preconditions(conn, [(post_id, one), (post_id, other)])
        viewer_states = await list_viewer_states(
            conn, [ViewerQuery(one, (post_id,), ()), ViewerQuery(other, (post_id,), ())]
        )
        for account_id, viewer_state in zip((one, other), viewer_states, strict=True):
            assert await accounts.get_standing(conn, account_id) == wanted
            assert preconditions[post_id, account_id].standing == wanted
            assert viewer_state.standing == wanted


async def test_an_erased_account_has_the_standing_of_a_banned_one(conn: Connection) -> None:
    erased, other = [await make.account(conn, person="ming") for _ in range(2)]
    post_id = await make.post(conn)
    await conn.execute("UPDATE accounts SET erased_at = now() WHERE id = $1", erased)
    for account_id, banned in ((erased, True), (other, False)):
        assert (await accounts.get_standing(conn, account_id)).banned is banned
        assert (await list_preconditions(conn, [(post_id, account_id)]))[post_id, account_id].banned is banned
        (viewer_state,) = await list_viewer_states(conn, [ViewerQuery(account_id, (post_id,), ())])
        assert viewer_state.standing.banned is banned


async def test_a_block_applies_in_both_directions(conn: Connection) -> None:
    viewer, blocked, blocking, muted, muting = [await make.account(conn) for _ in range(5)]
    for account_id, target_id, kind in (
        (viewer, blocked, "block"), (blocking, viewer, "block"), (viewer, muted, "mute"), (muting, viewer, "mute")
    ):  # fmt: skip
        await blocks.add_relation(conn, account_id, target_id, "block" if kind == "block" else "mute")
    authors = (blocked, blocking, muted, muting)
    posts = {await make.post(conn, author): author for author in authors}
    apart = {blocked, blocking}
    assert await blocks.get_hidden_accounts(conn, viewer) == HiddenAccounts(
        frozenset(apart), frozenset({muted, blocked}), frozenset()
    )
    pairs = [(viewer, author) for author in authors]
    assert {other for _, other in await blocks.list_blocked_pairs(conn, pairs)} == apart
    assert {other for _, other in await blocks.list_hidden_pairs(conn, pairs)} == apart | {muted}
    (viewer_state,) = await list_viewer_states(conn, [ViewerQuery(viewer, tuple(posts), authors)])
    assert (viewer_state.blocked_ids, viewer_state.muted_ids) == (apart, {muted, blocked})
    preconditions = await list_preconditions(conn, [(post_id, viewer) for post_id in posts])
    assert {each.author_id for each in preconditions.values() if each.is_blocked} == apart


async def test_viewers_of_several_pages_are_each_read_in_one_row(conn: Connection) -> None:
    posts = [await make.post(conn) for _ in range(4)]
    first, second, third = [await make.account(conn) for _ in range(3)]
    for viewer, post_id in ((first, posts[0]), (second, posts[1]), (third, posts[3])):
        await make.like(conn, post_id, viewer)
    viewer_states = await list_viewer_states(
        conn,
        [
            ViewerQuery(first, tuple(posts[:2]), ()),
            ViewerQuery(second, tuple(posts[:2]), ()),
            ViewerQuery(third, tuple(posts[2:]), ()),
        ],
    )
    assert [(viewer_state.viewer_id, viewer_state.liked_ids) for viewer_state in viewer_states] == [
        (first, {posts[0]}), (second, {posts[1]}), (third, {posts[3]})
    ]  # fmt: skip


def test_no_statement_repeats_the_rules_of_the_views() -> None:
    compared = re.compile(
        r"\.person (?:= |IN \()\w+\.person|clock_timestamp\(\).{0,40}\bOR until\b|kind = 'block'\s+(?:UNION|OR)"
    )
    code = {str(path): _FROZEN.sub("", path.read_text("utf-8")) for path in Path("feed").rglob("*.py")}
    assert [path for path, text in code.items() if compared.search(text)] == []
    assert compared.search("one.person = other.person")
    assert compared.search("starts_at <= clock_timestamp() AND (until IS NULL OR until > clock_timestamp())")
