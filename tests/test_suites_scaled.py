"""Suites where web processes and workers share nothing but PostgreSQL and Redis."""

from tests.support.scaled import ScaledHub
from tests.support.suites import SECONDS, Suites, outcomes
from tests.support.waiting import eventually

PASS = 'echo: {{answer}} {"verdict": "pass", "reason": "It says {{criterion}}."}'


def test_run_begun_at_one_process_is_followed_and_repeated_at_the_other(
    scaled_hub: ScaledHub,
) -> None:
    here, there = Suites(scaled_hub.first), Suites(scaled_hub.second)
    rows = "word,expected\nriver,river\nlake,pond\n"
    judge = {"judge_model": "sim-sage", "judge_prompt": PASS}
    address = here.suite("sim-swift", "sim-sage", prompt="echo: a {{word}}", rows=rows, **judge)
    here.claim(address, "contains", "{{expected}}")
    there.claim(address, "judge", "please")
    run = here.start(address)
    first = there.ended(run)
    assert outcomes(first) == ["passed", "passed", "failed", "failed"]
    assert here.results(run) == first
    there.post(f"{run}rerun/", failed="1")
    again = here.ended(run)
    assert outcomes(again) == outcomes(first)
    calls, later = ([cell["call_id"] for cell in found["cells"]] for found in (first, again))
    assert calls[:2] == later[:2]
    assert not set(calls[2:]) & set(later[2:])
    second = there.run(address)
    assert second["compared_with"] == first["run"]
    assert [cell["change"] for cell in second["cells"]] == [""] * 4


def test_cancel_at_one_process_stops_the_run_of_the_other(scaled_hub: ScaledHub) -> None:
    here, there = Suites(scaled_hub.first), Suites(scaled_hub.second)
    slow = "simulator/sim-swift:ttft=60000,tokens=5201"
    address = here.suite("sim-swift", slow, rows="prompt,assert:contains\necho: hi,hi\n")
    run = here.start(address)
    eventually(lambda: "1 of 2 answered" in there.progress(run).text, "an answer", SECONDS)
    there.post(f"{run}cancel/")
    assert outcomes(here.ended(run)) == ["passed", "cancelled"]
