"""Counts the agents and conversations of a campaign: what is new is looked up, so that size costs nothing.

Needs the organisation's lock (`investigations.joining`).
"""

from collections.abc import Collection

from django.db import connection
from django.db.models import Q

from investigations.models import Campaign, Sharing

# Each look stops at the first row it finds, by the index `sharing_place`: EXISTS may be joined by a hash of all rows.
_NEW = """
WITH pair AS (SELECT DISTINCT * FROM unnest(%(agents)s::text[], %(conversations)s::text[]) pair (agent, conversation))
SELECT
    (SELECT count(*) FROM (SELECT DISTINCT agent FROM pair) one WHERE NOT coalesce((
        SELECT true FROM investigations_sharing sharing
        JOIN investigations_sharedkey shared ON shared.id = sharing.key_id
        WHERE sharing.agent_id = one.agent AND shared.campaign_id = %(campaign)s AND sharing.id < %(first_new)s LIMIT 1
    ), false)),
    (SELECT count(*) FROM pair WHERE NOT coalesce((
        SELECT true FROM investigations_sharing sharing
        JOIN investigations_sharedkey shared ON shared.id = sharing.key_id
        WHERE sharing.agent_id = pair.agent AND sharing.conversation_id = pair.conversation
            AND shared.campaign_id = %(campaign)s AND sharing.id < %(first_new)s LIMIT 1
    ), false))
"""
_MOST_ID = 2**62


def add_new(
    campaign: Campaign, *, investigations: Collection[int], loose: Collection[int], first_new: int | None
) -> None:
    """Count what these investigations shared from the row `first_new` on, and what was shared of `loose` fingerprints.

    Before those are written to be the campaign's.
    """
    begins = _MOST_ID if first_new is None else first_new
    added = Q(key__in=loose) | Q(investigation__in=investigations, pk__gte=begins, key__campaign=campaign)
    pairs = list(Sharing.objects.filter(added).values_list("agent_id", "conversation_id").distinct())
    if not pairs:
        return
    columns = {"agents": [agent for agent, _ in pairs], "conversations": [talk for _, talk in pairs]}
    with connection.cursor() as cursor:
        cursor.execute(_NEW, {**columns, "campaign": campaign.pk, "first_new": begins})
        agents, conversations = cursor.fetchall()[0]
    campaign.agents += agents
    campaign.conversations += conversations


def count_anew(campaign: Campaign) -> None:
    """Count all of it: where it was opened, or two became one."""
    places = Sharing.objects.filter(key__campaign=campaign)
    campaign.agents = places.values("agent_id").distinct().count()
    campaign.conversations = places.values("agent_id", "conversation_id").distinct().count()
