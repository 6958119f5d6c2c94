"""Pictures that are drawn at run time, each as its own scene: what the participants have photographed."""

import math
import random
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

Colour = tuple[int, int, int]
Scene = Callable[[random.Random], Image.Image]

WIDTH, HEIGHT = 1200, 900
# Colours from the top of a sky down to the horizon.
DUSK = ((43, 47, 92), (196, 98, 104), (250, 190, 120))
DAWN = ((104, 146, 196), (214, 196, 200), (255, 226, 178))
NIGHT = ((12, 18, 44), (28, 40, 82), (70, 74, 122))
STORM = ((46, 56, 68), (84, 98, 110), (132, 144, 150))

_SPINES = ((166, 60, 56), (214, 158, 84), (64, 104, 124), (232, 218, 190), (92, 124, 92), (58, 62, 88), (190, 112, 84))


def gradient(top: Colour, middle: Colour, bottom: Colour, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Image.Image:
    """A sky or a wall, from the top down."""
    # Black to white, from the top down.
    ramp = Image.linear_gradient("L").resize(size, Image.Resampling.BICUBIC)
    return ImageOps.colorize(ramp, top, bottom, middle)


def glow(image: Image.Image, x: float, y: float, radius: float, colour: Colour, strength: float = 1.0) -> Image.Image:
    """The image with light around a point."""
    # Bright in the middle, black beyond the radius.
    light = ImageOps.invert(Image.radial_gradient("L")).point(lambda level: max(0, level - 80) * strength * 255 / 175)
    disc = ImageOps.colorize(light.resize((round(2 * radius),) * 2, Image.Resampling.BICUBIC), (0, 0, 0), colour)
    layer = Image.new("RGB", image.size)
    layer.paste(disc, (round(x - radius), round(y - radius)))
    return ImageChops.screen(image, layer)


def skyline(chance: random.Random, sky: tuple[Colour, Colour, Colour] = DUSK) -> Image.Image:
    """Towers at the water, with lit windows."""
    horizon = 640
    image = gradient(*sky, size=(WIDTH, horizon))
    image = glow(image, 860, 560, 420, (255, 190, 110), 0.75)
    draw = ImageDraw.Draw(image)
    far, near = _mixed(sky[0], sky[1], 0.45), _mixed(sky[0], (10, 12, 30), 0.65)
    for x in range(-40, WIDTH, 70):
        draw.rectangle((x, horizon - chance.randint(60, 210), x + chance.randint(40, 74), horizon), fill=far)
    for x in range(-20, WIDTH, 104):
        width, height = chance.randint(58, 96), chance.randint(90, 330)
        draw.rectangle((x, horizon - height, x + width, horizon), fill=near)
        _windows(draw, chance, x, horizon - height, width, height)
    # The tall one, with its spire.
    draw.polygon(((520, horizon), (534, 210), (566, 150), (598, 210), (612, horizon)), fill=near)
    draw.line((566, 60, 566, 160), fill=near, width=4)
    _windows(draw, chance, 532, 230, 66, horizon - 230)
    return _with_water(image)


def _windows(draw: ImageDraw.ImageDraw, chance: random.Random, x: int, y: int, width: int, height: int) -> None:
    for row in range(y + 12, y + height - 10, 20):
        for column in range(x + 8, x + width - 10, 16):
            if chance.random() < 0.42:
                draw.rectangle((column, row, column + 7, row + 10), fill=(255, 214, 140))


def _with_water(above: Image.Image) -> Image.Image:
    """The image over its reflection."""
    image = Image.new("RGB", (WIDTH, HEIGHT))
    image.paste(above)
    below = ImageOps.flip(above.crop((0, above.height - (HEIGHT - above.height), WIDTH, above.height)))
    below = below.filter(ImageFilter.BoxBlur(7))
    image.paste(Image.blend(below, Image.new("RGB", below.size, (24, 34, 66)), 0.35), (0, above.height))
    return image


def shelf(chance: random.Random) -> Image.Image:
    """Rows of books under a warm light."""
    image = Image.new("RGB", (WIDTH, HEIGHT), (58, 40, 30))
    draw = ImageDraw.Draw(image)
    for top in range(20, HEIGHT, 290):
        x = 24
        while x < WIDTH - 40:
            width, height = chance.randint(24, 58), chance.randint(170, 238)
            colour = chance.choice(_SPINES)
            base = top + 246
            draw.rectangle((x, base - height, x + width - 3, base), fill=colour)
            for band in (0.16, 0.78):
                at = base - height * (1 - band)
                draw.rectangle((x + 3, at, x + width - 6, at + 7), fill=_mixed(colour, (250, 240, 215), 0.55))
            x += width + (chance.randint(14, 40) if chance.random() < 0.08 else 0)
        draw.rectangle((0, top + 246, WIDTH, top + 274), fill=(112, 76, 50))
    return glow(image, chance.randint(350, 850), 180, 760, (255, 196, 120), 0.45)


def desk(chance: random.Random) -> Image.Image:
    """A lamp, an open book and a window at night."""
    image = gradient((52, 44, 56), (70, 56, 60), (96, 72, 62))
    draw = ImageDraw.Draw(image)
    view = gradient(*NIGHT, size=(430, 380))
    view = glow(view, 330, 90, 90, (250, 240, 205), 1.0)
    ImageDraw.Draw(view).ellipse((306, 66, 354, 114), fill=(252, 244, 214))
    image.paste(view, (640, 90))
    draw.rectangle((630, 80, 1080, 480), outline=(160, 122, 92), width=14)
    draw.line((855, 84, 855, 476), fill=(160, 122, 92), width=10)
    draw.rectangle((0, 660, WIDTH, HEIGHT), fill=(120, 82, 54))
    draw.rectangle((0, 660, WIDTH, 674), fill=(150, 106, 70))
    draw.rectangle((252, 360, 264, 690), fill=(212, 196, 160))
    draw.ellipse((190, 676, 326, 706), fill=(212, 196, 160))
    draw.polygon(((180, 370), (214, 230), (302, 230), (336, 370)), fill=(238, 186, 96))
    image = glow(image, 258, 440, 560, (255, 190, 96), 0.7)
    _open_book(ImageDraw.Draw(image), chance, 560, 760)
    return image


def _open_book(draw: ImageDraw.ImageDraw, chance: random.Random, x: int, y: int) -> None:
    for side in (-1, 1):
        page = ((x, y - 42), (x + side * 250, y - 70), (x + side * 290, y + 66), (x, y + 92))
        draw.polygon([(px, py + 10) for px, py in page], fill=(140, 60, 54))
        draw.polygon(page, fill=(250, 242, 222))
        for line in range(7):
            begin, end = x + side * 26, x + side * chance.randint(170, 236)
            draw.line((begin, y - 26 + line * 16, end, y - 48 + line * 16), fill=(176, 164, 146), width=4)
    draw.line((x, y - 42, x, y + 92), fill=(198, 184, 160), width=5)


def book(chance: random.Random) -> Image.Image:
    """An open book on a table in the sun, from above."""
    image = gradient((196, 148, 104), (212, 166, 120), (190, 140, 96))
    draw = ImageDraw.Draw(image)
    for y in range(0, HEIGHT, 150):
        draw.line((0, y, WIDTH, y + chance.randint(-8, 8)), fill=(168, 122, 82), width=4)
    for side in (-1, 1):
        draw.rounded_rectangle(_box(600, 600 + side * 410, 170, 740), 14, fill=(128, 54, 60))
        draw.rectangle(_box(600, 600 + side * 390, 186, 724), fill=(251, 245, 230))
        for line in range(13):
            begin, end = 600 + side * 40, 600 + side * chance.randint(300, 352)
            draw.line((begin, 236 + line * 36, end, 236 + line * 36), fill=(190, 180, 162), width=6)
    draw.line((600, 180, 600, 730), fill=(206, 194, 172), width=8)
    draw.line((700, 176, 712, 800), fill=(214, 82, 70), width=14)
    for petal in _turn(6):
        right, down = 1050 + 46 * math.cos(petal), 180 + 46 * math.sin(petal)
        draw.ellipse((right - 34, down - 34, right + 34, down + 34), fill=(244, 212, 222))
    draw.ellipse((1022, 152, 1078, 208), fill=(240, 190, 90))
    return glow(image, 260, 120, 800, (255, 236, 180), 0.4)


def _box(x: int, other_x: int, top: int, bottom: int) -> tuple[int, int, int, int]:
    """A rectangle between two edges, of which either may be the left one."""
    return min(x, other_x), top, max(x, other_x), bottom


def box(chance: random.Random) -> Image.Image:
    """A present with a ribbon."""
    image = glow(gradient((36, 74, 92), (66, 118, 130), (122, 168, 164)), 600, 480, 700, (255, 232, 190), 0.5)
    draw = ImageDraw.Draw(image)
    draw.ellipse((250, 770, 950, 850), fill=(44, 86, 96))
    draw.rectangle((330, 400, 870, 810), fill=(214, 74, 62))
    draw.rectangle((300, 330, 900, 440), fill=(232, 96, 76))
    draw.rectangle((560, 330, 640, 810), fill=(250, 214, 120))
    for side in (-1, 1):
        draw.polygon(((600, 330), (600 + side * 190, 210), (600 + side * 230, 310)), fill=(250, 214, 120))
        draw.polygon(((600, 330), (600 + side * 150, 240), (600 + side * 176, 296)), fill=(226, 176, 84))
    draw.ellipse((562, 288, 638, 356), fill=(250, 224, 150))
    for _ in range(40):
        x, y = chance.randint(0, WIDTH), chance.randint(0, 320)
        draw.ellipse((x, y, x + 9, y + 9), fill=(255, 236, 190))
    return image


def tea(chance: random.Random) -> Image.Image:
    """A steaming cup at dusk."""
    image = gradient((92, 62, 84), (206, 120, 98), (248, 190, 130))
    for _ in range(14):
        place = chance.randint(0, WIDTH), chance.randint(40, 480)
        image = glow(image, *place, chance.randint(40, 110), (255, 220, 160), 0.5)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 640, WIDTH, HEIGHT), fill=(98, 62, 50))
    draw.ellipse((330, 690, 870, 810), fill=(226, 218, 206))
    draw.ellipse((390, 704, 810, 780), fill=(198, 188, 176))
    draw.ellipse((730, 500, 900, 660), outline=(236, 230, 220), width=26)
    draw.pieslice((400, 250, 800, 770), 0, 180, fill=(236, 230, 220))
    draw.ellipse((400, 460, 800, 560), fill=(246, 242, 234))
    draw.ellipse((420, 472, 780, 550), fill=(150, 86, 44))
    steam = Image.new("L", image.size)
    pen = ImageDraw.Draw(steam)
    for x in (520, 600, 680):
        points = [(x + 26 * math.sin(y / 46 + x), y) for y in range(200, 470, 6)]
        pen.line(points, fill=150, width=18)
    image.paste((255, 248, 238), mask=steam.filter(ImageFilter.GaussianBlur(14)))
    return image


