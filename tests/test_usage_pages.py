"""The explorer's pages: every call once, in order, whatever is filtered and added up."""

import random
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db.models import Q
from django.utils import timezone

from llmhub.usage import periods, rollups
from llmhub.usage.models import RequestBody, RequestLog, Status
from llmhub.usage.queries import search as search_module
from llmhub.usage.queries.filters import CallFilter
from llmhub.usage.queries.pages import Cursor, Listing, cursor_of, page, walk
from llmhub.usage.queries.search import matches, search
from tests.usage_calls import make_call, make_random_call

pytestmark = pytest.mark.django_db

FILTERS = (
    CallFilter(),
    CallFilter(model="slow"),
    CallFilter(model="nowhere"),
    CallFilter(status="error", error_type="timeout"),
    CallFilter(status="running"),
    CallFilter(tag="b", provider="none"),
    CallFilter(key="none", source="api"),
    CallFilter(key="7"),
    CallFilter(user="x"),
)


@pytest.fixture
def now() -> datetime:
    """Some hours of calls before it, with ties in time, some of them still running."""
    rng = random.Random(2)
    now = timezone.now()
    for number in range(160):
        moment = now - timedelta(minutes=rng.randrange(0, 1500) * 2 + 1)
        make_random_call(moment, rng, status=Status.RUNNING if number % 9 == 0 else None)
    return now


def every_page(listing: Listing, size: int) -> list[UUID]:
    found, start = [], None
    while True:
        shown = page(Listing(listing.scope, listing.wanted, listing.period, start), size)
        found += [call.pk for call in shown.calls]
        start = shown.older
        if start is None:
            return found


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
@pytest.mark.parametrize("steps", [0, 2, 99])
def test_pages_hold_every_match_once_and_in_order(
    now: datetime, wanted: CallFilter, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollups, "STEP_CALLS", 40)
    for _ in range(steps):
        rollups.roll_step()
    period = periods.between(now - timedelta(hours=40), now - timedelta(minutes=3))
    for scope, when in ((Q(), None), (Q(team_id=1), None), (Q(), period)):
        expected = RequestLog.objects.filter(scope, wanted.condition())
        if when:
            expected = expected.filter(created_at__gte=when.start, created_at__lt=when.end)
        ordered = list(expected.order_by("-created_at", "-id").values_list("pk", flat=True))
        assert every_page(Listing(scope, wanted, when), 7) == ordered
        assert [c.pk for chunk in walk(Listing(scope, wanted, when), 11) for c in chunk] == ordered


@pytest.mark.parametrize("wanted", FILTERS[:2], ids=str)
def test_newer_leads_back_to_the_page_before(now: datetime, wanted: CallFilter) -> None:
    rollups.catch_up(seconds=5)
    first = page(Listing(Q(), wanted), 5)
    second = page(Listing(Q(), wanted, start=first.older), 5)
    third = page(Listing(Q(), wanted, start=second.older), 5)
    back = page(Listing(Q(), wanted, start=third.newer, newest_first=False), 5)
    assert back.calls == second.calls
    assert back.newer is not None
    again = page(Listing(Q(), wanted, start=back.newer, newest_first=False), 5)
    assert again.calls == first.calls
    assert again.newer is None


def test_page_does_not_shift_when_calls_come_in(now: datetime) -> None:
    first = page(Listing(Q(), CallFilter()), 5)
    expected = page(Listing(Q(), CallFilter(), start=first.older), 5).calls
    make_call(now)
    assert page(Listing(Q(), CallFilter(), start=first.older), 5).calls == expected


def test_filtered_page_reads_only_hours_that_hold_matches(
    now: datetime, django_assert_max_num_queries: object
) -> None:
    make_call(now - timedelta(days=20), model="rare")
    rollups.catch_up(seconds=5)
    make_call(now - timedelta(days=19), model="rare", status="running")
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        shown = page(Listing(Q(), CallFilter(model="rare")), 50)
    assert len(shown.calls) == 1, "a record that came late is found once it is reconciled"
    rollups.reconcile(30)
    assert len(page(Listing(Q(), CallFilter(model="rare")), 50).calls) == 2


def test_cursor_survives_its_address_and_sorts_like_calls(now: datetime) -> None:
    calls = list(RequestLog.objects.order_by("created_at", "id"))
    texts = [str(cursor_of(call)) for call in calls]
    assert texts == sorted(texts)
    assert [Cursor.parse(text) for text in texts] == [cursor_of(call) for call in calls]
    assert Cursor.parse("nonsense") is None
    assert Cursor.parse(f"{'z' * 40}-{calls[0].pk.hex}") is None


def make_said(text: str, moment: datetime) -> RequestLog:
    call = make_call(moment)
    RequestBody.objects.create(call=call, created_at=moment, request=text, response="")
    return call


def test_search_finds_text_in_bodies_errors_and_ids(now: datetime) -> None:
    said = make_said('{"content": "a \\"quoted\\" Word"}', now)
    failed = make_call(now, error_message="The upstream is on fire")
    listing = Listing(Q(), CallFilter())
    assert search(listing, "quoted", 50).calls == [said]
    assert search(listing, 'a "quoted" word', 50).calls == [said]
    assert search(listing, "ON FIRE", 50).calls == [failed]
    assert search(listing, str(said.pk), 50).calls == [said]
    assert search(listing, said.pk.hex[:10], 50).calls == [said]
    assert search(listing, "nowhere to be found", 50).finished
    assert search(Listing(Q(team_id=99), CallFilter()), str(said.pk), 50).calls == []


def test_search_goes_on_where_its_time_ended(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [make_said("needle", now - timedelta(days=n)) for n in (1, 5, 9)]
    monkeypatch.setattr(search_module, "SECONDS", 0)
    monkeypatch.setattr(search_module, "CHUNK", 20)
    found, start, rounds = [], None, 0
    while rounds == 0 or start is not None:
        answer = search(Listing(Q(), CallFilter(), start=start), "needle", 2)
        found += answer.calls
        start, rounds = answer.next, rounds + 1
    assert found == wanted
    assert rounds > 3
    assert [c for chunk in matches(Listing(Q(), CallFilter()), "needle") for c in chunk] == wanted
