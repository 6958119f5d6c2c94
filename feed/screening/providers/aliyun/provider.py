"""Aliyun's check of texts."""

import secrets
from datetime import UTC, datetime

from feed.screening.model import Label
from feed.screening.provider import NotAnswered, ProviderAnswer
from feed.screening.providers.aliyun import codec
from feed.screening.providers.aliyun.codec import Account
from feed.sms.http_client import HttpClient
from feed.sms.provider import Throttled, Uncertain


class AliyunContent:
    """Asks about a text in parts; all have to be answered."""

    name = "aliyun"

    def __init__(self, account: Account) -> None:
        self._account = account
        self._http = HttpClient()

    async def check(self, text: str, reference: str) -> ProviderAnswer:
        """The hits in the text. Raises NotAnswered."""
        labels: list[Label] = []
        request_ids: list[str] = []
        for start, part in codec.parts_of(text):
            request = codec.check_request(
                self._account, part, reference, at=datetime.now(UTC), nonce=secrets.token_hex(16)
            )
            try:
                response = await self._http.post(request)
            except (Throttled, Uncertain) as error:
                raise NotAnswered(str(error)) from None
            answer = codec.read_answer(response, part, start)
            request_ids.append(answer.request_id)
            labels += [label for label in answer.labels if label not in labels]
        return ProviderAnswer(",".join(request_ids), labels)

    async def close(self) -> None:
        """Closes its connections."""
        await self._http.close()
