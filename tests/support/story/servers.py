"""What other servers send: the app about its accounts, SMS providers about deliveries; and the pushes to the app."""

import time
from typing import Any

from feed.webhooks import sign
from tests.support.api import HOOK_SECRET
from tests.support.story.people import ADMIN, READER
from tests.support.story.stage import Stage

RECEIPTS_TOKEN = "a-token-of-thirty-two-letters-0001"


async def hear_servers(stage: Stage) -> None:
    """Events, delivery reports, and a push that the app's server did not accept."""
    await stage.at("2026-10-13 09:00")
    event = {
        "type": "account.renamed",
        "timestamp": "2026-10-13T00:59:58Z",
        "data": {"sub": READER.sub, "name": "咏诗爱读书"},
    }

    def signed(body: bytes) -> dict[str, str]:
        stamp = int(time.time())
        headers: dict[str, Any] = {"webhook-id": "msg_2026101300001", "webhook-timestamp": str(stamp)}
        return headers | {"webhook-signature": sign(HOOK_SECRET.encode(), headers["webhook-id"], stamp, body)}

    await stage.call("hear_account_event", None, event, headers=signed)
    aliyun = [{"success": True, "biz_id": "932702304080415357^0", "out_id": "1", "err_code": "DELIVERED"}]
    await stage.call("hear_aliyun_receipts", None, aliyun, token=RECEIPTS_TOKEN)
    tencent = [{"sid": "8:dHXEhGHh3rEkPnGEhGH", "report_status": "SUCCESS", "errmsg": "DELIVRD"}]
    await stage.call("hear_tencent_receipts", None, tencent, token=RECEIPTS_TOKEN)

    push = await stage.pool.fetchval(
        """
        UPDATE pushes SET state = 'dead', tries = 12, error_code = 'status_410', tried_at = now(), ended_at = now()
        WHERE inbox_id = (SELECT max(inbox_id) FROM pushes WHERE state = 'waiting') RETURNING inbox_id
        """
    )
    await stage.call("list_pushes", ADMIN, state="dead", limit=2)
    await stage.call("retry_push", ADMIN, push_id=str(push))
