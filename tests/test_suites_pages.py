"""Pages of suites: whose they are, who may change them, rows from CSV and back."""

import csv
import io
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from llmhub.jobs.models import Job
from llmhub.teams.models import Team
from playground.suites import assertions, definition, editing, results
from playground.suites.editing import NotInSuiteError
from playground.suites.models import Suite, SuiteRow, SuiteRun
from tests.team_pages import person_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ours() -> Team:
    return Team.objects.create(name="Ours", slug="ours")


@pytest.fixture
def ada(ours: Team) -> Client:
    """A member's browser."""
    return person_in(ours, "member", "ada")


@pytest.fixture
def suite(ours: Team) -> Suite:
    return Suite.objects.create(team=ours, name="Rivers", prompt="Where is {{river}}?")


def flat(answer: Any) -> str:
    text = re.sub(r"<[^>]+>", " ", answer.content.decode()).replace("&#x27;", "'")
    return re.sub(r"\s+", " ", text)


def bring(client: Client, suite: Suite, text: str, mode: str = "replace") -> Any:
    """Import rows from pasted text."""
    return client.post(f"/suites/{suite.pk}/import/", {"text": text, "mode": mode})


def exported(client: Client, suite: Suite) -> list[dict[str, str]]:
    content = client.get(f"/suites/{suite.pk}/rows.csv").content.decode()
    return list(csv.DictReader(io.StringIO(content)))


def test_the_empty_page_leads_to_an_example(ada: Client) -> None:
    assert "No suites yet" in flat(ada.get("/suites/"))
    answer = ada.post("/suites/new/", {"example": "1"}, follow=True)
    assert "Example: rivers" in flat(answer)
    assert "what a delta is" in flat(answer)


def test_suites_of_another_team_are_not_there(ada: Client, suite: Suite) -> None:
    theirs = Team.objects.create(name="Theirs", slug="theirs")
    eve = person_in(theirs, "owner", "eve")
    assert "Rivers" not in flat(eve.get("/suites/"))
    paths = ("", "change/", "delete/", "run/", "import/", "rows.csv", "assertions/", "rows/")
    for path in (*paths, "models/new/"):
        address = f"/suites/{suite.pk}/{path}"
        assert eve.get(address).status_code in (404, 405), path
        assert eve.post(address, {"name": "Mine"}).status_code in (404, 405), path
    suite.refresh_from_db()
    assert suite.name == "Rivers"


def test_viewers_look_on(ours: Team, suite: Suite) -> None:
    viewer = person_in(ours, "viewer")
    page = flat(viewer.get(f"/suites/{suite.pk}/"))
    assert "as a viewer" in page
    assert "Add row" not in page
    assert viewer.get(f"/suites/{suite.pk}/rows.csv").status_code == 200
    for path in ("change/", "delete/", "run/", "import/", "assertions/", "rows/", "models/new/"):
        assert viewer.post(f"/suites/{suite.pk}/{path}", {"name": "Mine"}).status_code == 403, path
    assert viewer.post("/suites/new/", {"name": "Mine"}).status_code == 403
    assert Suite.objects.get().name == "Rivers"


def test_pages_need_somebody_signed_in(client: Client, suite: Suite) -> None:
    for path in ("/suites/", f"/suites/{suite.pk}/", f"/suites/{suite.pk}/rows.csv"):
        assert client.get(path).status_code == 302


def test_a_suite_is_written_on_its_pages(ada: Client, suite: Suite) -> None:
    base = f"/suites/{suite.pk}"
    model = {"model": "sim-swift", "temperature": "0.5", "more": '{"stop": ["x"]}'}
    assert ada.post(f"{base}/models/new/", model).status_code == 302
    assert ada.post(f"{base}/rows/", {"value-river": "the Nile"}).status_code == 302
    assert ada.post(f"{base}/assertions/", {"type": "contains", "value": "x"}).status_code == 302
    suite.refresh_from_db()
    assert suite.columns[0]["parameters"] == {"temperature": 0.5, "stop": ["x"]}
    row = suite.rows.get()
    assert row.values == {"river": "the Nile"}
    ada.post(f"{base}/rows/{row.pk}/assertions/", {"type": "max_words", "value": "5"})
    page = flat(ada.get(f"{base}/"))
    assert "temperature 0.5" in page
    assert "Words, at most 5" in page
    ada.post(f"{base}/rows/{row.pk}/assertions/0/remove/")
    ada.post(f"{base}/assertions/0/remove/")
    ada.post(f"{base}/models/{suite.columns[0]['id']}/remove/")
    ada.post(f"{base}/rows/{row.pk}/remove/")
    suite.refresh_from_db()
    assert (suite.columns, suite.assertions, suite.rows.count()) == ([], [], 0)
    assert "Add a model first." in flat(ada.get(f"{base}/"))


