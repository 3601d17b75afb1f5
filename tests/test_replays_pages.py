"""Pages of replays: which calls are taken, whose they are, what is refused and where."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from llmhub.jobs.models import ItemStatus, Job, JobStatus
from llmhub.teams.models import Team
from llmhub.usage.models import RequestBody, RequestLog
from playground.models import Vote
from playground.replays import results, retention
from playground.replays.models import Replay, ReplayPair, ReplayVote
from providers.models import Credential, Deployment, ModelMap
from tests.team_pages import person_in
from tests.usage_calls import make_call

pytestmark = pytest.mark.django_db(transaction=True)

CHAT = {"model": "sim-swift", "messages": [{"role": "user", "content": "Where is the Rhine?"}]}


@pytest.fixture(autouse=True)
def models() -> None:
    """Two simulated models, and one whose price nobody knows."""
    simulator = Credential.objects.create(name="simulator", kind="simulator")
    unpriced = Credential.objects.create(name="private", kind="openai", api_key="sk-1")
    served = [("sim-swift", simulator), ("sim-sage", simulator), ("mystery", unpriced)]
    for name, credential in served:
        model_map = ModelMap.objects.create(name=name)
        Deployment.objects.create(model_map=model_map, credential=credential, upstream_model=name)


@pytest.fixture
def ours() -> Team:
    return Team.objects.create(name="Ours", slug="ours")


@pytest.fixture
def ada(ours: Team) -> Client:
    """A member's browser."""
    return person_in(ours, "member", "ada")


def flat(answer: Any) -> str:
    text = re.sub(r"<[^>]+>", " ", answer.content.decode()).replace("&#x27;", "'")
    return re.sub(r"\s+", " ", text)


def recorded(team: Team, request: Any = CHAT, answer: Any = "In Europe.", **fields: Any) -> Any:
    """A call of the team with its texts; without `request`, the texts were not kept."""
    minutes = RequestLog.objects.count()
    call = make_call(
        timezone.now() - timedelta(minutes=minutes),
        **{"team_id": team.pk, "model": "sim-swift", "cost": "0.01", "latency_ms": 100.0, **fields},
    )
    if request is not None:
        kept = request if isinstance(request, str) else json.dumps(request)
        said = json.dumps({"role": "assistant", "content": answer})
        RequestBody.objects.create(
            call=call, created_at=call.created_at, request=kept, response=said
        )
    return call


def form(**fields: Any) -> dict[str, Any]:
    """What the form of a new replay sends."""
    return {"model": "sim-swift", "number": "10", "candidate": ["sim-sage"], **fields}


def started(client: Client, **fields: Any) -> Replay:
    """A replay that no worker has seen yet."""
    answer = client.post("/replays/new/", form(**fields))
    assert answer.status_code == 302, flat(answer)
    return Replay.objects.latest("created_at")


def answer_all(replay: Replay, text: str = "It is in Europe, from Switzerland to the sea.") -> None:
    """Answer as a worker would, and end the job."""
    for item in replay.job.items.all():
        item.status, item.result = ItemStatus.DONE, {"text": text, "tools": []}
        item.call_id, item.cost = make_call(team_id=replay.team_id).pk, "0.002"
        item.ref["measured"] = {"latency_ms": 50.0, "agreement": 0.25, "measure": "words"}
        item.save()
    Job.objects.filter(pk=replay.job_id).update(status=JobStatus.DONE, ended_at=timezone.now())
    results.summarise(Replay.objects.get(pk=replay.pk))


def test_the_empty_page_leads_to_the_first_replay(ada: Client) -> None:
    assert "No replays yet" in flat(ada.get("/replays/"))
    assert "Choose the model whose calls are replayed." in flat(ada.get("/replays/new/"))


# --- Which calls ----------------------------------------------------------------------------------


