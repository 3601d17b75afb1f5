"""Suites run end to end: pages over HTTP, a real worker, the simulator behind it."""

import csv
import io
import re
from itertools import count

import pytest

from tests.support.hub import Hub
from tests.support.suites import SECONDS, Suites, outcomes
from tests.support.waiting import eventually

_numbers = count(3001)


def number() -> int:
    """A number that no other test's model has."""
    return next(_numbers)


@pytest.fixture
def suites(hub: Hub) -> Suites:
    return Suites(hub)


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_prompts_times_models_with_assertions(suites: Suites, hub: Hub) -> None:
    rows = "word,expected\nriver,river\nlake,pond\n"
    address = suites.suite("sim-swift", "sim-sage", prompt="echo: a {{word}}", rows=rows)
    suites.claim(address, "contains", "{{expected}}")
    page = flat(suites.client.get(address).text)
    assert "A run makes 4 calls (2 rows × 2 models)" in page
    assert "at most" in page
    results = suites.run(address)
    assert outcomes(results) == ["passed", "passed", "failed", "failed"]
    assert results["cells"][2]["assertions"][0]["reason"] == "“pond” is not in the answer."
    assert {one["name"]: one["pass_rate"] for one in results["models"]} == {
        "sim-swift": 0.5,
        "sim-sage": 0.5,
    }
    cheap, dear = results["models"]
    assert "cost" in cheap["best"]
    assert "cost" not in dear["best"]
    (call,) = hub.calls(id=_as_stored(hub, results["cells"][0]["call_id"]))
    assert call["source"] == "playground"
    assert "matrix" in str(call["tags"])


def _as_stored(hub: Hub, identifier: str) -> str:
    return identifier if hub.database.startswith("postgres") else identifier.replace("-", "")


def test_the_page_of_a_run_shows_sums_cells_and_answers(suites: Suites) -> None:
    address = suites.suite("sim-swift", rows="prompt,assert:equals\necho: yes,yes\necho: no,yes\n")
    run = suites.start(address)
    suites.ended(run)
    page = flat(suites.client.get(run).text)
    assert "Done 1 of 2 passed (50%)" in page
    assert "✗ Failed The answer is “no”." in page
    cell = flat(suites.client.get(f"{run}cells/1/").text)
    assert "Equals yes" in cell
    assert "Answer no" in cell
    assert "1 of 2 (50%)" in flat(suites.client.get(address).text)
    assert "1 of 2 (50%)" in flat(suites.client.get("/suites/").text)


def test_errors_are_told_per_cell_and_asked_again(suites: Suites) -> None:
    flaky = f"simulator/sim-swift:fault=400,times=1,tokens={number()}"
    address = suites.suite(flaky, "nonsense-model", "sim-swift", rows="prompt\necho: hi\n")
    suites.claim(address, "contains", "hi")
    run = suites.start(address)
    results = suites.ended(run)
    assert outcomes(results) == ["error", "error", "passed"]
    assert "nonsense-model" in results["cells"][1]["error"]
    page = flat(suites.client.get(run).text)
    assert "1 of 3 passed (33%), 2 with errors" in page
    assert "Ask again: 2 without an answer or verdict" in page
    before = results["cells"][2]["call_id"]
    suites.post(f"{run}rerun/")
    again = suites.ended(run)
    assert outcomes(again) == ["passed", "error", "passed"]
    assert again["cells"][2]["call_id"] == before


def test_a_row_without_a_value_is_not_asked(suites: Suites, hub: Hub) -> None:
    rows = 'word\nriver\n""\n'
    address = suites.suite("sim-swift", prompt="echo: {{word}}", rows=rows)
    page = flat(suites.client.get(address).text)
    assert "Row 2 can't be asked: Fill in word first" in page.replace("&#x27;", "'")
    results = suites.run(address)
    assert outcomes(results) == ["answered", "error"]
    assert results["cells"][1]["error"].startswith("Fill in word first")
    assert results["cells"][1]["call_id"] == ""


