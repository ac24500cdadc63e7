"""Which destinations no rule may quarantine by itself: those somebody vouches for, and those that everybody uses.

A rule is fed by texts that attackers write: one who has agents told to send to a partner's address must not be able to
cut the partner off, and quarantining the host of a public service would stop half the office.
"""

from policies.mail_providers import PUBLIC_MAIL
from policies.models import Destination
from policies.restrictions import covering, host_of_address

# Registered domains where anybody can put something up; chosen by hand from what agents commonly reach.
_SHARED = frozenset(
    "google.com googleapis.com googleusercontent.com gstatic.com youtube.com microsoft.com microsoftonline.com "
    "office.com office365.com sharepoint.com live.com windows.net azure.com azurewebsites.net dropbox.com "
    "dropboxusercontent.com box.com github.com githubusercontent.com gitlab.com bitbucket.org amazonaws.com amazon.com "
    "cloudfront.net cloudflare.com workers.dev pages.dev vercel.app netlify.app herokuapp.com slack.com atlassian.net "
    "atlassian.com notion.so notion.site discord.com telegram.org t.me whatsapp.com facebook.com instagram.com "
    "linkedin.com x.com twitter.com reddit.com medium.com wikipedia.org pastebin.com zoom.us salesforce.com "
    "servicenow.com zendesk.com hubspot.com wetransfer.com apple.com icloud.com bit.ly tinyurl.com".split()
)


def may_be_quarantined(destination: str) -> bool:
    """Whether a rule may quarantine it: not the organisation's own or known places, nor a shared host. One query."""
    covers = covering(destination)
    if Destination.objects.filter(value__in=covers, standing__in=("internal", "known")).exists():
        return False
    host = host_of_address(covers[0]) if covers else ""
    is_one_mailbox = "@" in destination and "/" not in destination
    return is_one_mailbox or _SHARED.union(PUBLIC_MAIL).isdisjoint(covering(host) if host else ())
