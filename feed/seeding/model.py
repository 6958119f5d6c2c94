"""What an installation is to be filled with."""

import msgspec

from feed.embedded.processes import CannotStart

# Subjects of the accounts: whoever holds the token key of the installation may speak for them.
SUBJECT = "bench:"


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much of everything, and over how many days before now."""

    posts: int
    likes: int
    comments: int
    accounts: int
    topics: int = 200
    days: int = 365

    @property
    def rows(self) -> int:
        """What a person waits for."""
        return self.accounts + self.posts + self.likes + self.comments


class SizesWrong(CannotStart):
    """Sizes that cannot be."""


class NotEmpty(CannotStart):
    """Somebody's posts or campaigns are there already, or those of an earlier filling."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"数据库不是空的（已有 {found}），不会写入。请换一个空的数据目录或数据库。\n"
            f"The database is not empty (it holds {found}); nothing was written. Use an empty data directory or database."
        )


class BeingFilled(CannotStart):
    """Another process is at it."""

    def __init__(self) -> None:
        super().__init__(
            "另一个 feed bench seed 正在写入这个数据库。\nAnother `feed bench seed` is writing to this database."
        )


def sizes_of(
    *, posts: int, likes: int | None, comments: int | None, accounts: int | None, topics: int, days: int
) -> Sizes:
    """Sizes with the rest in proportion to the posts. Raises SizesWrong."""
    sizes = Sizes(
        posts=posts,
        likes=posts * 10 if likes is None else likes,
        comments=posts * 2 if comments is None else comments,
        accounts=max(1_000, posts // 10) if accounts is None else accounts,
        topics=topics,
        days=days,
    )
    for name, least in (("posts", 1), ("likes", 0), ("comments", 0), ("accounts", 1), ("topics", 1), ("days", 1)):
        if getattr(sizes, name) < least:
            raise SizesWrong(f"--{name} 至少为 {least}。\n--{name} must be {least} or more.")
    if sizes.likes > sizes.posts * sizes.accounts:
        raise SizesWrong(
            f"每人对每条动态只能点一次赞：最多 {sizes.posts * sizes.accounts} 个赞。\n"
            f"One like per account and post: {sizes.posts} posts and {sizes.accounts} accounts "
            f"have {sizes.posts * sizes.accounts} likes at most."
        )
    return sizes
