"""Winners and editors of a settled campaign, as callers of the API."""

import httpx

from feed.auth.tokens import LOCAL_ISSUER
from feed.postgres import Pool
from tests.support.api import Join, Person
from tests.support.campaigns_api import my_id


async def become(pool: Pool, join: Join, account_id: int, name: str) -> Person:
    """The account, with a token in its hand."""
    await pool.execute("UPDATE accounts SET iss = $2, sub = $3 WHERE id = $1", account_id, LOCAL_ISSUER, f"test:{name}")
    return join(name, phone=None)


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and code, of an answer that is a whole problem document."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["title"]
    assert problem["detail"]
    return answer.status_code, problem["code"]


async def grant_access(join: Join, campaign_id: int) -> Person:
    """An editor whom an admin lets read the details of a campaign's winners."""
    editor, admin = join("编辑", roles=("editor",)), join("管理员", roles=("admin",))
    given = {"user_id": await my_id(editor), "days": 1, "reason": "寄送"}
    said = await admin("PUT", f"/admin/campaigns/{campaign_id}/claim-access", given)
    assert said.status_code == 200, said.text
    return editor
