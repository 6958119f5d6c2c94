"""What other pages embed: a frame, a fragment without script, and how to use them."""

from typing import Any

from feed.api.pages.embed.block import show_block, show_fragment
from feed.api.pages.embed.files import read_frame_script, read_stylesheet
from feed.api.pages.embed.guide import show_guide

ROUTES: tuple[Any, ...] = (show_block, show_fragment, read_stylesheet, read_frame_script, show_guide)
