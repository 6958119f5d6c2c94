"""Checks of photos and videos: the sandbox, what waits, what the last sweep found, and the purges of the CDN."""

from collections.abc import Iterator

from feed.doctor.model import Finding
from feed.media.watch import MediaHealth
from feed.renditions import sandbox
from feed.renditions.video import rendering

# A photo takes seconds, a video minutes; then other ones before it.
_WAITS_SECONDS = {"image": 15 * 60, "video": 2 * 3600}
_REMOVAL_SECONDS = 3600
_SWEEP_SECONDS = 3 * 86_400


def check_sandbox() -> Finding:
    """Whether files of users can be decoded here, confined."""
    missing = sandbox.missing()
    if "seccomp" in missing:
        says = "系统不支持 seccomp，不处理图片和视频 · no seccomp: no photo or video is processed on this machine"
        return Finding("media sandbox", says, wrong=True)
    if missing:
        says = "有 seccomp，无 Landlock，隔离较弱 · seccomp without Landlock: decoders could read files of this user"
        return Finding("media sandbox", says)
    return Finding("media sandbox", "齐全 · complete")


def check_ffmpeg() -> Finding:
    """Whether videos can be transcoded here. An installation without them is one for photos."""
    try:
        return Finding("media videos", f"可以处理视频 · transcoded with {rendering.describe()}")
    except LookupError as error:
        return Finding(
            "media videos",
            f"不处理视频，缺少 {error.args[0]} · no videos, as this is missing",
            wrong=rendering.is_installed(),
        )


def describe_media(health: MediaHealth, *, purges: bool) -> Iterator[Finding]:
    """The findings about media. `purges`: a purge hook is configured."""
    image, video = health.oldest_seconds["image"], health.oldest_seconds["video"]
    counts = health.counts
    yield Finding(
        "media",
        f"一天内就绪 {counts['ready']}，处理中 {counts['processing']}，失败 {counts['failed']}，图片最久等 {image:.0f} 秒，视频 {video:.0f} 秒 · "
        f"{counts['ready']} ready, {counts['processing']} in work, {counts['failed']} failed within a day, "
        f"the oldest photo waits for {image:.0f} s, the oldest video for {video:.0f} s",
        wrong=any(health.oldest_seconds[kind] > most for kind, most in _WAITS_SECONDS.items()),
    )
    yield Finding(
        "media removal",
        f"最久未删完 {health.removal_seconds:.0f} 秒 · the oldest removal is pending for {health.removal_seconds:.0f} s",
        wrong=health.removal_seconds > _REMOVAL_SECONDS,
    )
    yield _describe_sweep(health)
    if purges:
        yield Finding(
            "media purges",
            f"已放弃 {health.dead_purges} · {health.dead_purges} given up (GET /v1/admin/media/purges?state=dead)",
            wrong=health.dead_purges > 0,
        )


def _describe_sweep(health: MediaHealth) -> Finding:
    if health.swept_seconds is None:
        return Finding("media sweep", "尚未进行 · none yet: the worker compares storage and database every night")
    return Finding(
        "media sweep",
        f"缺文件 {health.missing}，多余未删 {health.kept}，{health.swept_seconds / 3600:.0f} 小时前 · "
        f"{health.missing} with missing files, {health.kept} unknown objects kept, {health.swept_seconds / 3600:.0f} h ago",
        wrong=health.missing > 0 or health.kept > 0 or health.swept_seconds > _SWEEP_SECONDS,
    )
