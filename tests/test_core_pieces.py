"""Small pieces on which much stands: masking, deadlines, rows that a late start can't undo."""

import asyncio

import pytest

from llmhub.core.deadline import deadline
from llmhub.core.errors import mask
from llmhub.usage.models import RequestLog
from llmhub.usage.records import Record
from llmhub.usage.writer import Writer, connection_of_this_thread


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("key sk-abcdefgh12345 refused", "key *** refused"),
        ("gsk_no but gsk-abcdefgh12345", "gsk_no but ***"),
        ("Authorization: Bearer abcdef.ghi_jkl", "Authorization: Bearer ***"),
        ("AIzaSyA1234567890", "***"),
        ("a task-oriented-description, risk-averse", "a task-oriented-description, risk-averse"),
        ("Incorrect API key provided.", "Incorrect API key provided."),
        ("two: hub-aaaaaaaaaa and hub-bbbbbbbbbb", "two: *** and ***"),
        ("short sk-abc", "short sk-abc"),
    ],
)
def test_keys_are_masked_and_nothing_else(text: str, shown: str) -> None:
    assert mask(text) == shown


async def test_deadline_raises_when_time_is_over() -> None:
    with pytest.raises(TimeoutError), deadline(0.01):
        await asyncio.Event().wait()
    assert asyncio.current_task().cancelling() == 0


async def test_deadline_lets_through_what_is_in_time() -> None:
    with deadline(5):
        await asyncio.sleep(0)


async def test_cancellation_from_outside_stays_one() -> None:
    async def waits() -> None:
        with deadline(5):
            await asyncio.Event().wait()

    task = asyncio.create_task(waits())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.django_db(transaction=True)
def test_late_start_does_not_undo_the_end() -> None:
    writer = Writer(connection_of_this_thread)
    record = Record(source="api", operation="chat", stream=False, model="m")
    late = Record(source="api", operation="chat", stream=False, model="m", id=record.id)
    record.status, record.output_tokens = "success", 5
    writer.commit([record], [record])
    writer.commit([late], [])
    row = RequestLog.objects.get(pk=record.id)
    assert (row.status, row.output_tokens) == ("success", 5)


@pytest.mark.django_db(transaction=True)
def test_end_updates_the_start() -> None:
    writer = Writer(connection_of_this_thread)
    record = Record(source="api", operation="chat", stream=False, model="m")
    writer.commit([record], [])
    assert RequestLog.objects.get(pk=record.id).status == "running"
    record.status = "success"
    writer.commit([record], [record])
    assert RequestLog.objects.get(pk=record.id).status == "success"