def test_calls_that_cant_be_replayed_are_counted_with_the_reason(ours: Team, ada: Client) -> None:
    recorded(ours)
    recorded(ours, status="error")
    recorded(ours, request=None)
    recorded(ours, request={"model": "sim-swift", "temperature": 1})
    recorded(ours, operation="embedding", request={"input": "x"})
    recorded(ours, cache="hit")
    recorded(ours, searches=1)
    recorded(ours, tags=["replay"])
    recorded(ours, request='{"messages": … [cut off here]')
    recorded(ours, request="Where is the Rhine?")
    recorded(ours, request={**CHAT, "n": 2})
    file = {"type": "file", "file": {"file_id": "file-1"}}
    recorded(ours, request={"messages": [{"role": "user", "content": [file]}]})
    page = flat(ada.get("/replays/new/", form()))
    assert "1 call to replay of 10 wanted. 11 passed over:" in page
    for reason in (
        "1 did not succeed",
        "2 request or answer not kept",
        "1 not a chat (embeddings)",
        "1 answered from the cache",
        "1 had a web search",
        "1 made by a replay",
        "1 too long to be kept whole",
        "1 can’t be read as a chat",
        "1 asked for several answers at once",
        "1 with files that are not in the request",
    ):
        assert reason in page, reason


def test_the_last_calls_are_taken_or_a_sample_that_stays_the_same(ours: Team, ada: Client) -> None:
    calls = [recorded(ours) for _ in range(20)]
    last = started(ada, number="3")
    assert [call.call_id for call in last.calls.all()] == [c.pk for c in reversed(calls[:3])]
    samples = [
        set(started(ada, number="5", order="random").calls.values_list("call_id", flat=True))
        for _ in range(2)
    ]
    assert samples[0] == samples[1]
    assert samples[0] != {call.pk for call in calls[:5]}


def test_filters_of_the_explorer_are_carried_over(ours: Team, ada: Client) -> None:
    recorded(ours, tags=["shop"])
    recorded(ours, tags=["shop"], source="playground")
    recorded(ours)
    explorer = ada.get("/calls/", {"model": "sim-swift", "tag": "shop", "source": "api"})
    address = re.search(r'href="(/replays/new/[^"]+)"', explorer.content.decode())
    assert address
    page = ada.get(address[1].replace("&amp;", "&"))
    assert "1 call to replay of 100 wanted." in flat(page)
    assert '<option value="shop" selected>' in page.content.decode()


@pytest.mark.parametrize(
    "request_body",
    [
        {"max_tokens": 9, "system": "Be brief.", "messages": CHAT["messages"]},
        {"input": "Where is the Rhine?", "instructions": "Be brief."},
        {"prompt": "Where is the Rhine?", "max_tokens": 9},
    ],
)
def test_calls_of_other_wires_are_asked_as_chats(
    ours: Team, ada: Client, request_body: dict[str, Any]
) -> None:
    recorded(ours, request={"model": "sim-swift", "stream": True, **request_body})
    (item,) = started(ada).job.items.all()
    body = item.body
    assert body["messages"][-1] == CHAT["messages"][0]
    assert (body["messages"][0]["role"] == "system") is ("prompt" not in request_body)
    assert body["model"] == "sim-sage"
    assert "stream" not in body


def test_a_response_that_goes_on_from_another_cant_be_replayed(ours: Team, ada: Client) -> None:
    recorded(ours, request={"input": "And then?", "previous_response_id": "resp_1"})
    assert "1 can’t be read as a chat" in flat(ada.get("/replays/new/", form()))


def test_a_request_is_asked_as_it_was(ours: Team, ada: Client) -> None:
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    recorded(ours, request={**CHAT, "temperature": 0.3, "tools": [tool], "stream": True, "n": 1})
    (item,) = started(ada).job.items.all()
    assert item.body == {**CHAT, "model": "sim-sage", "temperature": 0.3, "tools": [tool]}


# --- Whose ----------------------------------------------------------------------------------------


def test_replays_of_another_team_are_not_there(ours: Team, ada: Client) -> None:
    recorded(ours)
    replay = started(ada, people="1")
    theirs = Team.objects.create(name="Theirs", slug="theirs")
    eve = person_in(theirs, "owner", "eve")
    assert "sim-swift" not in flat(eve.get("/replays/"))
    parts = ("", "progress/", "cancel/", "rerun/", "delete/", "export/", "vote/", "calls/0/")
    for part in parts:
        address = f"/replays/{replay.pk}/{part}"
        assert eve.get(address).status_code in (404, 405), part
        assert eve.post(address).status_code in (404, 405), part
    page = flat(eve.get("/replays/new/", form()))
    assert "There is no call of sim-swift that these filters let through." in page
    assert eve.get("/replays/new/?team=ours").status_code == 404
    assert Replay.objects.filter(pk=replay.pk).exists()