def window(chance: random.Random) -> Image.Image:
    """Sunlight through a window onto the floor, with a plant."""
    image = gradient((236, 222, 198), (228, 206, 176), (206, 172, 136))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 700, WIDTH, HEIGHT), fill=(176, 126, 86))
    for column in range(2):
        for row in range(2):
            x, y = 150 + column * 200, 110 + row * 220
            image.paste(gradient(*DAWN, size=(184, 204)), (x, y))
            draw.polygon(
                [(x + 420 + dx, 640 + row * 110 + dy) for dx, dy in ((0, 60), (170, 60), (230, 150), (60, 150))],
                fill=(252, 226, 170),
            )
    draw.rectangle((140, 100, 544, 544), outline=(250, 246, 238), width=12)
    draw.polygon(((920, 620), (1080, 620), (1056, 790), (944, 790)), fill=(184, 92, 66))
    for _ in range(26):
        angle, length = chance.uniform(-2.7, -0.44), chance.randint(150, 330)
        tip_x, tip_y = 1000 + length * math.cos(angle), 620 + length * math.sin(angle)
        draw.line((1000, 624, tip_x, tip_y), fill=(58, 106, 66), width=6)
        draw.ellipse((tip_x - 34, tip_y - 22, tip_x + 34, tip_y + 22), fill=(72 + chance.randint(0, 40), 140, 82))
    return glow(image, 340, 320, 640, (255, 236, 190), 0.35)


