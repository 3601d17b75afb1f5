"""Blind votes on a replay: nobody sees what would give an answer away."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from llmhub.jobs.models import ItemStatus, Job, JobStatus
from llmhub.teams.models import Team
from playground.models import Vote
from playground.replays.models import Replay, ReplayPair, ReplayVote
from tests.replays.steps import answer_all, flat, recorded, started
from tests.team_pages import person_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("models")]


def test_the_voting_page_names_nobody_and_counts_once(ours: Team, ada: Client) -> None:
    for _ in range(3):
        recorded(ours)
    replay = started(ada, candidate=["sim-sage", "sim-swift"], people="2")
    answer_all(replay)
    address = f"/replays/{replay.pk}/vote/"
    meant = set()
    for number in range(1, 5):
        page = ada.get(address)
        shown = page.content.decode().split("<main")[1]
        assert f"Pair {number} of 4." in shown
        assert "sim-" not in shown
        assert "50 ms" not in shown
        pair = ReplayPair.objects.get(pk=page.context["ballot"].pair_id)
        first = "It is in" in page.context["ballot"].a
        assert first == pair.swapped
        vote = {"pair": str(pair.pk), "choice": "a"}
        ada.post(address, vote)
        ada.post(address, vote)
        choice = ReplayVote.objects.get(pair=pair).choice
        assert choice == ("candidate" if pair.swapped else "original")
        meant.add((pair.call, pair.candidate))
    assert len(meant) == 4
    assert "You have decided every pair" in flat(ada.get(address))
    assert ReplayVote.objects.count() == 4
    rated = Vote.objects.filter(blind=True, tags=["replay"])
    assert rated.count() == 2  # those of the model against itself rate nobody
    assert {tuple(vote.model_names) for vote in rated} == {("sim-swift", "sim-sage")}
    assert all(vote.answers == ["", ""] and not vote.prompt for vote in rated)


def shown_to(person: Client, replay: Replay, position: int) -> tuple[str, str, list[str]]:
    """The report, a call's dialog, and the CSV's lines of that call."""
    address = f"/replays/{replay.pk}/"
    page = person.get(address).content.decode()
    dialog = person.get(f"{address}calls/{position}/").content.decode()
    export = person.get(f"{address}export/").content.decode().splitlines()
    return page, dialog, [line for line in export if line.startswith(f"{position + 1},")]


def vote(person: Client, replay: Replay, choice: str = "a") -> int:
    """Vote on the person's next pair; the position of its call."""
    address = f"/replays/{replay.pk}/vote/"
    pair = ReplayPair.objects.get(pk=person.get(address).context["ballot"].pair_id)
    person.post(address, {"pair": str(pair.pk), "choice": choice})
    return pair.call


def test_answers_are_covered_for_who_has_yet_to_vote_on_them(ours: Team, ada: Client) -> None:
    for number in range(3):
        recorded(ours, answer=f"Recorded answer {number}.")
    replay = started(ada, people="2")
    answer_all(replay, "The candidate speaks.")
    texts = [call.answer["text"] for call in replay.calls.all()]
    sample = set(ReplayPair.objects.values_list("call", flat=True))
    (free,) = {0, 1, 2} - sample

    page, dialog, lines = shown_to(ada, replay, free)
    assert page.count("The candidate speaks.") == page.count("Recorded answer") == 1
    assert "Vote first" in page
    assert f"/replays/{replay.pk}/vote/" in page
    assert "The candidate speaks." in dialog
    assert "Vote first" not in dialog
    assert lines[0].endswith(",False")

    for position in sample:
        page, dialog, (line,) = shown_to(ada, replay, position)
        for shown in (page, dialog, line):
            assert texts[position] not in shown
        for shown in (dialog, line):
            assert "The candidate speaks." not in shown
            figures = re.sub(r"<time.*?</time>|[0-9a-f-]{36}|[0-9T:.+-]{20,}", "", shown)
            assert "50" not in figures, shown
        assert "Vote first" in dialog
        assert line.endswith(",True")


