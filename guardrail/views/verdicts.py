import uuid

from django.http import HttpRequest, HttpResponse


def verdict_list(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


def verdict_page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return HttpResponse("")


verdict_body = verdict_page
