"""Every page with the reader who opens it, and what the pages show: campaigns in all phases, long texts, prizes."""

from typing import Any, Literal

from feed.accounts.model import AccountId
from feed.prizes.claims.access import grant_access
from feed.prizes.claims.actions import claim_prize
from feed.prizes.model import WinnerId
from feed.prizes.objections.actions import object_to_result
from tests.browser.conftest import Site
from tests.browser.support import Person
from tests.support import make, phases
from tests.support.campaigns_api import terms

Reader = Literal["stranger", "winner", "editor", "juror", "reviewer"]

PUBLIC: dict[str, tuple[Reader, str]] = {
    "/": ("stranger", "/"),
    "/hot": ("winner", "/hot"),
    "/videos": ("stranger", "/videos"),
    "/topics": ("stranger", "/topics"),
    "/topics/{name:str}": ("winner", "/topics/读书"),
    "/users/{user_id:str}": ("stranger", "/users/{winner}"),
    "/posts/{post_id:str}": ("winner", "/posts/{post}"),
    "/p/{post_id:str}": ("stranger", "/p/{post}"),
    "/posts/{post_id:str}/delete": ("winner", "/posts/{own}/delete"),
    "/posts/{post_id:str}/revisions": ("winner", "/posts/{own}/revisions"),
    "/posts/{post_id:str}/edit": ("winner", "/posts/{own}/edit"),
    "/write": ("winner", "/write"),
    "/comments/{comment_id:str}": ("stranger", "/comments/{comment}"),
    "/comments/{comment_id:str}/edit": ("winner", "/comments/{comment}/edit"),
    "/campaigns": ("stranger", "/campaigns"),
    "/campaigns/{campaign_id:str}": ("winner", "/campaigns/{final}"),
    "/campaigns/{campaign_id:str}/rules": ("stranger", "/campaigns/{open}/rules"),
    "/campaigns/{campaign_id:str}/board": ("stranger", "/campaigns/{open}/board"),
    "/campaigns/{campaign_id:str}/objections": ("winner", "/campaigns/{announced}/objections"),
    "/campaigns/{campaign_id:str}/result": ("stranger", "/campaigns/{final}/result"),
    "/prizes": ("winner", "/prizes"),
    "/prizes/{prize_id:str}": ("winner", "/prizes/{prize}"),
    "/prizes/{prize_id:str}/decline": ("winner", "/prizes/{prize}/decline"),
    "/sign-in": ("stranger", "/sign-in"),
    "/sign-in/form": ("stranger", "/sign-in/form"),
    "/sign-in/ticket": ("stranger", "/sign-in/ticket"),
    "/me": ("winner", "/me"),
    "/me/sessions": ("winner", "/me/sessions"),
    "/me/avatar": ("winner", "/me/avatar"),
    "/me/settings": ("winner", "/me/settings"),
    "/me/blocks": ("winner", "/me/blocks"),
    "/me/phone": ("winner", "/me/phone"),
    "/me/reports": ("winner", "/me/reports"),
    "/me/appeals": ("winner", "/me/appeals"),
    "/me/decisions": ("winner", "/me/decisions"),
    "/me/export": ("winner", "/me/export"),
    "/me/delete": ("winner", "/me/delete"),
    "/inbox": ("winner", "/inbox"),
    "/report": ("winner", "/report?kind=post&id={post}"),
    "/appeal": ("winner", "/appeal?kind=post&id={rejected}"),
    "/embed": ("stranger", "/embed"),
    "/embed/guide": ("stranger", "/embed/guide"),
}
CAMPAIGN = "/console/campaigns/{campaign_id:str}"
_PRIZE = f"{CAMPAIGN}/winners/prizes/{{prize_id:str}}"
CONSOLE: dict[str, tuple[Reader, str]] = {
    "/console": ("editor", "/console"),
    "/console/campaigns": ("editor", "/console/campaigns"),
    "/console/campaigns/new": ("editor", "/console/campaigns/new"),
    CAMPAIGN: ("editor", "/console/campaigns/{open}"),
    f"{CAMPAIGN}/edit": ("editor", "/console/campaigns/{draft}/edit"),
    f"{CAMPAIGN}/publish": ("editor", "/console/campaigns/{draft}/publish"),
    f"{CAMPAIGN}/cancel": ("editor", "/console/campaigns/{open}/cancel"),
    f"{CAMPAIGN}/pictures": ("editor", "/console/campaigns/{draft}/pictures"),
    f"{CAMPAIGN}/entries": ("editor", "/console/campaigns/{open}/entries"),
    f"{CAMPAIGN}/voids": ("editor", "/console/campaigns/{open}/voids"),
    f"{CAMPAIGN}/jury": ("editor", "/console/campaigns/{judged}/jury"),
    f"{CAMPAIGN}/lock-marks": ("editor", "/console/campaigns/{judged}/lock-marks"),
    f"{CAMPAIGN}/settlement": ("editor", "/console/campaigns/{due}/settlement"),
    f"{CAMPAIGN}/settlement/settle": ("editor", "/console/campaigns/{due}/settlement/settle"),
    f"{CAMPAIGN}/settlement/sheet": ("editor", "/console/campaigns/{announced}/settlement/sheet"),
    f"{CAMPAIGN}/settlement/undo": ("editor", "/console/campaigns/{announced}/settlement/undo"),
    f"{CAMPAIGN}/settlement/number": ("editor", "/console/campaigns/{drawn}/settlement/number"),
    f"{CAMPAIGN}/fairness": ("editor", "/console/campaigns/{announced}/fairness"),
    f"{CAMPAIGN}/objections": ("editor", "/console/campaigns/{announced}/objections"),
    f"{CAMPAIGN}/winners": ("editor", "/console/campaigns/{final}/winners"),
    f"{CAMPAIGN}/winners/announce": ("editor", "/console/campaigns/{settled}/winners/announce"),
    f"{CAMPAIGN}/winners/places/{{rank:str}}/replace": (
        "editor",
        "/console/campaigns/{announced}/winners/places/1/replace",
    ),
    f"{CAMPAIGN}/winners/access": ("editor", "/console/campaigns/{final}/winners/access"),
    f"{CAMPAIGN}/winners/codes": ("editor", "/console/campaigns/{final}/winners/codes"),
    f"{CAMPAIGN}/winners/export": ("editor", "/console/campaigns/{final}/winners/export"),
    f"{CAMPAIGN}/winners/shipments": ("editor", "/console/campaigns/{final}/winners/shipments"),
    f"{CAMPAIGN}/winners/messages": ("editor", "/console/campaigns/{final}/winners/messages"),
    _PRIZE: ("editor", "/console/campaigns/{final}/winners/prizes/{prize}"),
    "/console/objections": ("editor", "/console/objections"),
    "/console/hot": ("editor", "/console/hot"),
    "/console/hot/{post_id:str}": ("editor", "/console/hot/{post}"),
    "/console/topics": ("editor", "/console/topics"),
    "/console/topics/change": ("editor", "/console/topics/change?name=读书"),
    "/console/editorial": ("editor", "/console/editorial"),
    "/console/editorial/{kind:str}/{subject_id:str}": ("editor", "/console/editorial/campaign/{draft}"),
    "/console/jury": ("juror", "/console/jury"),
    "/console/jury/{campaign_id:str}": ("juror", "/console/jury/{judged}"),
    "/console/queue": ("reviewer", "/console/queue"),
    "/console/queue/work": ("reviewer", "/console/queue/work"),
    "/console/queue/batches": ("reviewer", "/console/queue/batches"),
    "/console/takedowns": ("reviewer", "/console/takedowns?kind=post&id={post}"),
    "/console/users": ("reviewer", "/console/users"),
    "/console/users/{user_id:str}": ("reviewer", "/console/users/{winner}"),
    "/console/words": ("reviewer", "/console/words"),
    "/console/posts/{post_id:str}/why": ("reviewer", "/console/posts/{post}/why"),
    "/console/audit": ("editor", "/console/audit"),
    "/console/status": ("editor", "/console/status"),
    "/console/status/{kind:str}": ("editor", "/console/status/pushes"),
    "/console/staff": ("editor", "/console/staff"),
}
WORDS = "在深圳湾读书，" * 20 + "https://example.com/" + "very-long-address-without-a-break" * 4 + " #读书#"