def test_what_does_not_fit_is_refused_where_it_was_typed(ada: Client, suite: Suite) -> None:
    base = f"/suites/{suite.pk}"
    answer = ada.post(f"{base}/assertions/", {"type": "regex", "value": "(oops"})
    assert answer.status_code == 400
    assert "this expression can't be used" in flat(answer)
    assert "(oops</textarea>" in answer.content.decode()
    answer = ada.post(f"{base}/models/new/", {"model": "m", "more": "{"})
    assert "This is not JSON" in flat(answer)
    answer = ada.post(f"{base}/models/new/", {"model": "m", "more": '{"stop": 5}'})
    assert answer.status_code == 400
    answer = ada.post(f"{base}/change/", {"judge_model": "m", "judge_prompt": "Good?"})
    assert answer.status_code == 400
    assert "must have {{answer}} in it" in flat(answer)
    assert Suite.objects.get().assertions == []


def test_what_is_too_much_is_refused_in_words(
    ada: Client, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = f"/suites/{suite.pk}"
    monkeypatch.setattr(editing, "MOST_COLUMNS", 1)
    monkeypatch.setattr(editing, "MOST_ROWS", 1)
    monkeypatch.setattr(editing, "MOST_SUITES", 1)
    monkeypatch.setattr(assertions, "MOST", 1)
    for path, form, said in (
        ("models/new/", {"model": "m"}, "A suite has 1 models at most."),
        ("rows/", {"value-river": "x"}, "A suite has 1 rows at most."),
        ("assertions/", {"type": "contains", "value": "x"}, "1 assertions at most."),
    ):
        assert ada.post(f"{base}/{path}", form).status_code == 302
        answer = ada.post(f"{base}/{path}", form)
        assert answer.status_code == 400
        assert said in flat(answer)
    answer = ada.post("/suites/new/", {"name": "One more"}, follow=True)
    assert "Your team has many suites already." in flat(answer)


def test_a_model_that_somebody_else_removed_is_not_saved(ada: Client, suite: Suite) -> None:
    with pytest.raises(NotInSuiteError):
        editing.save_column(suite.pk, "gone", model="m", system_prompt="", parameters={})
    assert ada.post(f"/suites/{suite.pk}/models/gone/", {"model": "m"}).status_code == 404
    assert Suite.objects.get().columns == []


def test_a_judge_needs_a_model(ada: Client, suite: Suite) -> None:
    base = f"/suites/{suite.pk}"
    ada.post(f"{base}/models/new/", {"model": "sim-swift"})
    ada.post(f"{base}/rows/", {"value-river": "the Nile"})
    ada.post(f"{base}/assertions/", {"type": "judge", "value": "is polite"})
    assert "Choose a model that judges first." in flat(ada.get(f"{base}/"))
    answer = ada.post(f"{base}/run/", follow=True)
    assert "Choose a model that judges first." in flat(answer)
    assert suite.runs.count() == 0


def test_runs_are_the_teams_and_viewers_change_none(ours: Team, ada: Client, suite: Suite) -> None:
    SuiteRow.objects.create(suite=suite, position=0, values={"river": "the Nile"})
    job = Job.objects.create(team=ours, kind="matrix", status="done")
    run = SuiteRun.objects.create(suite=suite, job=job, definition=definition.written(suite))
    base = f"/suites/runs/{run.pk}"
    eve = person_in(Team.objects.create(name="Theirs", slug="theirs"), "owner", "eve")
    for path in ("", "progress/", "cells/0/", "export/"):
        assert eve.get(f"{base}/{path}").status_code == 404, path
    viewer = person_in(ours, "viewer")
    page = flat(viewer.get(f"{base}/"))
    assert "Rivers" in page
    assert "New run" not in page
    assert "New run" in flat(ada.get(f"{base}/"))
    assert ada.get(f"{base}/cells/0/").status_code == 404
    for path in ("cancel/", "rerun/"):
        assert eve.post(f"{base}/{path}").status_code == 404, path
        assert viewer.post(f"{base}/{path}").status_code == 403, path


def test_a_run_is_compared_with_the_last_one_that_has_ended(ours: Team, suite: Suite) -> None:
    kept = definition.written(suite)
    ended, under_way, now = (
        SuiteRun.objects.create(
            suite=suite,
            job=Job.objects.create(team=ours, kind="matrix", ended_at=moment),
            definition=kept,
        )
        for moment in (timezone.now(), None, timezone.now())
    )
    assert results.previous_of(now) == ended
    assert results.previous_of(under_way) == ended
    assert results.previous_of(ended) is None


# --- CSV ------------------------------------------------------------------------------------------


def test_rows_come_back_as_they_went(ada: Client, suite: Suite) -> None:
    text = (
        "prompt,river,expected,assert:contains,assert:contains,assert:max_words\n"
        ",the Nile,Africa,a,b,9\n"
        '"Say ""hi"",\nplease",,,,,\n'
        "=1+1,'-x,-5,,+c,\n"
    )
    assert bring(ada, suite, text).status_code == 302
    once = exported(ada, suite)
    rows = [(row.prompt, row.values, row.assertions) for row in suite.rows.all()]
    assert rows[0][1] == {"river": "the Nile", "expected": "Africa"}
    assert [one["value"] for one in rows[0][2]] == ["a", "b", "9"]
    assert rows[1][0] == 'Say "hi",\nplease'
    assert rows[2][:2] == ("=1+1", {"river": "-x", "expected": "-5"})
    assert once[2]["prompt"] == "'=1+1"
    content = ada.get(f"/suites/{suite.pk}/rows.csv").content.decode()
    assert bring(ada, suite, content).status_code == 302
    assert [(row.prompt, row.values, row.assertions) for row in suite.rows.all()] == rows


def test_an_empty_cell_is_shown_in_its_place(ada: Client, suite: Suite) -> None:
    bring(ada, suite, "river,note\nthe Nile,x\n,y\nthe Rhine,\n")
    page = flat(ada.get(f"/suites/{suite.pk}/"))
    assert "2 the suite’s empty y" in page
    assert "3 the suite’s the Rhine empty" in page


def test_a_file_of_a_spreadsheet(ada: Client, suite: Suite) -> None:
    file = io.BytesIO("river;note\r\nthe Nile;größer\r\n".encode("utf-8-sig"))
    file.name = "rows.csv"
    assert ada.post(f"/suites/{suite.pk}/import/", {"file": file}).status_code == 302
    assert suite.rows.get().values == {"river": "the Nile", "note": "größer"}
    bad = io.BytesIO("river\nNile\nGrö\n".encode("latin-1"))
    bad.name = "rows.csv"
    answer = ada.post(f"/suites/{suite.pk}/import/", {"file": bad})
    assert "Line 3: this is not UTF-8." in flat(answer)


def test_a_file_with_something_wrong_changes_nothing(ada: Client, suite: Suite) -> None:
    SuiteRow.objects.create(suite=suite, position=0, values={"river": "kept"})
    for text, said in (("river\nx\ny,z\n", "Line 3, column 2"), ("", "Choose a file")):
        answer = bring(ada, suite, text)
        assert answer.status_code == 400
        assert "Nothing was imported." in flat(answer)
        assert said in flat(answer)
    assert suite.rows.get().values == {"river": "kept"}


def test_without_a_prompt_for_all_each_row_needs_one(ada: Client, suite: Suite) -> None:
    Suite.objects.update(prompt="")
    assert "there is no column “prompt”" in flat(bring(ada, suite, "river\nx\n"))
    answer = bring(ada, suite, "prompt,river\nhello,x\n,y\n")
    assert "Line 3, column 1 (prompt): the prompt is empty." in flat(answer)


def test_rows_imported_again_stay_the_same_rows(ada: Client, suite: Suite) -> None:
    bring(ada, suite, "river\nthe Nile\nthe Rhine\n")
    nile, rhine = suite.rows.all()
    bring(ada, suite, "river,assert:contains\nthe Rhine,x\nthe Nile,\nthe Po,\n")
    assert [row.pk for row in suite.rows.all()][:2] == [rhine.pk, nile.pk]
    bring(ada, suite, "river\nthe Ob\n", mode="add")
    assert [row.values["river"] for row in suite.rows.all()][-2:] == ["the Po", "the Ob"]
