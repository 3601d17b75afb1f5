"""The budgets page: what a team, its keys and its people may spend, and how that stands."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from llmhub.core.errors import ValidationError
from llmhub.teams import money
from llmhub.teams.budget_form import BudgetForm
from llmhub.teams.budgets.actions import create_budget, delete_budget, edit_budget
from llmhub.teams.budgets.standing import Standing, standings
from llmhub.teams.budgets.visibility import budgets_seen_from
from llmhub.teams.models import Budget
from llmhub.teams.pages.answers import back_to, no_team, page
from llmhub.teams.place import Place, place_of, place_or_404


@dataclass(frozen=True, slots=True)
class Group:
    """Budgets of one kind of owner."""

    title: str
    standings: list[Standing]


@require_safe
@login_required
@never_cache
def budgets_page(request: HttpRequest) -> HttpResponse:
    """How all budgets stand that the person may see from this team."""
    place = place_of(request, request.GET.get("team", ""))
    if place is None:
        return no_team(request)
    return _list(request, place, BudgetForm(place))


@require_POST
@login_required
@never_cache
def budgets_create(request: HttpRequest) -> HttpResponse:
    """Give something a budget."""
    place = place_or_404(request, request.POST.get("team", ""))
    if not place.may_create:
        raise PermissionDenied("Viewers can't make budgets.")
    form = BudgetForm(place, request.POST)
    if not form.is_valid():
        return _list(request, place, form)
    try:
        budget = create_budget(acting_user=request.user, **form.of, **form.settings)
    except ValidationError as error:
        form.refuse(error)
        return _list(request, place, form)
    messages.success(request, f"Made: {budget}. It counts the calls that begin from now on.")
    return back_to("budgets", place)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def budget_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One budget, to be changed."""
    place, budget = _place_and_budget(request, pk)
    form = BudgetForm(place, request.POST or None, budget=budget)
    if request.method != "POST" or not form.is_valid():
        return _one(request, place, budget, form)
    try:
        edit_budget(budget, acting_user=request.user, **form.settings)
    except ValidationError as error:
        form.refuse(error)
        return _one(request, place, Budget.objects.get(pk=pk), form)
    messages.success(request, f"Saved: {budget}. It holds from the next call on.")
    return back_to("budgets", place)


@require_POST
@login_required
def budgets_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a budget away, with what is known of its windows."""
    place, budget = _place_and_budget(request, pk)
    said = f"Deleted: {budget}."
    delete_budget(budget, acting_user=request.user)
    messages.success(request, said)
    return back_to("budgets", place)


def _place_and_budget(request: HttpRequest, pk: int) -> tuple[Place, Budget]:
    """A budget and the team it is looked at from, if the person may change it there."""
    place = place_of(request, request.GET.get("team", "") or request.POST.get("team", ""))
    budget = get_object_or_404(_with_owners(Budget.objects.all()), pk=pk)
    if place is None or not budgets_seen_from(place).filter(pk=pk).exists():
        raise Http404("No such budget.")
    if not place.may_change_budget(budget):
        raise PermissionDenied(
            f"The budget of {budget.owner_name} was set by somebody else; you may look at it."
        )
    return place, budget


# --- What is shown --------------------------------------------------------------------------------


def _list(request: HttpRequest, place: Place, form: BudgetForm) -> HttpResponse:
    shown = standings(_with_owners(budgets_seen_from(place)))
    context = {
        "form": form,
        "groups": _groups(shown),
        "changeable": {one.budget.pk for one in shown if place.may_change_budget(one.budget)},
    }
    return page(request, place, "budgets", "teams/budgets.html", **context)


def _one(request: HttpRequest, place: Place, budget: Budget, form: BudgetForm) -> HttpResponse:
    return page(
        request,
        place,
        "budgets",
        "teams/budget.html",
        budget=budget,
        standing=standings([budget])[0],
        amount=money.text(budget.amount),
        form=form,
    )


def _with_owners(budgets: QuerySet[Budget]) -> QuerySet[Budget]:
    return budgets.select_related("key__team", "team", "user", "model_map", "created_by").order_by(
        "team__name", "key__name", "user__email", "model_map__name", "amount"
    )


def _groups(shown: list[Standing]) -> list[Group]:
    kinds: dict[str, Any] = {
        "The team": lambda budget: budget.team_id,
        "Keys": lambda budget: budget.key_id,
        "People": lambda budget: budget.user_id,
        "Models, for the whole hub": lambda budget: budget.model_map_id,
    }
    groups = [Group(title, [one for one in shown if of(one.budget)]) for title, of in kinds.items()]
    return [group for group in groups if group.standings]
