"""The first baseline as a WSGI application: Django, one view, no middleware, reads the body, answers a constant."""

import json

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

_ANSWER = json.dumps({"blockAction": False, "reasonCode": 0, "reason": "", "diagnostics": "{}"}).encode()


def nothing(request: HttpRequest) -> HttpResponse:
    """What any view on this server must do at least."""
    len(request.body)
    return HttpResponse(_ANSWER, content_type="application/json")


urlpatterns = [path("nothing", nothing)]
settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, MIDDLEWARE=[], DATA_UPLOAD_MAX_MEMORY_SIZE=1 << 24)
application = get_wsgi_application()
