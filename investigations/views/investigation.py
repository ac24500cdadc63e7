from django.http import HttpRequest, HttpResponse


def investigation_page(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse("")