def test_viewers_look_on(ours: Team, ada: Client) -> None:
    recorded(ours)
    replay = started(ada, people="1")
    answer_all(replay)
    viewer = person_in(ours, "viewer")
    page = flat(viewer.get(f"/replays/{replay.pk}/"))
    assert "1 of 1 answered" in page
    assert "Delete" not in page
    assert "New replay" not in flat(viewer.get("/replays/"))
    assert "Replay these calls" not in flat(viewer.get("/calls/"))
    assert "as a viewer" in flat(viewer.get(f"/replays/{replay.pk}/vote/"))
    assert viewer.get(f"/replays/{replay.pk}/export/").status_code == 200
    assert viewer.get("/replays/new/").status_code == 403
    assert viewer.post("/replays/estimate/", form()).status_code == 403
    assert viewer.post("/replays/new/", form()).status_code == 403
    for part in ("cancel/", "rerun/", "delete/", "vote/"):
        assert viewer.post(f"/replays/{replay.pk}/{part}").status_code == 403, part


# --- What is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"model": ""}, "Choose the model whose calls are to be replayed."),
        ({"model": "unheard"}, "There is no call of unheard that these filters let through."),
        ({"number": "501"}, "A whole number from 1 to 500; this is '501'."),
        ({"number": "0"}, "A whole number from 1 to 500; this is '0'."),
        ({"number": "²"}, "A whole number from 1 to 500"),
        ({"candidate": []}, "Choose one candidate at least."),
        ({"candidate": [f"m{n}" for n in range(6)]}, "5 candidates at most."),
        ({"candidate": ["sim-sage", "sim-sage"]}, "A candidate is named twice."),
        ({"candidate": ["nonsense"]}, "nonsense"),
        ({"judge_model": "nonsense"}, "nonsense"),
        ({"judged": "-1"}, "A whole number from 1 to 500; this is '-1'."),
        ({"people": "many"}, "A whole number from 0 to 500; this is 'many'."),
        ({"judge_prompt": "Say A."}, "The prompt must have {{answer_a}} in it."),
        ({"period": "never"}, "There is no period 'never'"),
    ],
)
def test_bad_input_is_refused_at_its_field(
    ours: Team, ada: Client, fields: dict[str, Any], problem: str
) -> None:
    recorded(ours)
    answer = ada.post("/replays/new/", form(**fields))
    assert answer.status_code == 400
    errors = re.findall(r'id="problem-(\w+)" role="alert">([^<]+)', answer.content.decode())
    assert problem in errors[0][1].replace("&#x27;", "'"), errors
    assert errors[0][0] in fields
    assert not Replay.objects.exists()
    assert not Job.objects.exists()


