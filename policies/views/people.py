"""The accounts of everybody: who there is, and for those who may, what each may do and how each signs in."""

from collections.abc import Callable
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlsafe_base64_decode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from policies.access import Permission, Role, actor_of, may, require
from policies.models import Environment, PersonScope, SecondFactorRule
from policies.people_forms import NewPasswordForm
from policies.people_queries import load_people, load_person, load_sessions
from policies.services import people
from policies.services.people import LINKS, PeopleError
from policies.services.second_factors import SUPERUSER, codes_left, require_second_factor

_ROLES = [(role.value, role.value.replace("_", " ")) for role in Role]
_OF_PEOPLE = [(name, word) for name, word in _ROLES if name != Role.INTEGRATION.value]
_LONGEST_QUERY, _MOST_ENVIRONMENTS = 150, 500
_LINK_NEXT = "Make a link for a password next."
_NEXT = {Role.INTEGRATION: "Whoever gives programs tokens makes one for it next, under API tokens."}


class PersonForm(forms.Form):
    """A new account. The service checks everything once more."""

    name = forms.CharField(
        label="User name",
        max_length=150,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
        help_text="Stands in the audit trail for good.",
    )
    role = forms.ChoiceField(choices=_ROLES)


class RoleForm(forms.Form):
    """Another role."""

    role = forms.ChoiceField(choices=_ROLES)


@never_cache
@require_http_methods(["GET", "POST"])
def people_list(request: HttpRequest) -> HttpResponse:
    """Every account; POST makes one and leads to its page."""
    if request.method == "GET":
        return _list(request, PersonForm())
    require(request.user, Permission.CHANGE_PEOPLE)
    form = PersonForm(request.POST)
    if form.is_valid():
        role = Role(form.cleaned_data["role"])
        try:
            made = people.create_person(form.cleaned_data["name"], role, actor=actor_of(request))
        except PeopleError as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, f"`{made.get_username()}` has an account. {_NEXT.get(role, _LINK_NEXT)}")
            return redirect("person", made.pk)
    return _list(request, form)


@require_POST
def second_factor(request: HttpRequest) -> HttpResponse:
    """Say which roles sign in with a second factor."""
    require_second_factor(request.POST.getlist("role"), actor=actor_of(request))
    messages.success(request, "Whoever must have a second factor now, and has none, adds it at the next sign-in.")
    return redirect("people")


@never_cache
@require_http_methods(["GET"])
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One account, for those who may change it."""
    require(request.user, Permission.CHANGE_PEOPLE)
    return _person(request, get_object_or_404(User, pk=pk))


@never_cache
@require_POST
def link(request: HttpRequest, pk: int) -> HttpResponse:
    """A link to set a password, which stands in this answer and nowhere else."""
    found = get_object_or_404(User, pk=pk)
    try:
        path = people.make_link(found, actor=actor_of(request))
    except PeopleError as error:
        messages.error(request, str(error))
        return redirect("person", pk)
    return _person(request, found, fresh_link=f"{settings.PUBLIC_URL}{path}")


@require_POST
def role(request: HttpRequest, pk: int) -> HttpResponse:
    """Give another role."""
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise Http404
    wanted = Role(form.cleaned_data["role"])
    return _done(request, pk, lambda found, actor: people.set_role(found, wanted, actor=actor), "has another role")


@require_POST
def environments(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which part of the house somebody sees."""
    wanted = None
    if request.POST.get("sees") != "all":
        picked = [int(one) for one in request.POST.getlist("environment") if one.isdecimal() and len(one) < 10]
        wanted = list(Environment.objects.filter(pk__in=picked))
    told = "sees every environment" if wanted is None else f"sees {len(wanted)} environment{'s'[len(wanted) == 1 :]}"
    return _done(request, pk, lambda found, actor: people.set_environments(found, wanted, actor=actor), told)


@require_POST
def disable(request: HttpRequest, pk: int) -> HttpResponse:
    """Turn off."""
    return _done(request, pk, lambda found, actor: people.disable_person(found, actor=actor), "is turned off")


