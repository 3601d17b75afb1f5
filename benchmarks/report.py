"""The comparison as Markdown for people and as JSON for programs."""

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from benchmarks.results import MODES, Results, ServerFacts

HUB = "hub"
DIRECT = "direct"
HEADINGS = {
    "plain": "Plain replies ({reply_tokens} tokens)",
    "stream": "Streams ({stream_tokens} tokens)",
}


def markdown(results: Results) -> str:
    """Ratios first, then what they come from."""
    parts = [
        "# LLM Hub, measured",
        _conditions(results),
        "## Throughput of the hub, divided by that of …",
        _ratios(results),
        *(part for mode in MODES for part in _figures(results, mode)),
        "## The servers",
        _servers(results),
        *_notes(results),
    ]
    return "\n\n".join(parts) + "\n"


def as_json(results: Results) -> dict[str, Any]:
    """Everything: the machine, the settings, each cell's medians and its rounds."""
    return {
        "machine": results.machine,
        "settings": results.settings,
        "servers": {name: asdict(facts) for name, facts in results.servers.items()},
        "ratios": {
            name: {
                f"{mode}_{connections}": _finite(_ratio(results, name, mode, connections))
                for mode in MODES
                for connections in results.connections
            }
            for name in _others(results)
        },
        "cells": [
            {
                "server": cell[0],
                "mode": cell[1],
                "connections": cell[2],
                **{name: _finite(value) for name, value in _medians(results, *cell).items()},
                "rounds": [asdict(report) for report in reports],
            }
            for cell, reports in results.reports.items()
        ],
        "lost_records": results.lost_records,
    }


def _medians(results: Results, server: str, mode: str, connections: int) -> dict[str, float]:
    cell = (server, mode, connections)
    p50, p99 = results.latency_ms(cell, "p50"), results.latency_ms(cell, "p99")
    return {
        "per_second": results.throughput(cell),
        "p50_ms": p50,
        "p90_ms": results.latency_ms(cell, "p90"),
        "p99_ms": p99,
        "max_ms": results.longest_ms(cell),
        "p99_to_p50": p99 / p50,
        "first_byte_p50_ms": results.first_byte_ms(cell, "p50"),
        "first_byte_p99_ms": results.first_byte_ms(cell, "p99"),
        "server_cpu_ms_per_call": results.cpu_ms(cell),
    }


# --- the parts -----------------------------------------------------------------------------------


def _conditions(results: Results) -> str:
    machine, settings = results.machine, results.settings
    return (
        f"{str(machine['date'])[:10]}, {machine['cores']} cores ({machine['processor']}), "
        f"{machine['memory_gb']} GB, {machine['system']}, Python {machine['python']}. "
        f"Cores: {settings['pinning']}. "
        f"Median of {settings['rounds']} rounds of {settings['seconds']:g} s for each figure, "
        "servers in turn."
    )


def _ratios(results: Results) -> str:
    columns = [(mode, n) for mode in MODES for n in results.connections]
    header = ["divided by", *(f"{mode}, {n} at once" for mode, n in columns)]
    rows = [
        [
            results.servers[name].title,
            *(_times(_ratio(results, name, mode, n)) for mode, n in columns),
        ]
        for name in _others(results)
    ]
    return _table(header, rows)


def _figures(results: Results, mode: str) -> Iterable[str]:
    yield f"## {HEADINGS[mode].format(**results.settings)}"
    yield _table(
        ["server", *(f"{n} at once: calls/s" for n in results.connections), "added at 1", "failed"],
        [
            [
                facts.title,
                *(_whole(results.throughput((name, mode, n))) for n in results.connections),
                _ms(_added(results, name, mode)),
                str(results.failed(name)),
            ]
            for name, facts in _measured(results)
        ],
    )
    yield _table(
        ["ms: p50 / p90 / p99 / max", *(f"{n} at once" for n in results.connections)],
        _rows(results, lambda name, n: _latencies(results, name, mode, n)),
    )
    if mode == "stream":
        yield _table(
            ["ms to first byte: p50 / p99", *(f"{n} at once" for n in results.connections)],
            _rows(results, lambda name, n: _first_bytes(results, name, n)),
        )
    yield _table(
        ["CPU ms a call; p99 ÷ p50", *(f"{n} at once" for n in results.connections)],
        _rows(results, lambda name, n: _cost_and_tail(results, name, mode, n)),
    )


