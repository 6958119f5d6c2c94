"""What kind of device a request comes from, by its User-Agent. Only the kind is kept: a whole User-Agent would tell devices apart."""

from typing import Literal

Device = Literal["iphone", "ipad", "android", "harmony", "windows", "mac", "linux", "other"]

# In this order: a User-Agent names several systems, the more special one decides.
_MARKS: tuple[tuple[str, Device], ...] = (
    ("harmonyos", "harmony"),
    ("openharmony", "harmony"),
    ("arkweb", "harmony"),
    ("ipad", "ipad"),
    ("iphone", "iphone"),
    ("android", "android"),
    ("okhttp", "android"),
    ("windows", "windows"),
    ("macintosh", "mac"),
    ("mac os", "mac"),
    ("cfnetwork", "iphone"),
    ("linux", "linux"),
)
_LONGEST = 1000


def device_of(user_agent: str | None) -> Device:
    """The kind of device; `other` for an unknown one."""
    text = (user_agent or "")[:_LONGEST].lower()
    return next((device for mark, device in _MARKS if mark in text), "other")