class Contents:
    """Campaigns in all phases, a winner with long texts, and who reads each page."""

    def __init__(self, ids: dict[str, Any], readers: dict[Reader, Person | None]) -> None:
        self.ids = ids
        self.readers = readers


async def write_contents(site: Site) -> Contents:
    """Writes what the pages show."""
    pool, keys = site.pool, site.keys
    editor = await site.person("钱编辑", roles=("editor", "admin"))
    reviewer = await site.person("审核员", roles=("reviewer",))
    juror = await site.person("评委", roles=())
    final = await phases.announced(pool, keys)
    account = AccountId((await phases.winners_of(pool, final.id))[0]["account_id"])
    winner = Person(account, "")
    prize = (await phases.winners_of(pool, final.id))[0]["id"]
    await claim_prize(pool, keys, account, WinnerId(prize), phases.FORM)
    await phases.finish(pool, final.id)
    admin = await make.person(pool, role="admin")
    await grant_access(pool, final.id, editor.account_id, by=admin, days=1, reason="寄送")
    announced = await phases.announced(pool, keys)
    objecting = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", announced.posts[3])
    objection = await object_to_result(pool, announced.id, by=AccountId(objecting), text="点赞数不对")
    drawn = await phases.listed(pool, keys, beacon_order=["public_number"])
    settled = await phases.settled(pool, keys)
    # What is due would be frozen in place of those.
    due, judged = await phases.due(pool, keys), await phases.due(pool)
    await make.juror(pool, judged.id, juror.account_id)
    own, post = await make.post(pool, account), final.posts[1]
    await pool.execute("UPDATE accounts SET name = $2, bio = $3 WHERE id = $1", account, "很长的名字" * 4, WORDS)
    await pool.execute("UPDATE post_revisions SET text = $1", WORDS)
    rejected = await make.post(pool, account, state="rejected")
    draft = await site.call(editor, "POST", "/v1/admin/campaigns", terms(title="深圳读书月" * 8))
    ids = {
        "winner": account,
        "post": post,
        "own": own,
        "rejected": rejected,
        "comment": await make.comment(pool, post, account),
        "open": await make.campaign(pool),
        "due": due.id,
        "drawn": drawn.id,
        "settled": settled.id,
        "announced": announced.id,
        "final": final.id,
        "judged": judged.id,
        "draft": draft["id"],
        "objection": objection,
        "prize": prize,
    }
    await make.entry(pool, ids["open"], account)
    return Contents(ids, {"stranger": None, "winner": winner, "editor": editor, "juror": juror, "reviewer": reviewer})