def _rows(results: Results, cell: Callable[[str, int], str]) -> list[list[str]]:
    return [
        [facts.title, *(cell(name, n) for n in results.connections)]
        for name, facts in _measured(results)
    ]


def _servers(results: Results) -> str:
    return _table(
        ["server", "version", "checks keys", "records calls", "memory after", "ready after"],
        [_server(facts) for facts in results.servers.values()],
    )


def _server(facts: ServerFacts) -> list[str]:
    if facts.not_measured:
        return [facts.title, facts.version, f"not measured: {facts.not_measured}", "", "", ""]
    return [
        facts.title,
        facts.version,
        facts.checks_keys,
        facts.records_calls,
        f"{max(facts.resident_mb, default=math.nan):.0f} MB",
        f"{max(facts.start_seconds, default=math.nan):.1f} s",
    ]


def _notes(results: Results) -> Iterable[str]:
    records = [said for facts in results.servers.values() for said in facts.records]
    if records:
        yield "Records against answers, after each round: " + "; ".join(records) + "."
    if results.lost_records:
        yield "**RECORDS LOST:** " + "; ".join(results.lost_records)
    for name, facts in results.servers.items():
        for reason, number in results.failures(name).items():
            yield f"{facts.title}: {number:,} calls failed: {reason}"
    if results.settings["rounds"] != 1:
        yield f"Rounds of the same figure lay at most {results.widest_spread():.0%} apart."
    yield f"Processes without a part in it used up to {results.others_busy():.0%} of a core."


# --- figures -------------------------------------------------------------------------------------


def _others(results: Results) -> list[str]:
    return [name for name, _ in _measured(results) if name != HUB]


def _measured(results: Results) -> list[tuple[str, ServerFacts]]:
    measured = {cell[0] for cell in results.reports}
    return [(name, facts) for name, facts in results.servers.items() if name in measured]


def _ratio(results: Results, other: str, mode: str, connections: int) -> float:
    divisor = results.throughput((other, mode, connections))
    return results.throughput((HUB, mode, connections)) / divisor if divisor else math.nan


def _added(results: Results, name: str, mode: str) -> float:
    """Median latency at one connection over that of the upstream alone."""
    if 1 not in results.connections or name == DIRECT:
        return math.nan
    alone = results.latency_ms((DIRECT, mode, 1), "p50")
    return results.latency_ms((name, mode, 1), "p50") - alone


def _latencies(results: Results, name: str, mode: str, connections: int) -> str:
    cell = (name, mode, connections)
    values = [results.latency_ms(cell, which) for which in ("p50", "p90", "p99")]
    return " / ".join(map(_digits, [*values, results.longest_ms(cell)]))


def _first_bytes(results: Results, name: str, connections: int) -> str:
    cell = (name, "stream", connections)
    return " / ".join(_digits(results.first_byte_ms(cell, which)) for which in ("p50", "p99"))


def _cost_and_tail(results: Results, name: str, mode: str, connections: int) -> str:
    figures = _medians(results, name, mode, connections)
    return f"{_digits(figures['server_cpu_ms_per_call'])}; {_times(figures['p99_to_p50'])}"


# --- text ----------------------------------------------------------------------------------------


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] + ["--:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _digits(value: float) -> str:
    """Three significant digits."""
    if math.isnan(value):
        return "–"
    places = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:,.{places}f}"


def _ms(value: float) -> str:
    return "–" if math.isnan(value) else f"{_digits(value)} ms"


def _times(value: float) -> str:
    return "–" if math.isnan(value) else f"{_digits(value)}×"


def _whole(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:,.0f}"


def _finite(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
