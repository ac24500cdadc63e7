"""Which destinations no rule may quarantine by itself: those somebody vouches for, and those that everybody uses.

A rule is fed by texts that attackers write: one who has agents told to send to a partner's address must not be able to
cut the partner off, and quarantining the host of a public service would stop half the office.
"""

from policies.intelligence.public_houses import PUBLIC_HOUSES
from policies.load import load_destinations
from policies.restrictions import covering, host_of_address


def may_be_quarantined(destination: str) -> bool:
    """Whether a rule may quarantine it: no place somebody vouches for, or has one below it, and no shared host.

    One query while the list of destinations is what was read last.
    """
    ours = load_destinations()
    covers = covering(destination)
    if any(ours.standing_of(value).is_trusted for value in {destination, *covers[:1]}):
        return False
    if not covers:
        return True
    host = host_of_address(covers[0])
    if host == covers[0] and ours.vouches_below(host):
        return False
    is_one_mailbox = "@" in destination and "/" not in destination
    return is_one_mailbox or PUBLIC_HOUSES.isdisjoint(covering(host) if host else ())
