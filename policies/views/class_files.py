"""Classified files and folders: found, added by list, given another class, taken off the list."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from policies.access import Permission, actor_of, may, require
from policies.file_forms import FilesForm, TickedFilesForm
from policies.models import ClassifiedFile, DataClass
from policies.services import class_files as services

PAGE = 50
_MOST_TICKED = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """What is looked for: a piece of name or id, a class, `-` for files of none; `after` is where the page goes on."""

    words: str = ""
    data_class: str = ""
    after: int = 0

    @property
    def asked(self) -> dict[str, str]:
        """As it stands in the address, but for the page."""
        return {name: value for name, value in (("q", self.words), ("class", self.data_class)) if value}


@require_http_methods(["GET", "POST"])
@never_cache
def files(request: HttpRequest) -> HttpResponse:
    """The list; POST adds to it."""
    if request.method == "GET":
        return _page(request)
    require(request.user, Permission.CHANGE_POLICY)
    form = FilesForm(request.POST, request.FILES, classes=_classes())
    if form.is_valid() and form.found is not None:
        other_class = services.OtherClass.CHANGE if form.cleaned_data["change"] else services.OtherClass.REFUSE
        try:
            taken = services.take_files(form.found.lines, other_class=other_class, actor=actor_of(request))
        except services.FileRefused as error:
            form.add_error(error.member or None, str(error))
        else:
            said = f"{taken.added:,} added, {taken.changed:,} changed, {taken.same:,} were so already."
            messages.success(request, f"{said} It holds for the next call.")
            return redirect("policy_class_files")
    return _page(request, form=form)


@require_POST
def files_ticked(request: HttpRequest) -> HttpResponse:
    """Give the ticked ones another class, or take them off the list."""
    require(request.user, Permission.CHANGE_POLICY)
    form = TickedFilesForm(request.POST)
    ticked = [int(pk) for pk in request.POST.getlist("file")[:_MOST_TICKED] if pk.isdecimal() and len(pk) < 10]
    if not form.is_valid() or not ticked:
        messages.error(request, "Nothing was changed: tick the files, then say what is to be done with them.")
        return redirect("policy_class_files")
    actor = actor_of(request)
    try:
        if form.cleaned_data["do"] == "remove":
            count, said = services.remove_files(ticked, actor=actor), "taken off the list"
        else:
            wanted = form.cleaned_data["data_class"] or 0
            count, said = services.reclass_files(ticked, data_class=wanted, actor=actor), "given another class"
    except services.FileRefused as error:
        messages.error(request, f"{error}.")
    else:
        messages.success(request, f"{count:,} {said}. It holds for the next call.")
    return redirect("policy_class_files")


def _page(request: HttpRequest, *, form: FilesForm | None = None) -> HttpResponse:
    search = _search(request)
    rows, after = _load_rows(search)
    classes = list(DataClass.objects.order_by("-position", "name"))
    names = [row.name for row in classes]
    initial = {"data_class": search.data_class} if search.data_class in names else None
    shown = {
        "rows": rows,
        "search": search,
        "older": urlencode({**search.asked, "after": after}) if after else "",
        "classes": classes,
        "total": ClassifiedFile.objects.count(),
        "form": form or FilesForm(classes=names, initial=initial),
        "may_change": may(request.user, Permission.CHANGE_POLICY),
    }
    return render(request, "policies/class_files.html", shown, status=422 if form else 200)


def _load_rows(search: Search) -> tuple[list[ClassifiedFile], int]:
    """A page of files and the one the next page begins behind, 0 on the last. One query."""
    found = ClassifiedFile.objects.select_related("data_class").order_by("name", "file_id")
    if search.words:
        found = found.filter(Q(name__icontains=search.words) | Q(file_id__icontains=search.words))
    if search.data_class == "-":
        found = found.filter(data_class=None)
    elif search.data_class:
        found = found.filter(data_class__name=search.data_class)
    if search.after:
        last = ClassifiedFile.objects.filter(pk=search.after)
        name, file_id = last.values("name")[:1], last.values("file_id")[:1]
        found = found.filter(Q(name__gt=name) | Q(name=name, file_id__gt=file_id))
    page = list(found[: PAGE + 1])
    return page[:PAGE], page[PAGE - 1].pk if len(page) > PAGE else 0


def _classes() -> list[str]:
    return list(DataClass.objects.order_by("-position", "name").values_list("name", flat=True))


def _search(request: HttpRequest) -> Search:
    asked = {name: request.GET.get(name, "").replace("\x00", "").strip()[:500] for name in ("q", "class", "after")}
    after = asked["after"]
    return Search(
        words=asked["q"],
        data_class=asked["class"],
        after=int(after) if after.isdecimal() and len(after) < 10 else 0,
    )
