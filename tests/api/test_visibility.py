"""Visibility: every GET of the OpenAPI document, every state of posts and comments and every kind of viewer against one table.

Each item contains a unique word; a response must contain exactly the words that the table expects.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from feed.api.state import AppState
from feed.cases.holds import Hold, State, shown_state
from feed.comments import hide_show as comments_shown
from feed.postgres import transaction
from feed.posts import hide_show as posts_shown
from tests.support import make
from tests.support.api import Join, Person

STATES = ("published", "pending", "rejected", "removed", "deleted")
# Published items that a hold hides, one for each bit; they are an ordinary author's.
HELD = {f"held {hold.name}": hold for hold in Hold}
# The states of roots with replies: they keep their place, whatever hides them.
ANSWERED = ("published", "removed", "held REPORT", "held POST_AUTHOR")
AUTHORS = ("ordinary", "banned", "muted", "erased")
STAFF = ("reviewer", "editor", "admin")
# Viewers with a relation to every author: blocked by them, blocking them, having muted them.
RELATED = ("blocked", "blocker", "muter")
# The same with a block by every author, or of every author, which hides nothing from them; the juror is one of all authors' campaign.
BLOCKED_ON_DUTY = ("blocked reviewer", "blocked editor", "blocked admin", "blocked juror")
VIEWERS = ("anonymous", "stranger", "sanctioned", "banned", *RELATED, *STAFF, *BLOCKED_ON_DUTY, "blocker editor")
WORD = re.compile(r"word[0-9]+x")


class Subject(NamedTuple):
    """A post or a comment with its word; `post` is the post of a comment."""

    word: str
    id: int
    author: str
    author_id: str
    state: str
    post: "Subject | None" = None


class Stored(NamedTuple):
    state: State
    holds: int


def own_state(subject: Subject) -> str:
    """The state that the author of the item reads."""
    hold = HELD.get(subject.state)
    return subject.state if hold is None else shown_state(Stored("published", hold))


class Town(NamedTuple):
    people: dict[str, Person | None]
    ids: dict[str, str]
    posts: list[Subject]
    comments: list[Subject]
    replies: list[Subject]
    campaign: int


@pytest.fixture
async def town(join: Join, app_state: AppState, client: httpx.AsyncClient) -> Town:
    pool = app_state.pool
    people: dict[str, Person | None] = {"anonymous": None}
    ids: dict[str, str] = {}

    async def sign_in(name: str, *roles: str) -> str:
        person = people[name] = join(name, roles=roles)
        ids[name] = str((await person("GET", "/me")).json()["id"])
        return ids[name]

    for name in VIEWERS[1:]:
        await sign_in(name, *((role_of(name),) if role_of(name) in STAFF else ()))
    await make.ban(pool, int(ids["banned"]))
    await make.ban(pool, int(ids["sanctioned"]), kind="mute")
    words = (f"word{number}x" for number in range(1000))
    campaign = await make.campaign(pool, board="public")
    judged = await make.campaign(pool, topic_name="评审")
    await make.juror(pool, judged, int(ids["blocked juror"]))

    async def author(name: str, kind: str) -> str:
        account = int(await sign_in(name))
        if kind == "erased":
            # The row is erased at once; posts and comments by a job that does not run here.
            await pool.execute("UPDATE accounts SET erased_at = now(), name = '已注销用户' WHERE id = $1", account)
        elif kind != "ordinary":
            await make.ban(pool, account, kind="ban" if kind == "banned" else "mute")
        for viewer in (*RELATED, *BLOCKED_ON_DUTY, "blocker editor"):
            one, other = (account, int(ids[viewer])) if viewer.startswith("blocked") else (int(ids[viewer]), account)
            await pool.execute(
                "INSERT INTO relations (account_id, target_id, kind) VALUES ($1, $2, $3)",
                one,
                other,
                "mute" if viewer == "muter" else "block",
            )
        return str(account)

    async def post(name: str, state: str) -> Subject:
        stored = "published" if state in HELD else state
        post_id, word = await make.post(pool, int(ids[name]), state=stored), next(words)
        await pool.execute("UPDATE post_revisions SET text = $2 WHERE post_id = $1", post_id, word)
        if stored == "published":
            await pool.execute(
                "INSERT INTO topic_posts SELECT topic_ids[1], now(), $1 FROM post_revisions WHERE post_id = $1", post_id
            )
        await pool.execute(
            "INSERT INTO entries (campaign_id, post_id, author_id, entered_at) VALUES ($1, $2, $3, now())",
            campaign,
            post_id,
            int(ids[name]),
        )
        await pool.execute(
            "INSERT INTO entries (campaign_id, post_id, author_id, entered_at) VALUES ($1, $2, $3, now())",
            judged,
            post_id,
            int(ids[name]),
        )
        if state in HELD:
            await pool.execute("UPDATE accounts SET post_count = post_count + 1 WHERE id = $1", int(ids[name]))
            async with transaction(pool) as conn:
                await posts_shown.change_holds(conn, post_id, add=HELD[state])
        return Subject(word, post_id, name, ids[name], state)

    async def comment(name: str, under: Subject, state: str, root: int | None = None) -> Subject:
        deleted = make.now() if state == "deleted" else None
        stored = "published" if state in HELD else state
        made = await make.comment(pool, under.id, int(ids[name]), state=stored, deleted_at=deleted)
        word = next(words)
        await pool.execute("UPDATE comments SET text = $2 WHERE id = $1", made, word)
        if root is not None:
            await pool.execute("UPDATE comments SET root_id = $2, reply_to_id = $2 WHERE id = $1", made, root)
            await pool.execute("UPDATE comments SET reply_count = reply_count + 1 WHERE id = $1", root)
        if state in HELD:
            async with transaction(pool) as conn:
                await comments_shown.change_holds(conn, made, add=HELD[state])
        return Subject(word, made, name, ids[name], state, under)

    posts, comments, replies = [], [], []
    for kind in AUTHORS:
        await author(f"author {kind}", kind)
        posts += [await post(f"author {kind}", state) for state in states_of(kind)]
    # An author without relations: comments below this post are hidden because of their own authors only.
    await sign_in("neutral")
    neutral_post = await post("neutral", "published")
    for kind in AUTHORS:
        comments += [await comment(f"author {kind}", neutral_post, state) for state in states_of(kind)]
    comments += [await comment("neutral", hidden, "published") for hidden in posts]
    for root in [each for each in comments if each.state in ANSWERED]:
        assert root.post is not None
        replies.append(await comment("neutral", root.post, "published", root=root.id))
        replies.append(await comment("author ordinary", root.post, "published", root=root.id))
    await pool.execute("UPDATE posts SET has_video = true")
    return Town(people, ids, [*posts, neutral_post], comments, replies, campaign)


def states_of(kind: str) -> tuple[str, ...]:
    return (*STATES, *HELD) if kind == "ordinary" else STATES


def role_of(viewer: str) -> str:
    return viewer.split()[-1]


def is_visible(viewer: str, subject: Subject) -> bool:
    """Whether the viewer may open a post or a comment by its id."""
    if viewer == subject.author:
        return subject.state != "deleted"
    return subject.state == "published" and not (viewer in ("blocked", "blocker") and subject.author != "neutral")


def is_listed(viewer: str, subject: Subject) -> bool:
    """Whether it is in the viewer's lists."""
    return subject.state == "published" and (
        viewer == subject.author or subject.author == "neutral" or viewer not in (*RELATED, "blocker editor")
    )


