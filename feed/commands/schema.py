"""Brings the schema and the rights of the application's role up to date."""

from urllib.parse import urlsplit

from feed.audit.roles import prepare_role
from feed.migrations import migrate
from feed.settings import Settings


async def bring_up_to_date(settings: Settings) -> list[str]:
    """Applies the missing migrations and returns their names; with FEED_DATABASE_OWNER_URL it also sets the rights of the other role.

    Raises NoSession, MigrationError.
    """
    applied = await migrate(settings.owner_url)
    if settings.database_owner_url and _user(settings.database_owner_url) != _user(settings.database_url):
        await prepare_role(settings.owner_url, settings.database_url, embedded=settings.embedded)
    return applied


def _user(url: str) -> str | None:
    return urlsplit(url).username
