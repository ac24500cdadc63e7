"""`/api/v1/`: what programs read."""

from django.urls import path, re_path

from investigations.api import files, routes
from investigations.api.view import NothingHere

urlpatterns = [
    path("verdicts", routes.Verdicts.as_view(), name="api_verdicts"),
    path("verdicts/<uuid:pk>", routes.OneVerdict.as_view(), name="api_verdict"),
    path("verdicts/<uuid:pk>/transcript", routes.Transcript.as_view(), name="api_transcript"),
    path("investigations", routes.Investigations.as_view(), name="api_investigations"),
    path("investigations/<int:pk>", routes.OneInvestigation.as_view(), name="api_investigation"),
    path("indicators/stix", files.IndicatorBundle.as_view(), name="api_indicator_bundle"),
    path("indicators/csv", files.IndicatorList.as_view(), name="api_indicator_list"),
    path("audit", routes.Trail.as_view(), name="api_audit"),
    # line breaks too, which `<path:rest>` leaves to the pages and their own "not found"
    re_path(r"^(?P<rest>(?s:.+))$", NothingHere.as_view(), name="api_nothing"),
]
