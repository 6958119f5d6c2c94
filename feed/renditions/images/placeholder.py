"""The placeholder of a picture: a ThumbHash, some 25 bytes that a client draws until the picture has come."""

from base64 import b64encode

import thumbhash
from PIL import Image

from feed.renditions.images.pictures import without_alpha

# The algorithm keeps seven waves in each direction: more pixels change nothing and take longer.
_SIDE = 32


def placeholder_of(picture: Image.Image) -> str:
    """The ThumbHash of a picture, RGB or RGBA, in base64."""
    width, height = picture.size
    scale = min(1.0, _SIDE / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # On the backdrop: version 0.1.2 of the library fails on transparent pixels.
    small = without_alpha(picture).resize(size, Image.Resampling.BOX).convert("RGBA")
    return b64encode(bytes(thumbhash.rgba_to_thumb_hash(*size, list(small.tobytes())))).decode()
