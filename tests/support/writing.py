"""What people do through the batches of an API process, one at a time: the answer, or what the caller would be told is raised."""

from feed.accounts.model import AccountId
from feed.comments.actions import NewComment, add_comments
from feed.comments.model import CommentId
from feed.postgres import Pool
from feed.posts.actions import Draft, publish_posts
from feed.posts.model import NewPost, PostId


async def publish(pool: Pool, author_id: AccountId, text: str) -> PostId:
    """The id of the author's new post."""
    (answer,) = await publish_posts(pool, [Draft.checked(author_id, NewPost(text=text))])
    if isinstance(answer, Exception):
        raise answer
    return PostId(answer)


async def comment(
    pool: Pool, author_id: AccountId, post_id: PostId, text: str, reply_to_id: CommentId | None = None
) -> CommentId:
    """The id of the author's new comment."""
    (answer,) = await add_comments(pool, [NewComment.checked(author_id, post_id, text, reply_to_id)])
    if isinstance(answer, Exception):
        raise answer
    return CommentId(answer)
