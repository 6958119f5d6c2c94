from collections.abc import Iterator

import pytest

from tests.support.s3_server import S3Server, serving_s3


@pytest.fixture(scope="module")
def s3_server() -> Iterator[S3Server]:
    with serving_s3() as server:
        server.make_bucket("feed-media")
        yield server
