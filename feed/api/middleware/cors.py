"""Which sites' scripts may call us from a browser. None unless named; credentials never: we have no cookies."""

from litestar.config.cors import CORSConfig

from feed.settings import Settings

_SENT = ["accept-language", "authorization", "content-type", "idempotency-key", "if-none-match", "last-event-id"]
_READ = ["allow", "content-language", "etag", "ratelimit", "ratelimit-policy", "retry-after"]


def cors(settings: Settings) -> CORSConfig | None:
    """What the named origins may do; None where there are none."""
    origins = [origin.strip().rstrip("/") for origin in settings.cors_origins.split(",") if origin.strip()]
    if not origins:
        return None
    return CORSConfig(
        allow_origins=origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=_SENT,
        expose_headers=_READ,
        allow_credentials=False,
        max_age=600,
    )
