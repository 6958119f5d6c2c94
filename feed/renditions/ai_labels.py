"""What a file says of having been made by AI: read from its metadata before they are removed. Pure; total on any bytes, linear.

Three conventions: the IPTC property DigitalSourceType in XMP, the same terms in actions of a C2PA manifest, and the label `AIGC` that
GB 45438-2025 asks for, a small JSON text in XMP (namespace TC260) or in EXIF. Signatures of manifests are not checked: a label that
says "AI" is believed, since few would add one to a photo, and the absence of one proves nothing.
"""

import re
from collections.abc import Iterable

from feed.renditions.model import AiSource

# cv.iptc.org/newscodes/digitalsourcetype; the last one is C2PA's own.
_SOURCE_TYPE = re.compile(rb"digitalsourcetype/([a-z]{5,60})", re.IGNORECASE)
_MADE = {b"trainedalgorithmicmedia", b"trainedalgorithmicdata"}
_COMPOSED = {b"compositewithtrainedalgorithmicmedia", b"compositesynthetic"}
# 1: made by AI; 2: perhaps, as its user says; 3: suspected by a platform. Each has to be shown.
_AIGC = re.compile(rb"AIGC[^{}]{0,80}\{[^{}]{0,2000}?Label[\"'\\\s]{0,8}[:=][\"'\\\s]{0,8}([0-9])")
_QUOTES = ((b"&quot;", b'"'), (b"&#34;", b'"'), (b"&#x22;", b'"'), (b"&#x2F;", b"/"), (b"&#47;", b"/"))


def ai_source_of(texts: Iterable[bytes]) -> AiSource | None:
    """What metadata say; made by AI takes precedence over containing something of it."""
    found: AiSource | None = None
    for text in texts:
        # UTF-16 is twice as long and otherwise the same here.
        plain = text.replace(b"\x00", b"")
        for quoted, mark in _QUOTES:
            plain = plain.replace(quoted, mark)
        types = {each.lower() for each in _SOURCE_TYPE.findall(plain)}
        if types & _MADE or any(label in b"123" for label in _AIGC.findall(plain)):
            return "declared_ai"
        if types & _COMPOSED:
            found = "composite_ai"
    return found
