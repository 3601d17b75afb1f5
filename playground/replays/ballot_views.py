"""The page on which people vote blind, a pair at a time."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from llmhub.core.errors import ValidationError
from playground.replays import access, ballots
from playground.signed_in import team_view, user_id_of


@require_http_methods(["GET", "HEAD", "POST"])
@team_view
def ballot_page(request: HttpRequest, replay_id: UUID) -> HttpResponse:
    """The next pair; posted, the person's vote on one. The page names no model."""
    caller, replay = access.visible(request, replay_id)
    if request.method == "POST":
        pair, choice = request.POST.get("pair", ""), request.POST.get("choice", "")
        try:
            ballots.cast(replay, caller, pair, choice)
        except ValidationError as error:
            messages.error(request, error.message)
        return HttpResponseRedirect(reverse("replay-vote", args=[replay.pk]))
    may_vote = access.may_run(caller)
    context = {
        "replay": replay,
        "may_vote": may_vote,
        "has_ended": replay.job.has_ended,
        "ballot": ballots.next_ballot(replay, caller) if may_vote else None,
        "has_voted": replay.pairs.filter(votes__user_id=user_id_of(request)).exists(),
    }
    return render(request, "replays/vote.html", context)
