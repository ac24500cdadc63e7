from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def queue(request: HttpRequest) -> HttpResponse:
    return render(request, "investigations/queue.html", {})


def queue_news(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")
