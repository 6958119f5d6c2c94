"""The examples of streams: they do not end, so the story cannot record them. The ids are those of the story."""

from feed.api.openapi.examples.played import Played

_EVENTS = """retry: 3412

id: mrQ1xN7a
event: post
data: {"topic":"post:1875312849721491561","likes":40,"comments":16}

id: mrQ1xN7a.Zk0wTt_3
event: latest
data: {"topic":"latest","post_ids":["1875312849721491561"]}

"""

STREAMS: dict[str, Played] = {
    "stream_events": Played(
        parameters={"topics": "post:1875312849721491561,latest", "Last-Event-ID": "mrQ1xN7a.Zk0wTt_3"},
        answers={"200": {"text/event-stream": _EVENTS}},
    )
}
