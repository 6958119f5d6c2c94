"""A smaller run of `make fuzz`: each operation is asked some things that a client would not ask."""

import pytest

from tests.fuzz.__main__ import fuzz


# The longest test of all: every operation is asked several times, one request after the other.
@pytest.mark.timeout(2400)
@pytest.mark.long
async def test_every_answer_is_one_that_the_document_promises() -> None:
    assert await fuzz(least=1500, seed=20260901) == 0
