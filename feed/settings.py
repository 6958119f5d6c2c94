"""The settings of a process, a frozen Struct, and what is known of them everywhere. `feed.environment` reads and checks them."""

import base64
import binascii
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

# Of the privacy text of a site that has not had another one.
PRIVACY_VERSION = "1"
# Below the public address, unless a CDN serves them.
MEDIA_PATH = "/media"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a process. Every field is documented in docs/reference/settings.md."""

    database_url: str
    redis_url: str
    keys_dir: Path
    kms_url: str = (
        ""  # A Vault or OpenBao whose key wraps the campaign keys. Empty: they are stored unwrapped in keys_dir.
    )
    kms_token_file: str = ""  # Read for each request, so that the token can be renewed.
    kms_mount: str = "transit"
    kms_ca_file: str = ""  # Empty: the default certificate authorities.
    database_direct_url: str = ""  # Without a transaction-mode pooler, for migrations, LISTEN and session locks.
    database_owner_url: str = ""  # The owner of the schema, for migrations. Empty: as the direct URL.
    database_statement_cache: int = 100  # Prepared statements per connection; 0 for PgBouncer before 1.21.
    public_url: str = "http://127.0.0.1:8080"
    sms_provider: str = "file"  # A name of feed/sms/registry.py; `file` writes the development outbox.
    sms_outbox: Path = Path(".feed/outbox.jsonl")
    sms_key_id: str = ""  # AccessKeyId or SecretId of the provider account.
    sms_key_secret: str = ""
    sms_sign_name: str = ""  # As registered with the provider, without brackets.
    sms_templates: str = ""  # Template ids by purpose: `sign_in_code=SMS_1,prize_notice=…`.
    sms_app_id: str = ""  # Tencent's SmsSdkAppId.
    sms_endpoint: str = ""  # Empty: the provider's default.
    sms_receipt_token: str = ""  # Part of the URL of delivery reports. Empty: no reports.
    sms_notices_per_day: int = 20_000  # For the whole site; bounds the cost of a mistake.
    sms_notices_per_phone: int = 5  # Per day.
    sms_quiet_hours: str = "22:00-08:00"  # Shanghai time; only sign-in codes are sent then. `off` for none.
    ip_regions_file: str = ""  # Empty: posts show no region.
    push_hook_url: str = ""  # Empty: no pushes.
    drand_url: str = "https://api.drand.sh"  # A relay of the League of Entropy, or `off`.
    editorial_chain: Literal["on", "off"] = "off"  # `on`: four persons sign what the newsroom publishes.
    licences_file: str = ""  # A TOML file of clauses on the use of works. Empty: the built-in ones.
    # How long claims are kept after a campaign is final; then their key is destroyed. The rules of a campaign keep the days
    # that were set when it was published.
    claims_kept_days: int = 90
    claims_kept_at_most_days: int = 180  # The same while a prize is still pending.
    deletion_days: int = 15  # Until an account is erased whose owner has requested it.
    backup_days: int = 35  # Age of the oldest database backup, stated in shredding receipts.
    # How many persons' reports hide a post or a comment until a reviewer has decided; 0: reports hide nothing. The factor is for
    # a version that a reviewer has approved.
    reports_to_hide_post: int = 5
    reports_to_hide_comment: int = 3
    reports_after_approval: int = 3
    audit_checkpoint_file: str = ""  # A copy of the newest checkpoint of the audit log. Empty: in keys_dir.
    audit_checkpoint_url: str = ""  # Gets each new checkpoint by POST. Empty: none is sent.
    appeal_days: int = 30  # How long after a decision its user can appeal against it.
    push_hook_secret: str = ""  # 32 bytes or more, as text or `whsec_` and base64.
    share_url: str = ""  # The address of a post, with {post_id}. Empty: {public_url}/p/{post_id}.
    icp_record: str = ""  # The ICP record number, in the footer of pages.
    police_record: str = ""  # The record number of the public security authority, in the footer of pages.
    embed_sites: str = ""  # Comma-separated origins that may frame /embed, `*` for all. Empty: none but this site.
    deep_link: str = "/{path}"  # The address of a page within the app, with {path}, for instance `city://{path}`.
    privacy_version: str = PRIVACY_VERSION  # Of the privacy text that winners agree to with a claim.
    privacy_url: str = ""  # Where that text is. Empty: the app has it.
    terms_url: str = ""  # The terms of use, in the footer of pages and at the sign-in. Empty: no link.
    minimum_app_version: str = ""  # Older apps ask the user to update.
    metrics_token: str = ""  # Empty: /metrics is served to loopback only.
    log_format: str = "json"  # `json`, or `console` for a terminal.
    embedded: bool = False
    api_pool_size: int = 8
    jwks_url: str = ""  # The app's public keys. Empty: `feed` issues tokens itself, after sign-in by phone.
    jwt_issuer: str = ""
    jwt_audience: str = ""
    jwt_algorithms: str = "RS256,ES256,EdDSA"
    roles_claim: str = ""  # Empty: roles in the app's tokens are ignored.
    account_hook_secret: str = ""  # Empty: no hook.
    trusted_proxies: int = 0  # Number of our own reverse proxies, each of which adds an address.
    sign_in_challenge: Literal["auto", "always", "never"] = "auto"
    sign_in_codes_per_day: int = 20_000  # For the whole site; bounds the cost of an attack.
    sign_in_countries: str = "+86"  # Calling codes that codes are sent to, comma-separated; `all`.
    screening_provider: Literal["local", "aliyun"] = (
        "local"  # Of content checks; `local`: the lists of this site alone.
    )
    screening_key_id: str = ""  # AccessKeyId of the provider account.
    screening_key_secret: str = ""
    screening_endpoint: str = ""  # Empty: the provider's default.
    screening_fail: Literal["open", "closed"] = (
        "open"  # Whether a text that the provider does not answer about is hidden.
    )
    limits: str = "on"  # `on`, `off`, or the path of a TOML file with other windows.
    limits_scale: float = 1.0  # Factor for every quota.
    # The approvals before a post or a comment is visible: publish_first, 1, 2 or 3.
    review_chain: str = "publish_first"
    review_chain_comments: str = "publish_first"
    review_risks: str = "40,70,90"  # The risks of the machine check from which one, two and three approvals are needed.
    review_hours: str = "always"  # Of the reviewers, Shanghai time, like 08:00-23:00.
    allowed_hosts: str = ""  # Comma-separated, `*.example.cn` and `*` too. Empty: the host of public_url.
    access_log_dir: str = ""  # Apart from the application's logs. Empty: no access log.
    access_log_days: int = 183  # The law asks for six months at least.
    require_phone: bool = True  # A verified phone before posts, comments and reports.
    protected_names: str = ""  # Comma-separated, besides the built-in ones: the names of the paper.
    unique_names: bool = False  # By their look, for names that are chosen from now on.
    names_reserved_days: int = 180  # How long a name that was given up is kept from others, while names are unique.
    review_profiles: Literal["publish_first", "held"] = "publish_first"  # Changed names and bios.
    media_store: str = ""  # A folder, or s3://bucket. Empty: .feed/media, in the embedded mode only.
    media_url: str = ""  # Where photos and videos are served, for instance a CDN. Empty: {public_url}/media.
    media_s3_endpoint: str = ""
    media_s3_public_endpoint: str = ""  # As clients reach it, for uploads. Empty: as the servers do.
    media_s3_region: str = "us-east-1"
    media_s3_key_id: str = ""
    media_s3_key_secret: str = ""
    media_s3_addressing: Literal["virtual", "path"] = "virtual"  # The bucket in the host name, or in the path.
    media_workers: int = 0  # Photos, and videos, that a worker process renders at once. 0: one for two processors.
    media_evidence_days: int = 180  # How long the files of what was taken down or rejected are kept for staff.
    cdn_purge_url: str = ""  # Gets what caches must drop. Empty: there is no CDN.
    cdn_purge_secret: str = ""  # 32 bytes or more, as text or `whsec_` and base64.
    cors_origins: str = ""  # Comma-separated origins whose pages may call the API. Empty: none.

    @property
    def jwt_algorithm_names(self) -> frozenset[str]:
        """The accepted signature algorithms of the app's tokens."""
        return frozenset(name.strip() for name in self.jwt_algorithms.split(",") if name.strip())

    @property
    def sign_in_country_codes(self) -> frozenset[str]:
        """The calling codes of countries that codes are sent to, or `all`."""
        return frozenset(name.strip() for name in self.sign_in_countries.split(",") if name.strip())

    def __repr__(self) -> str:
        # Settings appear in tracebacks and logs; secrets must not.
        return f"Settings(public_url={self.public_url!r}, embedded={self.embedded!r}, …)"

    @property
    def direct_url(self) -> str:
        """The URL for session-level features: database_direct_url, else database_url."""
        return self.database_direct_url or self.database_url

    @property
    def owner_url(self) -> str:
        """The URL for changes of the schema: database_owner_url, else direct_url."""
        return self.database_owner_url or self.direct_url

    @property
    def media_path(self) -> Path:
        """The folder of photos and videos, if they are not in a bucket."""
        return Path(self.media_store or ".feed/media")

    @property
    def media_base_url(self) -> str:
        """The public address below which photos and videos are, without a slash at the end."""
        return (self.media_url or self.public_url.rstrip("/") + MEDIA_PATH).rstrip("/")

    @property
    def media_upload_origin(self) -> str:
        """The origin that browsers send parts of uploads to; empty for this site itself."""
        endpoint = urlsplit(self.media_s3_public_endpoint or self.media_s3_endpoint)
        if not self.media_store.startswith("s3://") or not endpoint.netloc:
            return ""
        bucket = urlsplit(self.media_store).netloc
        host = f"{bucket}.{endpoint.netloc}" if self.media_s3_addressing == "virtual" else endpoint.netloc
        return f"{endpoint.scheme}://{host}"

    @property
    def audit_checkpoint_path(self) -> Path:
        """The file with the newest checkpoint of the audit log, outside of the database."""
        return (
            Path(self.audit_checkpoint_file) if self.audit_checkpoint_file else self.keys_dir / "audit-checkpoint.json"
        )


class MissingSetting(Exception):
    """A required setting is missing; the message names the variable."""


class WeakSecret(Exception):
    """A secret that can be guessed; the message names the variable, never the value."""


# Each can also be read from the file named by FEED_…_FILE, as container platforms provide secrets.
SECRETS = (
    "database_url",
    "database_direct_url",
    "database_owner_url",
    "redis_url",
    "metrics_token",
    "account_hook_secret",
    "push_hook_secret",
    "cdn_purge_secret",
    "sms_key_secret",
    "sms_receipt_token",
    "screening_key_secret",
    "media_s3_key_secret",
)


def is_loopback(url: str) -> bool:
    """Whether the URL is a loopback address, so that plain HTTP is safe."""
    return urlsplit(url).hostname in ("127.0.0.1", "::1", "localhost")


def hook_key(secret: str) -> bytes:
    """The key bytes of a webhook secret: base64 after `whsec_` (Standard Webhooks), else the text itself.

    Raises ValueError for invalid base64.
    """
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ValueError("a hook's secret that begins with whsec_ goes on in base64") from None
