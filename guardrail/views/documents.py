"""Documents agents read: ranked by the stopped plans that went by them, and one document's edits beside its plans."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from guardrail import document_queries
from policies.access import Permission, may
from policies.models import KnowledgeDocument

LONGEST_WORDS = 200


@require_GET
@never_cache
def document_list(request: HttpRequest) -> HttpResponse:
    """Every known document, or with `?view=edits` the edits somebody should look at."""
    words = request.GET.get("q", "").strip()[:LONGEST_WORDS].replace("\x00", "")
    if request.GET.get("view") == "edits":
        edits = document_queries.load_noticed(before=request.GET.get("before", ""))
        older = urlencode({"view": "edits", "before": edits.older}) if edits.older else ""
        return render(request, "guardrail/noticed_edits.html", {"page": edits, "older": older})
    after = request.GET.get("after", "")
    ranking = document_queries.load_ranking(words, after=after)
    more = urlencode({name: value for name, value in {"q": words, "after": ranking.next_key}.items() if value})
    shown = {"page": ranking, "words": words, "paged": bool(after), "more": more if ranking.next_key else ""}
    return render(request, "guardrail/documents.html", shown)


@require_GET
@never_cache
def document_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One document: who edited it when, and which plans went by it in between."""
    document = get_object_or_404(KnowledgeDocument, pk=pk)
    before = request.GET.get("before", "")
    timeline = document_queries.load_timeline(document, before=before, person=request.user)
    lately = document_queries.load_lately([document.pk], today=timezone.now())
    return render(
        request,
        "guardrail/document.html",
        {
            "document": document,
            "timeline": timeline,
            "lately": lately.get(document.pk, document_queries.Lately()),
            "editors": document_queries.load_editors(document),
            "restrictable": document_queries.restrictable_name(document),
            "restrictions": document_queries.load_restrictions(document),
            "may_respond": may(request.user, Permission.RESPOND),
            "paged": bool(before),
            "older": urlencode({"before": timeline.older}) if timeline.older else "",
        },
    )