def test_failed_cells_are_asked_again_when_wanted(suites: Suites) -> None:
    address = suites.suite("sim-swift", rows="prompt,assert:equals\necho: a,a\necho: b,x\n")
    run = suites.start(address)
    first = suites.ended(run)
    assert outcomes(first) == ["passed", "failed"]
    suites.post(f"{run}rerun/")
    assert suites.ended(run)["cells"][1]["call_id"] == first["cells"][1]["call_id"]
    suites.post(f"{run}rerun/", failed="1")
    second = suites.ended(run)
    assert outcomes(second) == ["passed", "failed"]
    calls = [[cell["call_id"] for cell in results["cells"]] for results in (first, second)]
    assert calls[0][0] == calls[1][0]
    assert calls[0][1] != calls[1][1]


def test_a_run_is_cancelled(suites: Suites) -> None:
    slow = f"simulator/sim-swift:ttft=60000,tokens={number()}"
    address = suites.suite("sim-swift", slow, rows="prompt\necho: hi\n")
    run = suites.start(address)
    eventually(lambda: "1 of 2 answered" in suites.progress(run).text, "an answer", SECONDS)
    moved = suites.progress(run).text
    assert "<progress" in moved
    assert "Cancel" in moved
    assert "still under way" in flat(suites.client.post(f"{run}rerun/", follow_redirects=True).text)
    suites.post(f"{run}cancel/")
    results = suites.ended(run)
    assert results["status"] == "cancelled"
    assert outcomes(results) == ["answered", "cancelled"]
    page = flat(suites.client.get(run).text)
    assert "Cancelled 1 of 2 answered" in page
    assert "Ask again: 1 without an answer or verdict" in page


def test_a_run_is_compared_with_the_one_before(suites: Suites) -> None:
    rows = "prompt,assert:contains\necho: one,one\necho: two,TWO\necho: three,three\n"
    address = suites.suite("sim-swift", rows=rows)
    first = suites.run(address)
    assert first["compared_with"] is None
    rows = "prompt,assert:contains\necho: one,ONE\necho: two,two\necho: three,three\necho: 4,4\n"
    suites.post(f"{address}import/", text=rows, mode="replace")
    run = suites.start(address)
    second = suites.ended(run)
    assert second["compared_with"] == first["run"]
    assert [cell["change"] for cell in second["cells"]] == ["worse", "better", "", "new"]
    page = flat(suites.client.get(run).text)
    assert "▲ 1 better" in page
    assert "▼ 1 worse" in page
    changed = flat(suites.client.get(f"{run}?show=changed").text)
    assert "echo: two" in changed
    assert "echo: three" not in changed


def test_each_run_asks_anew_where_answers_are_kept(suites: Suites, hub: Hub) -> None:
    upstream = f"sim-swift:ttft=0,tps=0,tokens={number()}"
    name = f"kept-{number()}"
    hub.import_config(
        f"[models.{name}]\ncache_ttl_seconds = 600\n"
        f'deployments = [{{ provider = "simulator", model = "{upstream}" }}]\n'
    )
    address = suites.suite(name, rows="prompt\necho: hi\n")
    eventually(lambda: suites.run(address)["cells"][0]["result"] == "answered", "the model")
    suites.run(address)
    answers = hub.calls(model=name, status="success")
    assert len(answers) == 2
    assert {call["cache"] for call in answers} == {"off"}


PASS = 'echo: {{answer}} {"verdict": "pass", "reason": "It says {{criterion}}."}'


