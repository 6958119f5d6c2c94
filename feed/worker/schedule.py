"""The schedule of periodic jobs. Every worker runs every job: each is safe to run concurrently, and most find nothing to do."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from feed.audit.sealing import add_audit_months, seal_audit
from feed.boards.actions import follow_change_log
from feed.boards.drift import repair_drift
from feed.campaigns.cancellation import notify_next_cancellation
from feed.campaigns.entries.shortlist import fill_next_shortlist
from feed.campaigns.entries.similar import compare_next_pictures
from feed.campaigns.jury.reminders import remind_next_juror
from feed.changes.actions import number_changes
from feed.curation.trends import count_trends
from feed.erasure.actions import follow_next_departure
from feed.erasure.jobs import erase_next, remove_next_person
from feed.exports.jobs import make_next_export, remove_ended_exports
from feed.media.removal import expire_unused
from feed.moderation.attestation import attest_chains
from feed.moderation.sanctions import lapse_next_sanction
from feed.moderation.takedowns.spread import hide_new_posts_with_images, spread_next_takedown
from feed.moderation.upkeep import hasten_cases
from feed.notifications.actions import notify_comments, notify_likes
from feed.posts.media import release_waiting_posts
from feed.prizes.announcement.announce import finish_next_objections
from feed.prizes.claims.shredding import remove_next_archive, remove_next_delivery_data, shred_next_campaign
from feed.prizes.draw.actions import give_up_next_beacon, publish_next_list
from feed.prizes.settlement.actions import freeze_next_campaign, settle_next_campaign
from feed.prizes.winners.expiry import forfeit_next_prize, lapse_next_claim
from feed.prizes.winners.reminders import remind_next_winner
from feed.profiles.actions import add_missing_name_keys
from feed.reports.outcomes import notify_reporters
from feed.sms.actions import enqueue_jobless, release_held
from feed.sms.receipts import apply_receipts
from feed.worker import media, retention, screening
from feed.worker.checkpoints import publish_checkpoint, verify_log
from feed.worker.drand_client import fetch_drand_values
from feed.worker.media_purges import send_purges, watch_purges
from feed.worker.push_hook import send_pushes, watch_pushes
from feed.worker.queue_watch import watch_queue, watch_waiting_items
from feed.worker.sms import resolve_abandoned
from feed.worker.state import WorkerState


def _once(_: WorkerState) -> int:
    return 1


def _media_workers(worker_state: WorkerState) -> int:
    return 0 if worker_state.media is None else worker_state.media.workers


class Entry(NamedTuple):
    """A periodic job. If `work` returns True there is more to do, and it is run again at once.

    `copies`: how many of it run side by side in each worker.
    """

    name: str
    every_seconds: float
    work: Callable[[WorkerState], Awaitable[object]]
    copies: Callable[[WorkerState], int] = _once


SCHEDULE: tuple[Entry, ...] = (
    Entry("number_changes", 0.25, lambda w: number_changes(w.pool)),
    Entry("follow_changes", 0.25, lambda w: follow_change_log(w.pool, w.redis)),
    # Also finds what no change records: a phone verified after the like.
    Entry("repair_drift", 15, lambda w: repair_drift(w.pool, w.redis)),
    # What a worker that died after it had processed a medium has left behind.
    Entry("release_waiting_posts", 15, lambda w: release_waiting_posts(w.pool)),
    Entry("resolve_abandoned_messages", 5, resolve_abandoned),
    Entry("enqueue_jobless_messages", 5, lambda w: enqueue_jobless(w.pool)),
    # After a change of the quiet hours or of a quota.
    Entry("release_held_messages", 15, lambda w: release_held(w.pool, w.quiet, w.caps)),
    Entry("apply_message_receipts", 5, lambda w: apply_receipts(w.pool)),
    Entry("notify_likes", 1, lambda w: notify_likes(w.pool)),
    Entry("notify_comments", 1, lambda w: notify_comments(w.pool)),
    Entry("attest_chains", 600, lambda w: attest_chains(w.pool)),
    Entry("seal_audit", 15, lambda w: seal_audit(w.pool, w.keys)),
    Entry("publish_checkpoint", 15, lambda w: publish_checkpoint(w.pool, w.keys, w.checkpoints)),
    Entry("verify_audit", 600, lambda w: verify_log(w.pool, w.keys)),
    Entry("add_audit_months", 3600, lambda w: add_audit_months(w.pool)),
    # Readers see nothing of a takedown's items from its commit on; counters and boards follow with this.
    Entry("spread_next_takedown", 0.25, lambda w: spread_next_takedown(w.pool)),
    Entry("hide_new_posts_with_images", 5, lambda w: hide_new_posts_with_images(w.pool)),
    # After the check of the request: homophones, repeats and the provider, which may hold a text for review.
    Entry("check_next_texts", 1, screening.check_next_texts),
    Entry("ask_content_provider", 1, screening.ask_content_provider),
    # Photos do not wait behind videos.
    Entry("process_images", 0.5, lambda w: media.process_next_medium(w.pool, w.media, "image"), _media_workers),
    Entry("process_videos", 0.5, lambda w: media.process_next_medium(w.pool, w.media, "video"), _media_workers),
    Entry("fail_stuck_media", 15, lambda w: media.fail_stuck_media(w.pool, w.media)),
    Entry("remove_next_objects", 1, lambda w: media.remove_next_objects(w.pool, w.media)),
    Entry("remove_next_originals", 1, lambda w: media.remove_next_originals(w.pool, w.media)),
    Entry("expire_unused_media", 60, lambda w: expire_unused(w.pool)),
    Entry("remove_oversize_parts", 600, lambda w: media.remove_oversize_parts(w.pool, w.media)),
    Entry("sweep_media", 600, lambda w: media.sweep_media(w.pool, w.media)),
    Entry("watch_media", 15, lambda w: media.watch_media(w.pool)),
    Entry("send_media_purges", 0.5, lambda w: send_purges(w.pool, w.media and w.media.purge)),
    Entry("watch_media_purges", 15, lambda w: watch_purges(w.pool, w.media and w.media.purge)),
    Entry("count_trends", 10, lambda w: count_trends(w.pool)),
    Entry("send_pushes", 0.5, lambda w: send_pushes(w.pool, w.push)),
    Entry("watch_pushes", 15, lambda w: watch_pushes(w.pool, w.push)),
    Entry("hasten_cases", 15, lambda w: hasten_cases(w.pool)),
    Entry("watch_queue", 15, lambda w: watch_queue(w.pool, w.chain)),
    Entry("watch_waiting_items", 60, lambda w: watch_waiting_items(w.pool)),
    # After the photos of new entries are ready; it reads all entries of running campaigns.
    Entry("compare_next_pictures", 15, lambda w: compare_next_pictures(w.pool)),
    # The end of a campaign: each job does one commit for one campaign and is repeated while it finds something to do.
    Entry("fill_next_shortlist", 1, lambda w: fill_next_shortlist(w.pool)),
    Entry("remind_next_juror", 60, lambda w: remind_next_juror(w.pool)),
    Entry("notify_next_cancellation", 2, lambda w: notify_next_cancellation(w.pool)),
    Entry("freeze_next_campaign", 1, lambda w: freeze_next_campaign(w.pool)),
    # For draws: the list is published, then the beacon has to appear.
    Entry("publish_next_list", 1, lambda w: publish_next_list(w.pool)),
    Entry("fetch_drand_values", 5, lambda w: fetch_drand_values(w.pool, w.drand)),
    Entry("give_up_next_beacon", 10, lambda w: give_up_next_beacon(w.pool)),
    Entry("settle_next_campaign", 1, lambda w: settle_next_campaign(w.pool, w.keys)),
    Entry("forfeit_next_prize", 2, lambda w: forfeit_next_prize(w.pool, w.keys)),
    Entry("lapse_next_claim", 10, lambda w: lapse_next_claim(w.pool, w.keys)),
    Entry("remind_next_winner", 60, lambda w: remind_next_winner(w.pool, w.keys)),
    Entry("finish_next_objections", 10, lambda w: finish_next_objections(w.pool)),
    Entry("notify_reporters", 1, lambda w: notify_reporters(w.pool)),
    Entry("lapse_next_sanction", 1, lambda w: lapse_next_sanction(w.pool)),
    Entry("follow_next_departure", 0.5, lambda w: follow_next_departure(w.pool, w.keys)),
    Entry("make_next_export", 1, lambda w: make_next_export(w.pool, w.keys, w.storage)),
    Entry("remove_ended_exports", 60, lambda w: remove_ended_exports(w.pool)),
    Entry("erase_next", 1, lambda w: erase_next(w.pool, w.keys)),
    Entry("remove_next_person", 600, lambda w: remove_next_person(w.pool)),
    Entry("shred_next_campaign", 60, lambda w: shred_next_campaign(w.pool, w.keys, w.retention)),
    Entry("remove_next_delivery_data", 3600, lambda w: remove_next_delivery_data(w.pool)),
    Entry("remove_next_archive", 3600, lambda w: remove_next_archive(w.pool)),
    Entry("remove_old_media_evidence", 86_400, retention.remove_old_media_evidence),
    Entry("remove_old_fingerprints", 600, retention.remove_old_fingerprints),
    Entry("remove_old_keys_and_codes", 600, retention.remove_old_keys_and_codes),
    Entry("add_missing_name_keys", 60, lambda w: add_missing_name_keys(w.pool, w.keys)),
    Entry("remove_old_access_logs", 3600, retention.remove_old_access_logs),
    Entry("remove_old_former_names", 3600, retention.remove_old_former_names),
    Entry("trim_change_log", 3600, retention.trim_change_log),
    Entry("remove_old_pushes", 3600, retention.remove_old_pushes),
    Entry("remove_old_purges", 3600, retention.remove_old_purges),
    Entry("remove_old_receipts", 3600, retention.remove_old_receipts),
    Entry("remove_old_phone_numbers", 600, retention.remove_old_phone_numbers),
    Entry("remove_old_evidence", 3600, retention.remove_old_evidence),
    Entry("trim_job_log", 3600, retention.trim_job_log),
)