Expected = tuple[int, set[str]]
Case = tuple[str, Expected]
Rule = Callable[[Town, str], Iterator[Case]]
NOTHING: set[str] = set()


def each_post(town: Town, viewer: str) -> Iterator[Case]:
    for post in town.posts:
        yield f"/posts/{post.id}", (200, {post.word}) if is_visible(viewer, post) else (404, NOTHING)


def reasons_of_posts(town: Town, viewer: str) -> Iterator[Case]:
    for post in town.posts:
        yield f"/feeds/hot/{post.id}/why", (200 if is_visible(viewer, post) else 404, NOTHING)


def several_posts(town: Town, viewer: str) -> Iterator[Case]:
    ids = ",".join(str(post.id) for post in town.posts)
    yield f"/posts?ids={ids}", (200, {post.word for post in town.posts if is_visible(viewer, post)})


def revisions(town: Town, viewer: str) -> Iterator[Case]:
    """For its author and staff, in every state but deleted; others learn nothing of what they do not see."""
    for post in town.posts:
        path = f"/posts/{post.id}/revisions"
        if viewer == "anonymous":
            yield path, (401, NOTHING)
        elif post.state == "deleted":
            yield path, (404, NOTHING)
        elif role_of(viewer) in STAFF or viewer == post.author:
            yield path, (200, {post.word})
        else:
            yield path, (403 if is_visible("stranger", post) else 404, NOTHING)