def sea(chance: random.Random) -> Image.Image:
    """The bay at sunrise."""
    horizon = 470
    image = glow(gradient(*DAWN, size=(WIDTH, horizon)), 420, 400, 460, (255, 206, 130), 0.9)
    draw = ImageDraw.Draw(image)
    draw.ellipse((370, 350, 470, 450), fill=(255, 240, 200))
    draw.polygon(((640, horizon), (800, 380), (930, 420), (1080, 340), (1240, horizon)), fill=(112, 132, 156))
    image = _with_water_to(image)
    draw = ImageDraw.Draw(image)
    for _ in range(150):
        y = chance.randint(horizon + 8, HEIGHT - 90)
        wide = 10 + (y - horizon) // 5
        x = chance.gauss(420, 70 + (y - horizon) / 3)
        draw.line((x - wide, y, x + wide, y), fill=(255, 228, 176), width=2 + (y - horizon) // 130)
    draw.polygon(((0, 830), (500, 800), (1200, 860), (1200, HEIGHT), (0, HEIGHT)), fill=(214, 186, 146))
    return image


def _with_water_to(above: Image.Image) -> Image.Image:
    image = gradient((226, 190, 160), (126, 152, 178), (58, 92, 128))
    image.paste(above)
    below = gradient((226, 190, 160), (126, 152, 178), (58, 92, 128), size=(WIDTH, HEIGHT - above.height))
    image.paste(below, (0, above.height))
    return image


def leaf(chance: random.Random) -> Image.Image:
    """A leaf on a page, taken upright: the sky is above, so that a wrong turn shows."""
    wide, high = HEIGHT, WIDTH
    image = gradient((128, 184, 226), (186, 214, 226), (214, 224, 206), size=(wide, high))
    draw = ImageDraw.Draw(image)
    draw.polygon(((0, 520), (220, 380), (430, 470), (660, 350), (900, 500), (900, 720), (0, 720)), fill=(112, 152, 104))
    draw.polygon(((0, 610), (300, 520), (600, 600), (900, 540), (900, 760), (0, 760)), fill=(78, 124, 82))
    draw.rectangle((0, 700, wide, high), fill=(122, 88, 62))
    draw.polygon(((120, 720), (800, 740), (850, 1190), (60, 1170)), fill=(250, 243, 225))
    for line in range(11):
        y = 770 + line * 36
        draw.line((140 - line * 4, y, chance.randint(620, 760), y + 12), fill=(186, 174, 154), width=5)
    points = [(450 + 130 * math.sin(t) * math.sin(t / 2), 950 - 230 * math.cos(t)) for t in _turn(60)]
    draw.polygon(points, fill=(208, 112, 48))
    draw.line((450, 690, 450, 1250), fill=(140, 66, 32), width=8)
    for step in range(6):
        y, reach = 800 + step * 56, 34 + 12 * min(step, 5 - step) * 2
        for side in (-1, 1):
            draw.line((450, y + 40, 450 + side * reach, y), fill=(150, 74, 36), width=4)
    return image


def _turn(steps: int) -> list[float]:
    return [2 * math.pi * step / steps for step in range(steps)]


def cat(chance: random.Random) -> Image.Image:
    """A cat, for an avatar."""
    image = gradient((252, 222, 170), (250, 206, 150), (244, 182, 128), size=(HEIGHT, HEIGHT))
    draw = ImageDraw.Draw(image)
    draw.ellipse((210, 640, 690, 1100), fill=(92, 84, 92))
    for side in (-1, 1):
        ear = ((450 + side * 70, 330), (450 + side * 236, 170), (450 + side * 250, 420))
        draw.polygon(ear, fill=(92, 84, 92))
        draw.polygon([((x + 450 + side * 190) / 2, (y + 350) / 2) for x, y in ear], fill=(222, 150, 150))
    draw.ellipse((190, 260, 710, 720), fill=(104, 96, 104))
    for side in (-1, 1):
        x = 450 + side * 112
        draw.ellipse((x - 54, 420, x + 54, 528), fill=(206, 220, 120))
        draw.ellipse((x - 18, 424, x + 18, 524), fill=(30, 28, 34))
        for whisker in (-14, 8, 30):
            draw.line(
                (450 + side * 90, 590 + whisker // 2, 450 + side * 330, 570 + 2 * whisker),
                fill=(240, 232, 226),
                width=4,
            )
        draw.arc((450 + min(0, side * 60), 580, 450 + max(0, side * 60), 640), 0, 180, fill=(50, 44, 50), width=6)
    draw.polygon(((424, 566), (476, 566), (450, 598)), fill=(222, 140, 140))
    for _ in range(8):
        x = chance.randint(400, 500)
        draw.line((x, 290, x + 4, 346), fill=(76, 68, 76), width=9)
    return image


def blurred_desk(chance: random.Random) -> Image.Image:
    """A desk, out of focus."""
    return desk(chance).filter(ImageFilter.GaussianBlur(9))


def poster(chance: random.Random) -> Image.Image:
    """An advertisement: paper with bars instead of words."""
    image = gradient((250, 224, 92), (248, 196, 60), (240, 150, 40))
    draw = ImageDraw.Draw(image)
    draw.rectangle((80, 80, WIDTH - 80, 300), fill=(206, 44, 40))
    for row in range(4):
        draw.rectangle((140, 380 + row * 110, chance.randint(700, 1040), 440 + row * 110), fill=(120, 40, 34))
    draw.ellipse((860, 560, 1120, 820), fill=(206, 44, 40))
    return image


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


# The pictures of the posts, by name.
SCENES: dict[str, Scene] = {
    "skyline": skyline,
    "night": lambda chance: skyline(chance, NIGHT),
    "shelf": shelf,
    "desk": desk,
    "tea": tea,
    "window": window,
    "sea": sea,
    "leaf": leaf,
    "book": book,
    "box": box,
    "cat": cat,
    "blurred": blurred_desk,
    "poster": poster,
}


def draw_scene(name: str, number: int) -> Image.Image:
    """The scene with this name: the same pixels each time, others for another number."""
    chance = random.Random(number)  # noqa: S311 (the same pictures in each run)
    # The edges of shapes are not smoothed by the drawing.
    return SCENES[name](chance).filter(ImageFilter.GaussianBlur(0.8))
