"""Which rows the periodic tasks of this package wait for, as `guardrail.queues` says it."""

TAKE_IN = """
EXISTS (SELECT FROM guardrail_pendingintake)
OR EXISTS (SELECT FROM guardrail_pendingvalidation WHERE found)
OR EXISTS (SELECT FROM policies_documentrevision WHERE NOT told)
OR EXISTS (SELECT FROM policies_documentquote WHERE stale)
"""
END_RESTRICTIONS = "EXISTS (SELECT FROM policies_restriction WHERE ended_at IS NULL AND until <= now())"
END_EXCEPTIONS = "EXISTS (SELECT FROM policies_policyexception WHERE ended_at IS NULL AND expires_at <= now())"
PLAY_EXERCISE = "EXISTS (SELECT FROM investigations_exercise WHERE ended_at IS NULL)"
# What nobody touched for too long is given back by the runs that come anyhow: that is a matter of many minutes.
SET_CLOCKS = """
EXISTS (SELECT FROM investigations_investigation WHERE status <> 'closed' AND clocked <> severity)
OR EXISTS (
    SELECT FROM investigations_campaignmember member
    JOIN investigations_campaign campaign ON campaign.id = member.campaign_id
    WHERE (campaign.status = 'confirmed' AND member.raised < 2)
    OR (campaign.status = 'open' AND campaign.agents >= 3 AND member.raised < 1)
)
"""
WORK_BULK = """
EXISTS (
    SELECT FROM investigations_bulkrun
    WHERE (begun_at IS NOT NULL AND ended_at IS NULL AND undo_at IS NULL)
    OR (undo_at IS NOT NULL AND undone_at IS NULL)
)
OR EXISTS (SELECT FROM investigations_bulkitem WHERE NOT told)
"""
RUN_BACKTESTS = "EXISTS (SELECT FROM investigations_backtest WHERE ended_at IS NULL AND cancelled_at IS NULL)"
TELL_RECEIVERS = """
EXISTS (SELECT FROM investigations_activity WHERE NOT told)
OR EXISTS (SELECT FROM policies_auditentry WHERE id > coalesce((SELECT max(entry) FROM investigations_audittold), 0))
OR EXISTS (
    SELECT FROM guardrail_transcriptopened
    WHERE id > coalesce((SELECT max(opened) FROM investigations_audittold), 0)
)
"""
DELIVER = """
EXISTS (
    SELECT FROM investigations_receiver receiver
    WHERE NOT paused AND (rest_until IS NULL OR rest_until <= now()) AND EXISTS (
        SELECT FROM investigations_delivery delivery
        WHERE delivery.receiver_id = receiver.id AND delivery.state < 2 AND delivery.next_at <= now()
    )
)
"""
# Tickets are asked after on the other side, too.
SYNC_TICKETS = "EXISTS (SELECT FROM investigations_receiver)"
NUMBER_CHANGES = "EXISTS (SELECT FROM investigations_pendingchange)"