@require_POST
def enable(request: HttpRequest, pk: int) -> HttpResponse:
    """Turn on again."""
    return _done(request, pk, lambda found, actor: people.enable_person(found, actor=actor), "is turned on again")


@require_POST
def reset_second_factor(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a lost authenticator."""
    told = "has no second factor any more"
    return _done(request, pk, lambda found, actor: people.reset_second_factor(found, actor=actor), told)


@require_POST
def sign_out(request: HttpRequest, pk: int) -> HttpResponse:
    """End every session."""
    return _done(request, pk, lambda found, actor: people.sign_out(found, actor=actor), "is signed out everywhere")


@require_POST
def unlock(request: HttpRequest, pk: int) -> HttpResponse:
    """Let new browsers try again."""
    now = timezone.now()
    return _done(request, pk, lambda found, actor: people.unlock(found, actor=actor, now=now), "is not locked any more")


@login_not_required
@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
def welcome(request: HttpRequest, key: str, token: str) -> HttpResponse:
    """Set a password by a link; one then signs in with it like everybody."""
    found = _of_key(key)
    if found is None or not found.is_active or not LINKS.check_token(found, token):
        return render(request, "policies/welcome.html", {"form": None}, status=404)
    form = NewPasswordForm(*([request.POST] if request.method == "POST" else []), person=found)
    if form.is_valid():
        try:
            people.set_password(found, form.cleaned_data["password"], token)
        except PeopleError:
            return render(request, "policies/welcome.html", {"form": None}, status=404)
        messages.success(request, "The password is set. Sign in with it.")
        return redirect("login")
    shown = {"form": form, "person": found}
    return render(request, "policies/welcome.html", shown, status=422 if form.is_bound else 200)


def _done(request: HttpRequest, pk: int, change: Callable[[User, User], object], told: str) -> HttpResponse:
    found = get_object_or_404(User, pk=pk)
    try:
        change(found, actor_of(request))
    except PeopleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"`{found.get_username()}` {told}.")
    return redirect("person", pk)


def _of_key(key: str) -> User | None:
    try:
        pk = int(urlsafe_base64_decode(key).decode())
    except (ValueError, UnicodeDecodeError):
        return None
    return User.objects.filter(pk=pk).first() if 0 < pk < 2**31 else None


def _list(request: HttpRequest, form: PersonForm) -> HttpResponse:
    query = request.GET.get("q", "")[:_LONGEST_QUERY].replace("\0", "")
    page = load_people(query=query, after=request.GET.get("after", "").replace("\0", ""), now=timezone.now())
    needed = set(SecondFactorRule.objects.values_list("role", flat=True))
    shown = {
        "rows": page.rows,
        "more": urlencode({"q": query, "after": page.after}) if page.after else "",
        "query_people": query,
        "form": form,
        "rules": [(name, word, name in needed) for name, word in [*_OF_PEOPLE, (SUPERUSER, "superuser")]],
        "house": settings.OIDC_ISSUER and settings.OIDC_NAME,
        "may_change": may(request.user, Permission.CHANGE_PEOPLE),
    }
    return render(request, "policies/people.html", shown, status=422 if form.is_bound else 200)


def _person(request: HttpRequest, found: User, *, fresh_link: str = "") -> HttpResponse:
    now, actor = timezone.now(), actor_of(request)
    row = load_person(found, now=now)
    scope = PersonScope.objects.filter(person=found).first()
    shown = {
        "row": row,
        "sessions": load_sessions(found, now=now),
        "codes_left": codes_left(found),
        "role_form": RoleForm(initial={"role": row.role}),
        "fresh_link": fresh_link,
        "link_hours": settings.PASSWORD_RESET_TIMEOUT // 3600,
        "environments": Environment.objects.only("pk", "name", "environment_id")[:_MOST_ENVIRONMENTS],
        "sees_some": scope is not None,
        "sees": set(scope.environments.values_list("pk", flat=True)) if scope else set(),
        "is_machine": row.role == Role.INTEGRATION.value,
        "is_self": found.pk == actor.pk,
        "may_change": found.pk != actor.pk and (actor.is_superuser or not found.is_superuser),
    }
    return render(request, "policies/person.html", shown)
