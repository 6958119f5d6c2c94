"""The endpoints of the app."""

from litestar import Router

from feed.api.mobile.appeals import appeals
from feed.api.mobile.campaigns import campaigns
from feed.api.mobile.comments import comments
from feed.api.mobile.config import config
from feed.api.mobile.feeds import feeds
from feed.api.mobile.likes import likes
from feed.api.mobile.me import me
from feed.api.mobile.media import media
from feed.api.mobile.objections import objections
from feed.api.mobile.people import people
from feed.api.mobile.posts import posts
from feed.api.mobile.prizes import prizes
from feed.api.mobile.protection import protection
from feed.api.mobile.reports import reports
from feed.api.mobile.sign_in import auth
from feed.api.mobile.topics import topics
from feed.api.mobile.web_tickets import web_tickets

router = Router(
    "/",
    route_handlers=[
        auth,
        web_tickets,
        posts,
        likes,
        comments,
        feeds,
        topics,
        people,
        me,
        media,
        protection,
        campaigns,
        prizes,
        objections,
        reports,
        appeals,
        config,
    ],
)