def test_the_last_vote_uncovers_everything(ours: Team, ada: Client) -> None:
    for number in range(2):
        recorded(ours, answer=f"Recorded answer {number}.")
    replay = started(ada, people="2")
    answer_all(replay, "The candidate speaks.")
    voted = vote(ada, replay)
    page, dialog, (line,) = shown_to(ada, replay, voted)
    assert page.count("The candidate speaks.") == 1
    assert "The candidate speaks." in dialog
    assert line.endswith(",False")
    assert "After your votes" in page
    vote(ada, replay)
    page, _, _ = shown_to(ada, replay, voted)
    assert page.count("The candidate speaks.") == page.count("Recorded answer") == 2
    assert "Vote first" not in page
    assert "After your votes" not in page


def test_how_others_voted_is_held_back_until_ones_own_last_vote(ours: Team, ada: Client) -> None:
    for _ in range(2):
        recorded(ours)
    replay = started(ada, people="1")
    answer_all(replay)
    bob = person_in(ours, "member", "bob")
    assert "What this says" in shown_to(bob, replay, 0)[0]
    position = vote(ada, replay, "tie")
    page, dialog, (line,) = shown_to(bob, replay, position)
    assert "1 person has voted" in flat(bob.get(f"/replays/{replay.pk}/"))
    assert "0 won, 1 tied" not in page
    assert "What this says" not in page
    assert "People:" not in dialog
    assert ",0,0,0," in line
    vote(bob, replay, "tie")
    page, dialog, (line,) = shown_to(bob, replay, position)
    assert "0 won, 2 tied" in page
    assert "What this says" in page
    assert "People:" in dialog
    assert ",0,0,2," in line


def test_a_skipped_pair_is_decided_and_counts_nowhere(ours: Team, ada: Client) -> None:
    for _ in range(2):
        recorded(ours)
    replay = started(ada, people="2")
    answer_all(replay)
    first = vote(ada, replay, "skipped")
    assert "Pair 2 of 2." in flat(ada.get(f"/replays/{replay.pk}/vote/"))
    assert ada.get(f"/replays/{replay.pk}/").context["ballots"].voters == 0
    vote(ada, replay, "tie")
    assert "You have decided every pair" in flat(ada.get(f"/replays/{replay.pk}/vote/"))
    (sums,) = ada.get(f"/replays/{replay.pk}/").context["result"].candidates
    assert (sums.people.total, sums.people.ties) == (1, 1)
    assert Vote.objects.filter(tags=["replay"]).count() == 1
    page, _, lines = shown_to(ada, replay, first)
    assert "skipped" not in page
    assert lines


def test_viewers_see_all_answers_and_votes(ours: Team, ada: Client) -> None:
    recorded(ours, answer="Recorded answer.")
    replay = started(ada, people="1")
    answer_all(replay, "The candidate speaks.")
    vote(ada, replay, "tie")
    for shown in shown_to(person_in(ours, "viewer", "vic"), replay, 0):
        assert "Recorded answer." in str(shown)
        assert "The candidate speaks." in str(shown)
        assert "Vote first" not in str(shown)
    page = flat(person_in(ours, "viewer", "una").get(f"/replays/{replay.pk}/"))
    assert "0 won, 1 tied" in page
    assert "1 pair for members to vote on; 1 person has voted." in page


def test_the_recorded_answer_is_covered_before_the_candidate_has_answered(
    ours: Team, ada: Client
) -> None:
    recorded(ours, answer="Recorded answer.")
    replay = started(ada, people="1")
    for shown in shown_to(ada, replay, 0):
        assert "Recorded answer." not in str(shown)
    replay.job.items.update(status=ItemStatus.FAILED)
    Job.objects.filter(pk=replay.job_id).update(status=JobStatus.DONE, ended_at=timezone.now())
    for shown in shown_to(ada, replay, 0):  # there will be no pair
        assert "Recorded answer." in str(shown)


def test_a_vote_on_nonsense_is_refused(ours: Team, ada: Client) -> None:
    recorded(ours)
    replay = started(ada, people="1")
    answer_all(replay)
    address = f"/replays/{replay.pk}/vote/"
    pair = str(ReplayPair.objects.get().pk)
    assert "not there any more" in flat(
        ada.post(address, {"pair": "x", "choice": "a"}, follow=True)
    )
    assert "Choose A, B" in flat(ada.post(address, {"pair": pair, "choice": "c"}, follow=True))
    assert not ReplayVote.objects.exists()
