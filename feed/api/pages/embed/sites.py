"""The sites that may frame the block, as `FEED_EMBED_SITES` says. Pure."""

from feed.settings import Settings

# Of what is no page: pages of other sites load it, and none frames it.
FILE_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def sites_of(settings: Settings) -> list[str]:
    """The origins of the setting, `*` for all."""
    return [site.strip().lower().rstrip("/") for site in settings.embed_sites.split(",") if site.strip()]


def frame_ancestors(settings: Settings) -> str:
    """The value of the directive: this site always may, for its guide."""
    sites = sites_of(settings)
    return "*" if "*" in sites else " ".join(["'self'", *sites])
