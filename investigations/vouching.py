"""Which destinations no rule may quarantine by itself: those somebody vouches for, and those that everybody uses.

A rule is fed by texts that attackers write: one who has agents told to send to a partner's address must not be able to
cut the partner off, and quarantining the host of a public service would stop half the office.
"""

from policies.intelligence.public_houses import PUBLIC_HOUSES
from policies.models import Destination
from policies.restrictions import covering, host_of_address


def may_be_quarantined(destination: str) -> bool:
    """Whether a rule may quarantine it: no place somebody vouches for, and no shared host. One query."""
    covers = covering(destination)
    if Destination.objects.filter(value__in=covers, standing__in=("internal", "known", "partner")).exists():
        return False
    host = host_of_address(covers[0]) if covers else ""
    is_one_mailbox = "@" in destination and "/" not in destination
    return is_one_mailbox or PUBLIC_HOUSES.isdisjoint(covering(host) if host else ())
