"""The pages of casework: what is done with investigations beyond claiming and closing one."""

from django.urls import path

from investigations.views import confiding, merging, privacy, remediation, revealing, tickets

urlpatterns = [
    path("investigations/merge/", merging.merge, name="investigations_merge"),
    path("investigations/merges/<int:pk>/undo/", merging.unmerge, name="investigations_unmerge"),
    path("investigations/new/", confiding.open_by_hand, name="investigation_new"),
    path("investigations/<int:pk>/confide/", confiding.confide, name="investigation_confide"),
    path("investigations/<int:pk>/open-up/", confiding.open_up, name="investigation_open_up"),
    path("investigations/<int:pk>/reveal/", revealing.investigation_reveal, name="investigation_reveal"),
    path("privacy/", privacy.privacy, name="privacy"),
    path("privacy/erase/", privacy.privacy_erase, name="privacy_erase"),
    path("privacy/holds/", privacy.privacy_hold, name="privacy_hold"),
    path("privacy/holds/<int:pk>/lift/", privacy.privacy_hold_lift, name="privacy_hold_lift"),
    path("queue/remediation/", remediation.remediation_list, name="remediations"),
    path("queue/remediation/<int:pk>/", remediation.remediation_change, name="remediation_change"),
    path("investigations/<int:pk>/remediation/", remediation.remediation_mark, name="remediation_mark"),
    path("investigations/<int:pk>/notices/", remediation.notice_page, name="investigation_notices"),
    path("investigations/<int:pk>/notices/sent/", remediation.notice_sent, name="investigation_notice_sent"),
    path("investigations/<int:pk>/tickets/", tickets.ticket_want, name="investigation_ticket"),
    path("queue/tickets/<int:pk>/again/", tickets.ticket_again, name="ticket_again"),
    path("investigations/<int:pk>/split/", merging.split, name="investigation_split"),
]
