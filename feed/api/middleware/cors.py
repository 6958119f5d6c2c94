"""CORS for the origins in FEED_CORS_ORIGINS. Never with credentials: the API has no cookies."""

from litestar.config.cors import CORSConfig

from feed.settings import Settings

_REQUEST_HEADERS = [
    "accept-language",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-none-match",
    "last-event-id",
]
_RESPONSE_HEADERS = ["allow", "content-language", "etag", "ratelimit", "ratelimit-policy", "retry-after"]


def cors_config(settings: Settings) -> CORSConfig | None:
    """The CORS configuration for the origins of the settings; None without any."""
    origins = [origin.strip().rstrip("/") for origin in settings.cors_origins.split(",") if origin.strip()]
    if not origins:
        return None
    return CORSConfig(
        allow_origins=origins,
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=_REQUEST_HEADERS,
        expose_headers=_RESPONSE_HEADERS,
        allow_credentials=False,
        max_age=600,
    )
