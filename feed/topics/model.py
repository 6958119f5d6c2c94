"""Topics: what a post is about, named in its own words between `#` marks."""

from feed.errors import NotFound


class TopicNotFound(NotFound):
    """No post has borne this topic, or it is hidden."""
