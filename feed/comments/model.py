"""Comments: two levels, and a placeholder for a removed comment that has replies."""

from datetime import datetime
from typing import NewType

import msgspec

from feed.accounts.model import AccountId
from feed.errors import Conflict, FieldError, Forbidden, NotFound
from feed.posts.model import PostId, State
from feed.texts import text_problem

CommentId = NewType("CommentId", int)
TEXT_LONGEST = 500


class CommentNotFound(NotFound):
    """No such comment, or none that the viewer may see."""


class NotYourComment(Forbidden):
    """Only its author may delete it."""


class CommentsClosed(Conflict):
    """The post's author has closed its comments."""


class CommentIsDeleted(Conflict):
    """The author has deleted the comment; it cannot be restored."""


class Comment(msgspec.Struct, frozen=True):
    """A row of `comments`."""

    id: CommentId
    post_id: PostId
    author_id: AccountId
    root_id: CommentId | None
    reply_to_id: CommentId | None
    text: str
    state: State
    like_count: int
    created_at: datetime


def comment_problems(text: str) -> list[FieldError]:
    """All problems of a comment's text; empty if it is valid."""
    problem = text_problem(text, shortest=1, longest=TEXT_LONGEST)
    return [FieldError("text", problem, {"longest": TEXT_LONGEST})] if problem else []