def likers(town: Town, viewer: str) -> Iterator[Case]:
    for post in town.posts:
        allowed = 401 if viewer == "anonymous" else 200 if role_of(viewer) in STAFF or viewer == post.author else 403
        yield f"/posts/{post.id}/likes", (404 if allowed != 401 and not is_visible(viewer, post) else allowed, NOTHING)


def listed_below(town: Town, viewer: str, post: Subject, sort: str) -> set[str]:
    """The words of the root comments of a post that are listed for the viewer, and of replies to roots that are shown or removed."""
    found = set()
    for root in town.comments:
        if root.post != post:
            continue
        if root.state == "published" and not is_listed(viewer, root):
            continue
        # Its author sees it whatever hides it. The hot order has what others see.
        own = viewer == root.author and root.state != "deleted" and (sort != "hot" or root.state in ANSWERED)
        # So does the author of the post who has hidden it.
        own = own or (root.state == "held POST_AUTHOR" and viewer == post.author)
        found |= {root.word} if root.state == "published" or own else set()
        found |= replies_listed(town, viewer, root)
    return found


def replies_listed(town: Town, viewer: str, root: Subject) -> set[str]:
    """The listed replies: there are two for each answered root, in the order of the roots."""
    roots = [each for each in town.comments if each.state in ANSWERED]
    if root not in roots:
        return set()
    place = 2 * roots.index(root)
    return {reply.word for reply in town.replies[place : place + 2] if is_listed(viewer, reply)}


def comments_of(town: Town, viewer: str) -> Iterator[Case]:
    for post in town.posts:
        for sort in ("oldest", "newest", "hot"):
            seen = listed_below(town, viewer, post, sort)
            path = f"/posts/{post.id}/comments?sort={sort}&limit=50"
            yield path, (200, seen) if is_visible(viewer, post) else (404, NOTHING)


def replies_to(town: Town, viewer: str) -> Iterator[Case]:
    for root in town.comments:
        assert root.post is not None
        shown = root.state in ANSWERED and is_visible(viewer, root.post)
        path = f"/comments/{root.id}/replies"
        yield path, (200, replies_listed(town, viewer, root)) if shown else (404, NOTHING)


def threads(town: Town, viewer: str) -> Iterator[Case]:
    for root in town.comments:
        assert root.post is not None
        listed = root.state == "published" and is_listed(viewer, root)
        own = viewer == root.author and root.state != "deleted"
        own = own or (root.state == "held POST_AUTHOR" and viewer == root.post.author)
        shown = listed or own or (root.state != "published" and root.state in ANSWERED)
        words = ({root.word} if listed or own else set()) | replies_listed(town, viewer, root)
        path = f"/comments/{root.id}"
        yield path, (200, words) if shown and is_visible(viewer, root.post) else (404, NOTHING)


