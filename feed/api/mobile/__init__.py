"""The app's doors."""

from litestar import Router

from feed.api.mobile.comments import comments
from feed.api.mobile.feeds import feeds
from feed.api.mobile.people import people
from feed.api.mobile.posts import posts

router = Router("/", route_handlers=[posts, comments, feeds, people])
