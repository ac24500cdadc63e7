"""The pages of casework: what is done with investigations beyond claiming and closing one."""

from django.urls import path

from investigations.views import confiding, merging

urlpatterns = [
    path("investigations/merge/", merging.merge, name="investigations_merge"),
    path("investigations/merges/<int:pk>/undo/", merging.unmerge, name="investigations_unmerge"),
    path("investigations/new/", confiding.open_by_hand, name="investigation_new"),
    path("investigations/<int:pk>/confide/", confiding.confide, name="investigation_confide"),
    path("investigations/<int:pk>/open-up/", confiding.open_up, name="investigation_open_up"),
    path("investigations/<int:pk>/split/", merging.split, name="investigation_split"),
]
