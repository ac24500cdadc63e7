from django.http import HttpRequest, HttpResponse


def claim(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse("")


release = comment = close = reopen = claim