def listed_at(*paths: str) -> Rule:
    def rule(town: Town, viewer: str) -> Iterator[Case]:
        for path in paths:
            yield (
                path.format(campaign=town.campaign),
                (200, {post.word for post in town.posts if is_listed(viewer, post)}),
            )

    return rule


def people(town: Town, viewer: str) -> Iterator[Case]:
    for author in {post.author for post in town.posts}:
        hidden = author == "author erased" or (viewer == "blocked" and author != "neutral")
        yield f"/users/{town.ids[author]}", (404 if hidden else 200, NOTHING)


def relations(town: Town, viewer: str) -> Iterator[Case]:
    for path, (status, _) in people(town, viewer):
        yield f"{path}/relation", (401 if viewer == "anonymous" else status, NOTHING)


def posts_of_people(town: Town, viewer: str) -> Iterator[Case]:
    for author in {post.author for post in town.posts}:
        hidden = author == "author erased" or (viewer == "blocked" and author != "neutral")
        listed = {post.word for post in town.posts if post.author == author and is_listed(viewer, post)}
        yield f"/users/{town.ids[author]}/posts", (404, NOTHING) if hidden else (200, listed)


def own_posts(town: Town, viewer: str) -> Iterator[Case]:
    own = {post.word for post in town.posts if post.author == viewer and post.state != "deleted"}
    yield "/me/posts?limit=50", (401, NOTHING) if viewer == "anonymous" else (200, own)
    for state in STATES[:-1]:
        own = {post.word for post in town.posts if post.author == viewer and own_state(post) == state}
        yield f"/me/posts?state={state}", (401, NOTHING) if viewer == "anonymous" else (200, own)


def without_words(path: str, *, signed_in: bool = False, status: int = 200) -> Rule:
    """A response without words."""

    def rule(town: Town, viewer: str) -> Iterator[Case]:
        answered = 401 if signed_in and viewer == "anonymous" else status
        yield path.format(campaign=town.campaign), (answered, NOTHING)

    return rule


def for_staff(path: str, *roles: str, status: int = 200, whole: bool = False) -> Rule:
    """A response to staff; with `whole` it contains the posts in every state."""

    def rule(town: Town, viewer: str) -> Iterator[Case]:
        status_for_others = 401 if viewer == "anonymous" else 403
        if role_of(viewer) not in roles:
            yield path.format(campaign=town.campaign), (status_for_others, NOTHING)
        else:
            words = {post.word for post in town.posts} if whole else NOTHING
            yield path.format(campaign=town.campaign), (status, words)

    return rule


def to_mark(town: Town, viewer: str) -> Iterator[Case]:
    """Without a jury editors mark the published entries."""
    path = f"/admin/campaigns/{town.campaign}/marks?limit=50"
    if role_of(viewer) in ("editor", "admin"):
        yield path, (200, {post.word for post in town.posts if post.state == "published"})
    else:
        yield path, (401 if viewer == "anonymous" else 403, NOTHING)


