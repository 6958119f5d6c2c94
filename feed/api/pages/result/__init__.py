"""The page of a result that recomputes it in the browser."""

from typing import Any

from feed.api.pages.result.show import show_result

ROUTES: tuple[Any, ...] = (show_result,)
