"""Parts of uploads for a storage that is a folder: what an object storage takes from clients itself.

The address is the permission: it was signed for one part of one size, and expires.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from litestar import Response, Router, put
from litestar.params import FromPath, FromQuery

from feed.api.client_address import header
from feed.api.dependencies import AnyRequest, InjectedAppState
from feed.api.errors import BodyTooSlow, problem, status_of
from feed.api.middleware.timeouts import REQUEST_TIMEOUT
from feed.errors import FeedError, NotFound
from feed.ids import parse_id
from feed.media.model import PartMismatch, part_name
from feed.settings import MEDIA_PATH
from feed.storage.grants import UploadNotGranted
from feed.storage.local import LocalStorage
from feed.storage.protocol import WrongSize

# For the body of a part: 8 MB by the slowest usable network.
_BODY_SECONDS = 600.0
_NAME_LONGEST = 64


@put(
    f"{MEDIA_PATH}/uploads/incoming/{{key:str}}/{{number:str}}",
    limit="media",
    include_in_schema=False,
    # It is signed for each part.
    request_max_body_size=None,
)
async def receive_part(
    key: FromPath[str],
    number: FromPath[str],
    request: AnyRequest,
    app_state: InjectedAppState,
    announced: FromQuery[str] = "",
    until: FromQuery[str] = "",
    grant: FromQuery[str] = "",
) -> Response[bytes]:
    """Write a part of an upload, whole or not at all. A part that was sent before is replaced."""
    storage = app_state.storage
    if not isinstance(storage, LocalStorage):
        raise NotFound
    byte_count, expires, part = parse_id(announced), parse_id(until), parse_id(number)
    if byte_count is None or expires is None or part is None or len(key) > _NAME_LONGEST:
        raise UploadNotGranted
    name = part_name(key, part)
    if not storage.grants.is_granted(name, byte_count=byte_count, until=expires, grant=grant, now=datetime.now(UTC)):
        raise UploadNotGranted
    length = header(request.scope, b"content-length")
    if length is not None and length != str(byte_count):
        return _refused(request, PartMismatch())
    timeout = request.scope["state"].get(REQUEST_TIMEOUT)
    if timeout is not None:
        timeout.allow_body(_BODY_SECONDS)
    try:
        await storage.receive(name, _pieces(request), byte_count=byte_count)
    except WrongSize:
        return _refused(request, PartMismatch())
    stored = await storage.find(name)
    return Response(b"", headers={} if stored is None else {"etag": f'"{stored.etag}"'})


def _refused(request: AnyRequest, error: FeedError) -> Response[bytes]:
    """The rest of the body is not read."""
    return problem(request, status=status_of(error), error=error, headers={"connection": "close"})


async def _pieces(request: AnyRequest) -> AsyncIterator[bytes]:
    """The body as it arrives. Raises BodyTooSlow if the client closes the connection."""
    while True:
        event = await request.receive()
        if event["type"] != "http.request":
            raise BodyTooSlow
        yield event["body"]
        if not event.get("more_body", False):
            return


media_uploads = Router("/", route_handlers=[receive_part])