def test_calls_that_are_too_long_together_are_refused(
    ours: Team, ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(ours)
    monkeypatch.setattr("playground.replays.running.MOST_CHARACTERS", 10)
    answer = ada.post("/replays/new/", form())
    assert "Take fewer calls." in flat(answer)
    assert not Job.objects.exists()


def test_the_estimate_counts_calls_and_says_what_is_unknown(ours: Team, ada: Client) -> None:
    for _ in range(4):
        recorded(ours)
    asked = form(candidate=["sim-sage", "mystery"], judge_model="sim-swift", judged="3")
    page = flat(ada.post("/replays/estimate/", asked))
    assert re.search(r"sim-sage 4 \$0\.\d+", page)
    assert re.search(r"mystery 4 unknown", page)
    assert re.search(r"sim-swift judge 12 \$0\.\d+", page)
    assert re.search(r"Together 20 \$0\.\d+ \+ unknown", page)
    assert "The price of mystery is not known." in page
    assert "The recorded calls cost $0.040" in page
    recorded(ours, cost=None)
    assert "The recorded calls cost unknown." in flat(ada.post("/replays/estimate/", asked))


# --- The report -----------------------------------------------------------------------------------


def test_the_report_compares_like_with_like(ours: Team, ada: Client) -> None:
    for number in range(40):
        recorded(ours, stream=number < 10, latency_ms=5.0 if number < 10 else 100.0)
    replay = started(ada, number="40")
    answer_all(replay)
    page = flat(ada.get(f"/replays/{replay.pk}/"))
    assert "sim-sage would have cost 80% less (95%: 80%–80%) over these 40 calls." in page
    assert "Its answers took 50% less time (95%: 50%–50%) at the median (30 calls)." in page
    assert "Nobody has compared the answers" in page
    assert "10 of the recorded calls were streamed" in page
    assert "no evidence of quality" in page


def test_streamed_calls_alone_give_no_latency_to_compare(ours: Team, ada: Client) -> None:
    recorded(ours, stream=True)
    replay = started(ada)
    answer_all(replay)
    page = flat(ada.get(f"/replays/{replay.pk}/"))
    assert "Speed can't be compared" in page
    assert "Preliminary: 1 call is too few to go by; take 30 at least." in page


def test_an_unknown_cost_stays_unknown(ours: Team, ada: Client) -> None:
    recorded(ours)
    recorded(ours, cost=None)
    replay = started(ada)
    answer_all(replay)
    replay.job.items.update(cost=None)
    results.summarise(Replay.objects.get(pk=replay.pk))
    page = flat(ada.get(f"/replays/{replay.pk}/"))
    assert "unknown together" in page
    assert "$0.0100 + 1 unknown together" in page
    assert "can't be compared" in page


def test_the_export_quotes_formulas(ours: Team, ada: Client) -> None:
    recorded(ours, answer="=1+1")
    replay = started(ada)
    answer_all(replay, "@sum")
    lines = ada.get(f"/replays/{replay.pk}/export/").content.decode()
    assert "'=1+1" in lines
    assert "'@sum" in lines


def test_a_replay_under_way_is_not_deleted(ours: Team, ada: Client) -> None:
    recorded(ours)
    replay = started(ada)
    said = flat(ada.post(f"/replays/{replay.pk}/delete/", follow=True))
    assert "The replay is under way. Cancel it first." in said
    answer_all(replay)
    ada.post(f"/replays/{replay.pk}/delete/")
    assert not Replay.objects.exists()
    assert not Job.objects.exists()
    assert RequestLog.objects.exists()


# --- Blind votes ----------------------------------------------------------------------------------


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
    assert "Every pair has your vote" in flat(ada.get(address))
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
            assert "50" not in re.sub(r"[0-9a-f-]{36}|[0-9T:.+-]{20,}", "", shown), shown
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


# --- Retention ------------------------------------------------------------------------------------


def test_texts_go_when_their_teams_time_is_over_and_figures_stay(ours: Team, ada: Client) -> None:
    recorded(ours)
    old = recorded(ours, answer="An old secret.")
    replay = started(ada, people="2")
    answer_all(replay, "Another secret.")
    old_call = replay.calls.get(call_id=old.pk)
    old_call.called_at = timezone.now() - timedelta(days=ours.retention_days + 1)
    old_call.save()
    assert retention.forget_expired() == 1
    assert retention.forget_expired() == 0
    items = {item.ref["call"]: item for item in replay.job.items.all()}
    gone, kept = items[old_call.position], items[1 - old_call.position]
    assert (gone.body, gone.result) == ({}, None)
    assert kept.result["text"] == "Another secret."
    page = flat(ada.get(f"/replays/{replay.pk}/"))
    assert "An old secret." not in page
    assert "Deleted: its time is over." in page
    assert "2 of 2 answered" in page
    call = ada.get(f"/replays/{replay.pk}/calls/{old_call.position}/")
    assert "The texts of this call were deleted" in flat(call)
    assert "Pair 1 of 1." in flat(ada.get(f"/replays/{replay.pk}/vote/"))
    assert "secret" not in ada.get(f"/replays/{replay.pk}/export/").content.decode().split("\n")[1]
