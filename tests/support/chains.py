"""Texts under a chain and the verdicts on them, through the batches of an API process."""

from typing import Any, Protocol

from feed.accounts.model import AccountId, Role
from feed.cases.model import CaseId
from feed.comments.actions import NewComment, add_comments
from feed.comments.model import CommentId
from feed.moderation.actions import judge_case
from feed.moderation.model import NewVerdict, VerdictKind
from feed.postgres import Pool
from feed.posts.actions import Draft, publish_posts
from feed.posts.model import NewPost, PostId
from feed.screening.model import PASSED, MachineResult


class Newsroom(Protocol):
    """Makes people."""

    pool: Pool

    async def person(self, role: Role | None = None) -> AccountId: ...


async def publish(newsroom: Newsroom, author: AccountId, *, stages: int = 0, machine: MachineResult = PASSED) -> PostId:
    draft = Draft.checked(author, NewPost(text="今天读完一本书 #爱读书的深圳人#")).judged(machine, stages)
    [made] = await publish_posts(newsroom.pool, [draft])
    assert isinstance(made, int), made
    return PostId(made)


async def comment(
    newsroom: Newsroom, author: AccountId, post_id: PostId, *, stages: int, machine: MachineResult = PASSED
) -> CommentId:
    [made] = await add_comments(newsroom.pool, [NewComment.checked(author, post_id, "真好").judged(machine, stages)])
    assert isinstance(made, int), made
    return CommentId(made)


async def judge(
    newsroom: Newsroom, reviewer: AccountId, case_id: CaseId, kind: VerdictKind = "approve", reason: Any = "spam"
) -> None:
    version = await newsroom.pool.fetchval("SELECT version FROM cases WHERE id = $1", case_id)
    await judge_case(newsroom.pool, reviewer, case_id, NewVerdict(kind, version, reason))


async def reviewers(newsroom: Newsroom, count: int) -> list[AccountId]:
    return [await newsroom.person("reviewer") for _ in range(count)]
