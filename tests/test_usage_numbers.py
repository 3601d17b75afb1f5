"""The parts of the usage page that need no database: percentiles, periods, windows, figures."""

import json
import math
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmhub.usage import conversation, formats, periods
from llmhub.usage.queries.sketch import RELATIVE_ERROR, Sketch
from llmhub.usage.spans import DAY, FINE, HOUR, Piece, RolledUp, cover

measurements = st.lists(st.floats(min_value=0.02, max_value=1e8), min_size=1, max_size=200)
moments = st.datetimes(
    min_value=datetime(2026, 1, 1), max_value=datetime(2026, 3, 1), timezones=st.just(UTC)
)


@given(measurements, st.sampled_from([0.05, 0.5, 0.9, 0.95, 0.99, 1.0]))
def test_binned_percentile_is_within_five_percent(values: list[float], share: float) -> None:
    assert RELATIVE_ERROR < 0.05
    binned = Sketch()
    binned.add_bins(Sketch(values=list(values)).as_bins())
    exact = sorted(values)[max(1, math.ceil(share * len(values))) - 1]
    assert Sketch(values=list(values)).quantiles(share) == [exact]
    assert binned.quantiles(share)[0] == pytest.approx(exact, rel=RELATIVE_ERROR + 1e-9)


def test_merged_histograms_equal_the_histogram_of_everything() -> None:
    rng = random.Random(1)
    values = [rng.lognormvariate(6, 2) for _ in range(500)]
    merged = Sketch()
    for start in range(0, 500, 50):
        part = Sketch(values=values[start : start + 50])
        part.compact()
        merged.merge(part)
    assert merged.as_bins() == Sketch(values=values).as_bins()
    assert merged.count == 500


