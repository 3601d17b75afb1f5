"""Answers of the playground are saved together, and one that can't be saved is alone with that."""

import asyncio
from uuid import UUID

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth import get_user_model
from django.db import DatabaseError

from llmhub.teams.models import Team
from playground.answer_writer import AnswerWriter
from playground.models import Answer, Column, Comparison, Turn

pytestmark = pytest.mark.django_db(transaction=True)


@database_sync_to_async
def make_answers(number: int) -> list[UUID]:
    team = Team.objects.create(name="Writer", slug="writer")
    owner = get_user_model().objects.create_user("writer")
    comparison = Comparison.objects.create(team=team, owner=owner)
    turn = Turn.objects.create(comparison=comparison, prompt="?")
    columns = [
        Column.objects.create(comparison=comparison, position=n, model="m") for n in range(number)
    ]
    return [Answer.objects.create(turn=turn, column=column).pk for column in columns]


async def contents(answers: list[UUID]) -> list[str]:
    found = {row.pk: row.content async for row in Answer.objects.all()}
    return [found[answer] for answer in answers]


async def test_all_are_in_the_database_when_their_saves_return() -> None:
    answers, writer = await make_answers(20), AnswerWriter()
    await asyncio.gather(*(writer.save(a, content=f"text {n}") for n, a in enumerate(answers)))
    assert await contents(answers) == [f"text {n}" for n in range(20)]


async def test_newest_text_wins() -> None:
    (answer,), writer = await make_answers(1), AnswerWriter()
    saves = [asyncio.create_task(writer.save(answer, content=f"{n}")) for n in range(5)]
    await asyncio.gather(*saves)
    assert await contents([answer]) == ["4"]


async def test_one_that_can_not_be_saved_takes_no_other_along() -> None:
    answers, writer = await make_answers(3), AnswerWriter()
    wrong = {"x": object()}  # no JSON
    saves = [
        writer.save(answers[0], content="first"),
        writer.save(answers[1], metrics=wrong),
        writer.save(answers[2], content="third"),
    ]
    ends = await asyncio.gather(*saves, return_exceptions=True)
    assert [type(end) for end in ends] == [type(None), DatabaseError, type(None)]
    assert await contents(answers) == ["first", "", "third"]


async def test_save_that_is_cancelled_leaves_the_others_alone() -> None:
    answers, writer = await make_answers(2), AnswerWriter()
    first = asyncio.create_task(writer.save(answers[0], content="first"))
    second = asyncio.create_task(writer.save(answers[1], content="second"))
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert (await contents(answers))[1] == "second"
