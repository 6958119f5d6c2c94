"""What other servers send: the app about its accounts, SMS providers about deliveries; and the pushes to the app."""

import time
from typing import Any

from feed.webhooks import sign
from tests.support.api import HOOK_SECRET
from tests.support.story.people import ADMIN, READER
from tests.support.story.stage import Stage

RECEIPTS_TOKEN = "a-token-of-thirty-two-letters-0001"


async def hear_servers(stage: Stage) -> None:
    """Events, delivery reports, and a push and a purge that were not accepted."""
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

    purge = await stage.pool.fetchval(
        """
        WITH added AS (
            INSERT INTO media (owner_id, kind, state, key, content_type, byte_count, part_bytes, upload_expires_at, width, height,
                               renditions, ready_at, created_at, uploaded_at, removed_at, removed_for, objects_removed_at)
            SELECT id, 'image', 'ready', $2, 'image/jpeg', 2431867, 2431867, now(), 3024, 4032, $3::jsonb, now(), now(), now(), now(),
                   'deleted', now()
            FROM accounts WHERE sub = $1
            RETURNING id, key
        )
        INSERT INTO media_purges (media_id, reason, paths, state, tries, error_code, tried_at, ended_at)
        SELECT id, 'deleted', ARRAY[key || '/list.webp'], 'dead', 12, 'status_403', now(), now() FROM added
        RETURNING id
        """,
        READER.sub,
        "3f9c1d7be2a845c0917d64f20b8ea35c",
        [
            {
                "name": "list",
                "file": "list.webp",
                "content_type": "image/webp",
                "width": 360,
                "height": 480,
                "byte_count": 21940,
            }
        ],
    )
    await stage.call("list_media_purges", ADMIN, state="dead", limit=2)
    await stage.call("retry_media_purge", ADMIN, purge_id=str(purge))
    job = await stage.pool.fetchval(
        """
        INSERT INTO jobs.pgqueuer (entrypoint, payload, priority, execute_after, status, attempts)
        VALUES ('put off', '1', 0, now() + interval '1 hour', 'queued', 2) RETURNING id
        """
    )
    await stage.call("list_jobs", ADMIN, state="waiting", limit=2)
    await stage.call("retry_job", ADMIN, job_id=str(job))
    await stage.call("get_status", ADMIN)
    await stage.call("list_checks", ADMIN)
    await stage.call("list_staff", ADMIN, limit=2)