def test_the_judge_decides_with_a_reason(suites: Suites, hub: Hub) -> None:
    rows = 'prompt\n"echo: polite"\n"echo: {""verdict"": ""fail"", ""reason"": ""Rude.""}"\n'
    judge = {"judge_model": "sim-sage", "judge_prompt": PASS}
    address = suites.suite("sim-swift", rows=rows, **judge)
    suites.claim(address, "judge", "please")
    assert "2 of the judge" in flat(suites.client.get(address).text)
    run = suites.start(address)
    results = suites.ended(run)
    assert outcomes(results) == ["passed", "passed"]
    (check,) = results["cells"][0]["assertions"]
    assert (check["by_judge"], check["reason"]) == (True, "It says please.")
    assert results["judge"]["model"] == "sim-sage"
    assert float(results["judge"]["cost"]) > 0
    cell = suites.client.get(f"{run}cells/0/").text
    assert "judge: sim-sage" in flat(cell)
    (call,) = re.findall(r"/calls/([0-9a-f-]{36})/.>The judge’s call", cell)
    (record,) = hub.calls(id=_as_stored(hub, call))
    assert "judge" in str(record["tags"])
    assert _judge_jobs_when_ordered_again(hub, run) == "1"
    suites.post(f"{address}change/", judge_model="sim-sage", judge_prompt="echo: {{answer}}")
    results = suites.run(address)
    assert outcomes(results) == ["not judged", "failed"]
    assert "The judge gave no verdict" in results["cells"][0]["assertions"][0]["reason"]
    assert results["cells"][1]["assertions"][0]["reason"] == "Rude."


def test_a_cancelled_run_asks_no_judge(suites: Suites) -> None:
    slow = f"simulator/sim-swift:ttft=60000,tokens={number()}"
    judge = {"judge_model": "sim-sage", "judge_prompt": PASS}
    address = suites.suite("sim-swift", slow, rows="prompt\necho: hi\n", **judge)
    suites.claim(address, "judge", "please")
    run = suites.start(address)
    eventually(lambda: "1 of 2 answered" in suites.progress(run).text, "an answer", SECONDS)
    suites.post(f"{run}cancel/")
    assert outcomes(suites.ended(run)) == ["not judged", "cancelled"]


def _judge_jobs_when_ordered_again(hub: Hub, run: str) -> str:
    """How many there are when the end comes once more, as after a worker's death."""
    pk = run.rstrip("/").rpartition("/")[2]
    return hub.python(
        "from playground.suites import judging; from playground.suites.models import SuiteRun\n"
        f"run = SuiteRun.objects.get(pk={pk!r})\n"
        "judging.order(run)\nprint(run.judge_jobs.count())"
    ).strip()


def test_a_judge_that_fails_is_asked_again_about_the_same_answer(suites: Suites) -> None:
    judge = {"judge_model": "nonsense-model", "judge_prompt": PASS}
    address = suites.suite("sim-swift", rows="prompt\necho: hi\n", **judge)
    suites.claim(address, "judge", "please")
    run = suites.start(address)
    first = suites.ended(run)
    assert outcomes(first) == ["not judged"]
    assert "nonsense-model" in first["cells"][0]["assertions"][0]["reason"]
    suites.post(f"{run}rerun/")
    again = suites.ended(run)
    assert outcomes(again) == ["not judged"]
    assert again["cells"][0]["call_id"] == first["cells"][0]["call_id"]


def test_files_of_a_run(suites: Suites) -> None:
    address = suites.suite(
        "sim-swift", rows='prompt,assert:equals\necho: =1+1,x\n"echo: a|b",a|b\n'
    )
    run = suites.start(address)
    suites.ended(run)
    answer = suites.client.get(f"{run}export/?format=csv")
    assert "attachment" in answer.headers["content-disposition"]
    first, second = csv.DictReader(io.StringIO(answer.text))
    assert (first["result"], first["answer"]) == ("failed", "'=1+1")
    assert first["why"] == "The answer is “=1+1”."
    assert second["result"] == "passed"
    markdown = suites.client.get(f"{run}export/?format=md").text
    assert "| sim-swift | 1 of 2 (50%) | 0 |" in markdown
    assert "| 2 | echo: a\\|b | passed |" in markdown
    assert suites.client.get(f"{run}export/?format=xml").status_code == 400


def test_a_run_under_way_keeps_its_suite(suites: Suites) -> None:
    slow = f"simulator/sim-swift:ttft=60000,tokens={number()}"
    address = suites.suite(slow, rows="prompt\necho: hi\n")
    run = suites.start(address)
    refused = suites.client.post(f"{address}delete/", follow_redirects=True)
    assert "A run of this suite is under way." in flat(refused.text)
    suites.post(f"{run}cancel/")
    suites.ended(run)
    suites.post(f"{address}delete/")
    assert suites.client.get(run).status_code == 404