# All GETs of the OpenAPI document: the test fails for a missing and for an unknown operation.
TABLE: dict[str, Rule] = {
    "get_post": each_post,
    "list_posts": several_posts,
    "list_likers": likers,
    "list_revisions": revisions,
    "list_comments": comments_of,
    "get_comment": threads,
    "list_replies": replies_to,
    "list_latest": listed_at("/feeds/latest?limit=50"),
    "list_hot": listed_at("/feeds/hot?limit=50"),
    "list_videos": listed_at("/feeds/videos?limit=50"),
    "explain_hot": reasons_of_posts,
    "count_new": without_words("/feeds/latest/new?since_id=1"),
    "list_topics": without_words("/topics?q=读"),
    "list_topic_posts": listed_at("/topics/读书/posts?limit=50", "/topics/读书/posts?sort=hot&limit=50"),
    "list_campaign_posts": listed_at(
        "/campaigns/{campaign}/posts?limit=50", "/campaigns/{campaign}/posts?sort=hot&limit=50"
    ),
    "get_user": people,
    "get_relation": relations,
    "list_user_posts": posts_of_people,
    "list_my_posts": own_posts,
    "read_topic": without_words("/topics/读书"),
    "get_config": without_words("/config"),
    "get_challenge": without_words("/auth/challenge"),
    "get_me": without_words("/me", signed_in=True),
    "list_blocks": without_words("/me/blocks", signed_in=True),
    "list_appeals": without_words("/me/appeals", signed_in=True),
    "list_decisions": without_words("/me/decisions", signed_in=True),
    "list_reports": without_words("/me/reports", signed_in=True),
    "list_juries": without_words("/me/juries", signed_in=True),
    "get_export": without_words("/me/export", signed_in=True),
    "download_export": without_words("/me/export/1/file", signed_in=True, status=404),
    "list_my_media": without_words("/me/media", signed_in=True),
    "get_media": without_words("/media/1", signed_in=True, status=404),
    "list_sessions": without_words("/me/sessions", signed_in=True),
    "get_settings": without_words("/me/settings", signed_in=True),
    "list_inbox": without_words("/me/inbox", signed_in=True),
    "list_prizes": without_words("/me/prizes", signed_in=True),
    "get_prize": without_words("/me/prizes/1", signed_in=True, status=404),
    "list_campaigns": without_words("/campaigns"),
    "get_campaign": without_words("/campaigns/{campaign}"),
    "get_rules": without_words("/campaigns/{campaign}/rules"),
    "get_participation": without_words("/campaigns/{campaign}/me", signed_in=True),
    "get_result": without_words("/campaigns/{campaign}/result", status=404),
    "get_proof": without_words("/campaigns/{campaign}/proof?post_id=1", status=404),
    "list_winners": without_words("/campaigns/{campaign}/winners", status=404),
    "list_reasons": for_staff("/reason-codes", *STAFF),
    "explain_visibility": for_staff("/posts/1/why", *STAFF, status=404),
    "list_takedowns": for_staff("/moderation/takedowns", *STAFF),
    "list_cases": for_staff("/moderation/cases", *STAFF),
    "list_words": for_staff("/moderation/words", *STAFF),
    "get_history": for_staff("/moderation/cases/1/history", *STAFF, status=404),
    "list_leased_cases": for_staff("/moderation/cases/leased", *STAFF),
    "get_case": for_staff("/moderation/cases/1", *STAFF, status=404),
    "get_waiting_times": for_staff("/moderation/queue/waiting", *STAFF),
    "get_queue_subjects": for_staff("/moderation/queue/subjects", *STAFF),
    "get_queue": for_staff("/moderation/queue", *STAFF),
    "search_users": for_staff("/moderation/users?q=a", *STAFF),
    "get_user_record": for_staff("/moderation/users/1", *STAFF, status=404),
    "list_sanctions": for_staff("/moderation/sanctions", *STAFF),
    "list_all_campaigns": for_staff("/admin/campaigns", "editor", "admin"),
    "get_campaign_for_editors": for_staff("/admin/campaigns/{campaign}", "editor", "admin"),
    "preview_campaign": for_staff("/admin/campaigns/{campaign}/preview", "editor", "admin"),
    "list_entries": for_staff("/admin/campaigns/{campaign}/entries?limit=50", "editor", "admin", whole=True),
    "get_numbers": for_staff("/admin/campaigns/{campaign}/numbers", "editor", "admin"),
    "get_jury": for_staff("/admin/campaigns/{campaign}/jury", "editor", "admin"),
    "list_my_marks": to_mark,
    "list_voids": for_staff("/admin/campaigns/{campaign}/voids", "editor", "admin"),
    "get_decision": for_staff("/admin/campaigns/{campaign}/announcement", "editor", "admin"),
    "get_sheet": for_staff("/admin/campaigns/{campaign}/sheet", "editor", "admin", status=404),
    "list_names": for_staff("/admin/names", "admin"),
    "list_claims": for_staff("/admin/campaigns/{campaign}/claims", "editor", "admin"),
    "list_claim_access": for_staff("/admin/campaigns/{campaign}/claim-access", "admin"),
    "get_shredding": for_staff("/admin/campaigns/{campaign}/shredding", "editor", "admin", status=404),
    "list_stuck_prizes": for_staff("/admin/prizes/stuck", "editor", "admin"),
    "get_fairness": for_staff("/admin/campaigns/{campaign}/fairness", "editor", "admin"),
    "get_draw_number": for_staff("/admin/campaigns/{campaign}/draw/number", "editor", "admin", status=404),
    "list_hot_actions": for_staff("/admin/hot", "editor", "admin"),
    "list_changed_topics": for_staff("/admin/topics", "editor", "admin"),
    "get_topic_for_editors": for_staff("/admin/topics/a", "editor", "admin", status=404),
    "list_objections": for_staff("/admin/objections", "editor", "admin"),
    "list_messages": for_staff("/admin/messages", "editor", "admin"),
    "list_media_purges": for_staff("/admin/media/purges", "admin"),
    "get_status": for_staff("/admin/status", "admin"),
    "list_checks": for_staff("/admin/checks", "admin"),
    "list_jobs": for_staff("/admin/jobs", "admin"),
    "list_staff": for_staff("/admin/staff", "admin"),
    "list_pushes": for_staff("/admin/push", "admin"),
    "list_audit": for_staff("/audit", "admin"),
    "list_texts": for_staff("/admin/editorial", "reviewer", "editor", "admin"),
    "get_text": for_staff("/admin/editorial/campaign/{campaign}", "reviewer", "editor", "admin", status=404),
}
# Boards are public: they show published entries to all viewers, regardless of blocks, and nothing else.
PUBLIC_FACTS = {"get_leaderboard", "get_draw"}
# A stream has numbers and ids; what of hidden items is in it, tests/api/test_events.py shows.
WITHOUT_WORDS = {"live", "ready", "get_keys", "get_audit_checkpoint", "stream_events"}


