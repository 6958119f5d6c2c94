"""Sizes of a seeded installation, and its errors."""

import msgspec

from feed.embedded.processes import CannotStart

# Prefix of the `sub` of seeded accounts, for which tokens can be issued with the token key.
SUBJECT = "bench:"


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """The number of rows of each kind, and the days before now over which they are spread."""

    posts: int
    likes: int
    comments: int
    accounts: int
    topics: int = 200
    days: int = 365

    @property
    def rows(self) -> int:
        """All rows, for progress."""
        return self.accounts + self.posts + self.likes + self.comments


class InvalidSizes(CannotStart):
    """Impossible sizes."""


class NotEmpty(CannotStart):
    """The database already has posts, campaigns or seeded accounts."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"数据库不是空的（已有 {found}），不会写入。请换一个空的数据目录或数据库。\n"
            f"The database is not empty (it holds {found}); nothing was written. Use an empty data directory or database."
        )


class SeedingInProgress(CannotStart):
    """Another process is seeding this database."""

    def __init__(self) -> None:
        super().__init__(
            "另一个 feed bench seed 正在写入这个数据库。\nAnother `feed bench seed` is writing to this database."
        )


def sizes_of(
    *, posts: int, likes: int | None, comments: int | None, accounts: int | None, topics: int, days: int
) -> Sizes:
    """Sizes, those not given in proportion to the posts. Raises InvalidSizes."""
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
            raise InvalidSizes(f"--{name} 至少为 {least}。\n--{name} must be {least} or more.")
    if sizes.likes > sizes.posts * sizes.accounts:
        raise InvalidSizes(
            f"每人对每条动态只能点一次赞：最多 {sizes.posts * sizes.accounts} 个赞。\n"
            f"One like per account and post: {sizes.posts} posts and {sizes.accounts} accounts "
            f"have {sizes.posts * sizes.accounts} likes at most."
        )
    return sizes
