"""Pictures that look like photos to a decoder and to a hash: light, shapes and noise, the same ones for the same seed."""

import random

from PIL import Image, ImageDraw, ImageFilter


def photo(width: int = 640, height: int = 480, *, seed: int = 1) -> Image.Image:
    """A picture with soft light, some things in it, and a little noise. RGB."""
    chance = random.Random(seed)
    grid = bytes(chance.randrange(256) for _ in range(8 * 6 * 3))
    picture = Image.frombytes("RGB", (8, 6), grid).resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for _ in range(14):
        x, y = chance.randrange(width), chance.randrange(height)
        w, h = (1 + chance.randrange(max(1, side // 4)) for side in (width, height))
        color = tuple(chance.randrange(256) for _ in range(3))
        (draw.ellipse if chance.random() < 0.5 else draw.rectangle)((x, y, x + w, y + h), fill=color)
    tile = 128
    noise = Image.frombytes("L", (tile, tile), bytes(chance.randrange(256) for _ in range(tile * tile)))
    covering = Image.new("L", (width, height))
    for left in range(0, width, tile):
        for top in range(0, height, tile):
            covering.paste(noise, (left, top))
    return Image.blend(picture.filter(ImageFilter.GaussianBlur(1)), Image.merge("RGB", (covering,) * 3), 0.08)