async def ask(town: Town, client: httpx.AsyncClient, viewer: str, path: str) -> httpx.Response:
    person = town.people[viewer]
    return await (client.get(path) if person is None else person("GET", path))


async def test_every_get_of_the_document_is_in_the_table(client: httpx.AsyncClient) -> None:
    document = (await client.get("http://feed.test/openapi.json")).json()
    gets = {item["get"]["operationId"] for item in document["paths"].values() if "get" in item}
    assert gets == TABLE.keys() | PUBLIC_FACTS | WITHOUT_WORDS


async def test_each_viewer_sees_exactly_the_items_that_are_visible_to_them(
    town: Town, client: httpx.AsyncClient
) -> None:
    wrong: list[Any] = []
    requested = 0
    # Erased accounts cannot sign in.
    viewers = [*VIEWERS, *sorted({post.author for post in town.posts} - {"author erased"})]
    for operation, rule in TABLE.items():
        for viewer in viewers:
            for path, (status, words) in rule(town, viewer):
                answer = await ask(town, client, viewer, path)
                requested += 1
                found = set(WORD.findall(answer.text))
                if (answer.status_code, found) != (status, words):
                    extra, missing = sorted(found - words), sorted(words - found)
                    wrong.append((operation, viewer, path, answer.status_code, status, f"+{extra}", f"-{missing}"))
    assert requested > 2_000
    assert wrong == []


async def test_the_board_shows_published_entries_only(town: Town, client: httpx.AsyncClient) -> None:
    published = {post.word for post in town.posts if post.state == "published"}
    for viewer in VIEWERS:
        answer = await ask(town, client, viewer, f"/campaigns/{town.campaign}/leaderboard?limit=50")
        assert answer.status_code == 200
        assert set(WORD.findall(answer.text)) <= published, viewer
