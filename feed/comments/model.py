"""Comments: two levels, and a tombstone where one was taken away that others had answered."""

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
    """The post's author takes no comments."""


class CommentIsDeleted(Conflict):
    """Its author has deleted it; nobody else brings it back."""


class Comment(msgspec.Struct, frozen=True):
    """A comment's row."""

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
    """Everything that keeps this text from being a comment."""
    problem = text_problem(text, shortest=1, longest=TEXT_LONGEST)
    return [FieldError("text", problem, {"longest": TEXT_LONGEST})] if problem else []
