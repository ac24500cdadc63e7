"""The pages of casework: what is done with investigations beyond claiming and closing one."""

from django.urls import path

from investigations.views import merging

urlpatterns = [
    path("investigations/merge/", merging.merge, name="investigations_merge"),
    path("investigations/merges/<int:pk>/undo/", merging.unmerge, name="investigations_unmerge"),
    path("investigations/<int:pk>/split/", merging.split, name="investigation_split"),
]
