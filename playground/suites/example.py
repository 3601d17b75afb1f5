"""A suite to begin with: two simulated models, a few assertions of every simple sort."""

from django.db import transaction

from llmhub.teams.callers import Caller
from playground.suites import assertions, editing
from playground.suites.editing import NewRow
from playground.suites.models import Suite
from providers import registry

NAME = "Example: rivers"
_PROMPT = "Explain {{topic}} to {{reader}} in a few sentences."
_WANTED = 2


def make(caller: Caller) -> Suite:
    """The example, with the simulated models, or the first ones where there are none."""
    with transaction.atomic():
        suite = editing.create(caller, NAME, prompt=_PROMPT)
        for model in _models(caller):
            editing.save_column(suite.pk, None, model=model, system_prompt="", parameters={})
        editing.add_assertion(suite.pk, "contains_any_case", "{{expected}}")
        editing.add_assertion(suite.pk, "max_words", "120")
        editing.add_assertion(suite.pk, "max_latency_ms", "20000")
        editing.import_rows(suite.pk, _rows(), replace=True)
    return Suite.objects.get(pk=suite.pk)


def _models(caller: Caller) -> list[str]:
    known = registry.current()
    usable = [known.models[name] for name in known.names() if caller.may_use(name)]
    simulated = [m.name for m in usable if m.targets[0].access.provider.simulated]
    chat = [name for name in simulated if "embedding" not in name]
    preferred: list[str] = [name for name in ("sim-swift", "sim-sage") if name in chat]
    return (preferred or chat or [model.name for model in usable])[:_WANTED]


def _rows() -> list[NewRow]:
    asked = [("why rivers meander", "a child", "river"), ("what a delta is", "a sailor", "delta")]
    rows = [
        NewRow("", {"topic": topic, "reader": reader, "expected": expected}, [])
        for topic, reader, expected in asked
    ]
    count = NewRow(
        "echo: The Nile is 6,650 km long.",
        {"expected": "Nile"},
        [assertions.clean("regex", r"\d,\d{3} km")],
    )
    return [*rows, count]