@given(moments, moments, moments, moments, st.sampled_from([FINE, HOUR, DAY]), st.booleans())
def test_pieces_of_a_window_touch_and_never_overlap(
    start: datetime,
    end: datetime,
    until: datetime,
    fine_from: datetime,
    coarsest: int,
    detailed: bool,
) -> None:
    start, end = sorted((start, end))
    if start == end:
        return
    until = datetime.fromtimestamp(int(until.timestamp()) // FINE * FINE, UTC)
    rolled = RolledUp(until, fine_from, (HOUR, DAY) if detailed else (FINE, HOUR, DAY))
    pieces = cover(start, end, rolled, coarsest)
    assert pieces[0].start == start
    assert pieces[-1].end == end
    for before, after in pairwise(pieces):
        assert before.end == after.start
    for piece in pieces:
        assert_can_be_read(piece, rolled, end)


def assert_can_be_read(piece: Piece, rolled: RolledUp, end: datetime) -> None:
    if piece.span is None:
        return
    assert piece.start.timestamp() % piece.span == 0
    assert piece.end <= rolled.until
    whole = piece.end.timestamp() % piece.span == 0
    assert whole or (piece.end == rolled.until and end >= rolled.until)
    assert piece.span != FINE or piece.start >= rolled.fine_from


@pytest.mark.parametrize(("name", "count"), [("1h", 60), ("24h", 48), ("7d", 84), ("90d", 90)])
def test_named_period_has_whole_steps_up_to_now(name: str, count: int) -> None:
    now = datetime(2026, 11, 21, 9, 41, 30, tzinfo=UTC)
    period = periods.named(name, now)
    assert period.end == now
    assert period.start.timestamp() % period.step.total_seconds() == 0
    assert math.ceil((period.end - period.start) / period.step) == count
    assert period.before.end - period.before.start == period.end - period.start
    assert period.start - period.before.start == count * period.step


def test_custom_period_survives_its_own_address() -> None:
    start = datetime(2026, 11, 20, 8, 0, 1, tzinfo=UTC)
    period = periods.between(start, start + timedelta(hours=30))
    assert periods.parse(period.as_query(), "24h") == period
    assert (period.end - period.start) / period.step <= periods.MOST_STEPS


@pytest.mark.parametrize(
    "query",
    [
        {"period": "1y"},
        {"start": "yesterday"},
        {"start": "2026-11-21", "end": "x"},
        {"start": "2026-11-21T10:00:00Z", "end": "2026-11-21T09:00:00Z"},
        {"start": "0001-01-01T00:00:00Z"},
        {"start": "2010-01-01T00:00:00Z", "end": "2020-01-01T00:00:00Z"},
        {"period": "custom"},
    ],
)
def test_nonsense_period_is_refused_with_a_sentence(query: dict[str, str]) -> None:
    with pytest.raises(periods.PeriodError, match=r"\.$"):
        periods.parse(query, "24h")


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, "unknown"),
        (Decimal(0), "$0"),
        (Decimal("0.0000402"), "$0.0000402"),
        (Decimal("0.12345"), "$0.123"),
        (Decimal("1234.567"), "$1,234.57"),
    ],
)
def test_money_is_never_rounded_to_nothing_and_unknown_is_said(
    amount: Decimal | None, text: str
) -> None:
    assert formats.money(amount) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (None, "–"),
        (0, "0 ms"),
        (3.14, "3.1 ms"),
        (412.4, "412 ms"),
        (4210, "4.21 s"),
        (61_000, "61.0 s"),
    ],
)
def test_durations_are_short(milliseconds: float | None, text: str) -> None:
    assert formats.duration(milliseconds) == text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("Hello", [("user", "text", "Hello")]),
        ('{"messages": [{"role": "user", "content": "Hi"}]}', [("user", "text", "Hi")]),
        (
            '{"system": "Be brief", "messages": [{"role": "user", "content": [{"type": "text",'
            ' "text": "Hi"}]}]}',
            [("system", "text", "Be brief"), ("user", "text", "Hi")],
        ),
        ('{"input": ["a", "b"]}', [("user", "text", "a"), ("user", "text", "b")]),
        ('{"messages": "nonsense", "prompt": 7}', [("user", "text", "nonsense")]),
        ('{"messages": [{"role": "user", "content": {"a": 1}}]}', [("user", "attachment", None)]),
        ("[1, 2]", [("user", "text", "[1, 2]")]),
        ("", []),
    ],
)
def test_request_is_read_as_a_conversation(body: str, said: list[tuple[str, str, str]]) -> None:
    parts = [(m.role, p.kind, p.text) for m in conversation.asked(body) for p in m.parts]
    assert [(r, k) for r, k, _ in parts] == [(r, k) for r, k, _ in said]
    assert all(
        text is None or text == got for (*_, got), (*_, text) in zip(parts, said, strict=True)
    )


@pytest.mark.parametrize(
    ("answer", "kinds"),
    [
        (
            {"choices": [{"message": {"content": "Hi", "reasoning_content": "Hm"}}]},
            "reasoning text",
        ),
        ({"content": [{"type": "thinking", "thinking": "Hm"}]}, "reasoning"),
        ({"content": [{"type": "tool_use", "name": "f", "input": {"a": 1}}]}, "tool_call"),
        ({"choices": [{"message": {"tool_calls": [{"function": {"name": "f"}}]}}]}, "tool_call"),
        ({"output": [{"type": "message", "content": [{"type": "x", "text": "Hi"}]}]}, "text"),
        ({"output": [{"type": "function_call", "name": "f", "arguments": "{}"}]}, "tool_call"),
        ({"role": "assistant", "content": "Hi"}, "text"),
        ({"choices": [{"text": "Hi"}]}, "text"),
        ({"error": {"message": "No"}}, "text"),
        ({"data": [{"embedding": [0.1]}]}, ""),
        ("plain", "text"),
    ],
)
def test_answer_is_read_as_a_conversation(answer: Any, kinds: str) -> None:
    body = answer if isinstance(answer, str) else json.dumps(answer)
    parts = [part.kind for message in conversation.answered(body) for part in message.parts]
    assert parts == kinds.split()
