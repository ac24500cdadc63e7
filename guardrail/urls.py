"""Every URL of the product: the composition root."""

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

from guardrail.gauges import Gauges
from guardrail.knowledge_webhook import KnowledgeEvents
from guardrail.views import operating
from guardrail.webhook import AnalyzeToolExecution, Evaluate, Validate
from investigations.siem.gauges import DeliveryGauges

handler500 = "guardrail.views.broken.page_broke"
urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", operating.healthz, name="healthz"),
    path("readyz", operating.readyz, name="readyz"),
    path("metrics", operating.metrics(Gauges(), DeliveryGauges()), name="metrics"),
    path("<slug:slug>/validate", Validate.as_view(), name="validate"),
    path("<slug:slug>/analyze-tool-execution", AnalyzeToolExecution.as_view(), name="analyze"),
    path("v1/evaluate", Evaluate.as_view(), name="evaluate"),
    path("v1/knowledge-events", KnowledgeEvents.as_view(), name="knowledge_events"),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/v1/", include("investigations.api.urls")),
    path("", include("investigations.urls")),
    path("", include("policies.urls")),
    path("", include("guardrail.page_urls")),
]
