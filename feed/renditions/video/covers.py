"""Which frame of a video is its cover."""

from av.video.frame import VideoFrame
from PIL import Image, ImageStat

from feed.renditions.video.timeline import CLOCK

# A video may begin black: so long is it looked through, a few times each second.
_WINDOW = 10 * CLOCK
_STEP = CLOCK // 5
# Darker than this, on average, a picture is black; with less contrast than this it shows nothing. In steps of 8 bits.
_BRIGHTNESS_LEAST = 24
_CONTRAST_LEAST = 8


class CoverChoice:
    """Sees every frame once, keeps one of them.

    Without a wish it is the first one that shows something; if none does in the window, the one with the most contrast. With a wish it
    is the frame that is shown at that time; the last one if the video is shorter.
    """

    def __init__(self, cover_ms: int | None) -> None:
        self._wish = None if cover_ms is None else max(0, cover_ms) * CLOCK // 1000
        self._best: VideoFrame | None = None
        self._contrast = -1.0
        self._next_look = 0
        self._decided = False

    def see(self, frame: VideoFrame) -> None:
        """Frames come in the order of their times."""
        tick = frame.pts or 0
        if self._decided:
            return
        if self._wish is not None:
            if self._best is None or tick <= self._wish:
                self._best = frame
            else:
                self._decided = True
        elif self._best is not None and tick > _WINDOW:
            self._decided = True
        elif tick >= self._next_look:
            self._next_look = tick + _STEP
            self._look_at(frame)

    def _look_at(self, frame: VideoFrame) -> None:
        brightness, contrast = _brightness_of(frame)
        if contrast > self._contrast:
            self._best, self._contrast = frame, contrast
        self._decided = brightness >= _BRIGHTNESS_LEAST and contrast >= _CONTRAST_LEAST

    def picture(self) -> Image.Image:
        """The cover. Raises LookupError before a frame was seen."""
        if self._best is None:
            raise LookupError("no frame was seen")
        return picture_of(self._best)


def picture_of(frame: VideoFrame) -> Image.Image:
    """A frame of a transcoded video as a picture in RGB."""
    converted = frame.reformat(
        format="rgb24", src_colorspace="ITU709", dst_colorspace="ITU709", src_color_range="MPEG", dst_color_range="JPEG"
    )
    plane = converted.planes[0]
    return Image.frombytes("RGB", (converted.width, converted.height), bytes(plane), "raw", "RGB", plane.line_size)


def _brightness_of(frame: VideoFrame) -> tuple[float, float]:
    plane = frame.planes[0]
    luma = Image.frombytes("L", (frame.width, frame.height), bytes(plane), "raw", "L", plane.line_size)
    luma.thumbnail((128, 128), Image.Resampling.BOX)
    statistics = ImageStat.Stat(luma)
    return statistics.mean[0] - 16, statistics.stddev[0]
