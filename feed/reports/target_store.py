"""What can be reported, read as others see it. The callers hold the locks of a post or comment, so that the content is that of the report."""

from feed.accounts.model import AccountNotFound
from feed.cases.model import Subject
from feed.comments.model import CommentNotFound
from feed.postgres import Connection
from feed.posts.model import PostNotFound
from feed.reports.model import Reported
from feed.topics.model import TopicNotFound


async def get_post(conn: Connection, post_id: int) -> Reported:
    """The post with its shown revision. Raises PostNotFound unless others see it."""
    row = await conn.fetchrow(
        """
        SELECT posts.author_id, posts.revision, revisions.text, revisions.media_ids,
               EXISTS (SELECT FROM rights_now WHERE rights_now.account_id = posts.author_id) AS by_staff
        FROM visible_posts AS posts
        JOIN post_revisions AS revisions ON revisions.post_id = posts.id AND revisions.revision = posts.revision
        WHERE posts.id = $1
        """,
        post_id,
    )
    if row is None:
        raise PostNotFound
    content = {"text": row["text"], "media_ids": [str(each) for each in row["media_ids"]]}
    subject = Subject(author_id=row["author_id"], post_id=post_id, revision=row["revision"])
    return Reported(subject, row["revision"], content, row["by_staff"])


async def get_comment(conn: Connection, comment_id: int) -> Reported:
    """The comment with its shown revision. Raises CommentNotFound unless others see it and its post."""
    row = await conn.fetchrow(
        """
        SELECT comments.author_id, comments.post_id, comments.text, edited.revision, edited.latest_revision,
               EXISTS (SELECT FROM rights_now WHERE rights_now.account_id = comments.author_id) AS by_staff
        FROM visible_comments AS comments
        JOIN comments AS edited ON edited.post_id = comments.post_id AND edited.id = comments.id
        JOIN visible_posts ON visible_posts.id = comments.post_id
        WHERE comments.id = $1
        """,
        comment_id,
    )
    if row is None:
        raise CommentNotFound
    # As in all cases of a comment: one that has not been edited names no revision.
    revision = row["revision"] if row["latest_revision"] > 1 else None
    subject = Subject(author_id=row["author_id"], post_id=row["post_id"], comment_id=comment_id, revision=revision)
    return Reported(subject, row["revision"], {"text": row["text"]}, row["by_staff"])


async def get_user(conn: Connection, account_id: int) -> Reported:
    """The profile. Raises AccountNotFound for an unknown or erased account."""
    row = await conn.fetchrow(
        "SELECT name, bio, avatar_url FROM accounts WHERE id = $1 AND erased_at IS NULL", account_id
    )
    if row is None:
        raise AccountNotFound
    return Reported(Subject(author_id=account_id, account_id=account_id), 0, dict(row))


async def get_topic(conn: Connection, topic_id: int) -> Reported:
    """The topic that the id resolves to. Raises TopicNotFound unless others see it."""
    row = await conn.fetchrow(
        """
        SELECT target.id, target.name
        FROM public_topics AS named
        JOIN public_topics AS target ON target.id = coalesce(named.alias_of, named.id)
        WHERE named.id = $1
        """,
        topic_id,
    )
    if row is None:
        raise TopicNotFound
    return Reported(Subject(author_id=None, topic_id=row["id"]), 0, {"name": row["name"]})
