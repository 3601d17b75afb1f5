"""Runs: answers being produced. The process owns them, sockets only look on.

A run appends frames to itself. Text that arrives within FLUSH_S becomes one frame, so a socket gets
20 frames a second from a column however fast its model is. A socket that comes back says the last
number it has and gets the frames after it, or a snapshot where they are no longer kept.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import structlog

from llmhub.core import bus
from llmhub.core.errors import LLMHubError
from llmhub.gateway import engine
from llmhub.gateway.answers import estimated_input_tokens, estimated_tokens, piece
from llmhub.gateway.asks import Ask
from llmhub.teams.callers import Caller
from llmhub.usage.records import Record
from playground import metrics, schema_checks
from playground.answer_writer import writer
from playground.conversations import Planned
from playground.models import AnswerStatus
from playground.protocol import Frame
from playground.relay import Relay
from providers.registry import Target
from providers.transports.base import Chunk

log = structlog.get_logger(__name__)

FLUSH_S = 0.05
METRICS_S = 0.3
SAVE_S = 1.0
KEPT_FRAMES = 2000
FORGET_S = 60.0

Listener = Callable[[Frame], None]


class Run:
    """One answer under way, its frames, and who looks on."""

    def __init__(self, planned: Planned, relay: Relay) -> None:
        self.planned = planned
        self.seq = -1
        self.status = AnswerStatus.RUNNING
        self.error: dict[str, Any] | None = None
        self.metrics: dict[str, Any] = {}
        self.call: str | None = None
        self.schema_check: dict[str, Any] | None = None
        self.task: asyncio.Task[None] | None = None
        self._relay = relay
        self._frames: deque[Frame] = deque(maxlen=KEPT_FRAMES)
        self._texts: list[str] = []
        self._reasonings: list[str] = []
        self.tool_calls: dict[int, dict[str, Any]] = {}
        self._listeners: list[Listener] = []

    @property
    def content(self) -> str:
        return "".join(self._texts)

    @property
    def reasoning(self) -> str:
        return "".join(self._reasonings)

    def emit(self, kind: str, **fields: Any) -> None:
        """Append a frame and show it to everybody who looks on."""
        self.seq += 1
        frame = {"type": kind, "run": str(self.planned.run), "seq": self.seq, **fields}
        self._frames.append(frame)
        self._relay.append(self.planned.run, frame)
        for listener in self._listeners:
            listener(frame)

    def add_text(self, text: str) -> None:
        self._texts.append(text)
        self.emit("delta", text=text)

    def add_reasoning(self, text: str) -> None:
        self._reasonings.append(text)
        self.emit("reasoning", text=text)

    def add_tool_call(self, delta: dict[str, Any]) -> None:
        known = self.tool_calls.setdefault(delta["index"], {**delta, "arguments": ""})
        known["id"], known["name"] = known["id"] or delta["id"], known["name"] or delta["name"]
        known["arguments"] += delta["arguments"]
        self.emit("tool_call", **delta)

    def attach(self, listener: Listener, since: int) -> None:
        """Show `listener` all frames after `since`, then those to come."""
        first_kept = self._frames[0]["seq"] if self._frames else 0
        if since + 1 < first_kept:
            listener(self.snapshot())
        else:
            for frame in self._frames:
                if frame["seq"] > since:
                    listener(frame)
        if listener not in self._listeners:
            self._listeners.append(listener)

    def detach(self, listener: Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)

    def snapshot(self) -> Frame:
        """Everything at once."""
        planned = self.planned
        return {
            "type": "snapshot",
            "run": str(planned.run),
            "seq": self.seq,
            "comparison": str(planned.comparison),
            "turn": str(planned.turn),
            "column": str(planned.column),
            "model": planned.model,
            "status": str(self.status),
            "content": self.content,
            "reasoning": self.reasoning,
            "tool_calls": [call for _, call in sorted(self.tool_calls.items())],
            "metrics": self.metrics,
            "error": self.error,
            "call": self.call,
            "steps": planned.steps,
            "schema": self.schema_check,
        }


class Runs:
    """All runs of this process."""

    def __init__(self) -> None:
        self.relay = Relay()
        self._runs: dict[UUID, Run] = {}
        self._listening = False

    def start(self, planned: Planned, caller: Caller) -> Run:
        """Begin to produce an answer."""
        if not self._listening:
            bus.subscribe("stop_run", self._hear_stop)
            self._listening = True
        run = Run(planned, self.relay)
        self._runs[planned.run] = run
        run.emit(
            "started",
            comparison=str(planned.comparison),
            turn=str(planned.turn),
            column=str(planned.column),
            model=planned.model,
            request=planned.request,
            steps=planned.steps,
        )
        run.task = asyncio.create_task(_Production(run, caller).produce())
        run.task.add_done_callback(lambda _: self._forget_later(planned.run))
        return run

    def get(self, run_id: UUID) -> Run | None:
        return self._runs.get(run_id)

    def of_comparison(self, comparison_id: UUID) -> list[UUID]:
        """The runs of a comparison that are still under way here."""
        return [
            run.planned.run
            for run in self._runs.values()
            if run.planned.comparison == comparison_id and run.status == AnswerStatus.RUNNING
        ]

    def stop(self, run_id: UUID) -> None:
        """Stop a run, wherever it runs. Does nothing to one that has ended."""
        if not self._stop_here(run_id):
            bus.publish("stop_run", run=str(run_id))

    def _hear_stop(self, payload: dict[str, Any]) -> None:
        self._stop_here(UUID(payload["run"]))

    def _stop_here(self, run_id: UUID) -> bool:
        run = self._runs.get(run_id)
        if run is None or run.task is None:
            return False
        if not run.task.done() and run.status == AnswerStatus.RUNNING:
            run.task.cancel()
        return True

    def _forget_later(self, run_id: UUID) -> None:
        asyncio.get_running_loop().call_later(FORGET_S, self._runs.pop, run_id, None)

    async def drain(self, seconds: float) -> None:
        """Wait for the runs under way, then stop those that are left."""
        tasks = [run.task for run in self._runs.values() if run.task and not run.task.done()]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=5)
        await self.relay.close()


class _Production:
    """Turns the engine's stream into a run's frames, and keeps the answer in the database."""

    def __init__(self, run: Run, caller: Caller) -> None:
        self._run = run
        self._caller = caller
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._flush_at: asyncio.TimerHandle | None = None
        self._started = time.perf_counter()
        self._first_at: float | None = None
        self._reasoned_until: float | None = None
        self._metrics_at = 0.0
        self._saved_at = time.monotonic()
        self._characters = 0
        self._target: Target | None = None
        self._saving: asyncio.Task[None] | None = None

    async def produce(self) -> None:
        run = self._run
        record: Record | None = None
        try:
            if run.planned.refusal is not None:
                raise run.planned.refusal
            ask = Ask(self._caller, run.planned.body, search=run.planned.search)
            stream = await engine.open_stream(ask)
            record = stream.record
            run.call = str(record.id)
            self._target = stream.target
            try:
                async for batch in stream:
                    self._take(batch.chunks)
            finally:
                stream.close()
        except LLMHubError as error:
            record = record or error.record
            await self._end_with_error(error, record)
        except asyncio.CancelledError:
            await self._end("cancelled", record)
        except Exception:
            log.exception("run_failed", run=str(run.planned.run))
            await self._end_with_error(LLMHubError("Something went wrong in the hub."), record)
        else:
            await self._end("success", record)

    # --- while it streams ----------------------------------------------------------------------
    def _take(self, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            added = piece(chunk)
            if added is None:
                continue
            now = time.perf_counter()
            if self._first_at is None:
                self._first_at = now
            if added.reasoning:
                self._hold(self._reasoning, self._text, added.reasoning)
                self._reasoned_until = now
            if added.text:
                self._hold(self._text, self._reasoning, added.text)
            for delta in added.tool_calls:
                self._flush()
                self._run.add_tool_call(delta)

    def _hold(self, mine: list[str], other: list[str], text: str) -> None:
        """Keep text back for the next flush; what came before of the other sort goes out first."""
        if other:
            self._flush()
        mine.append(text)
        self._characters += len(text)
        if self._flush_at is None:
            delay = FLUSH_S if self._run.seq > 0 else 0.0
            self._flush_at = asyncio.get_running_loop().call_later(delay, self._flush)

    def _flush(self) -> None:
        if self._flush_at is not None:
            self._flush_at.cancel()
            self._flush_at = None
        if self._reasoning:
            text, self._reasoning[:] = "".join(self._reasoning), []
            self._run.add_reasoning(text)
        if self._text:
            text, self._text[:] = "".join(self._text), []
            self._run.add_text(text)
        now = time.monotonic()
        if now - self._metrics_at >= METRICS_S:
            self._metrics_at = now
            self._run.metrics = self._live_metrics()
            self._run.emit("metrics", metrics=self._run.metrics)
        if now - self._saved_at >= SAVE_S and (self._saving is None or self._saving.done()):
            self._saved_at = now
            self._saving = asyncio.create_task(self._save(AnswerStatus.RUNNING))

    def _live_metrics(self) -> dict[str, Any]:
        now = time.perf_counter()
        output = estimated_tokens("x" * self._characters)
        inputs = estimated_input_tokens(self._run.planned.body)
        spent = now - self._first_at if self._first_at else 0.0
        return {
            "ttft_ms": metrics.ms(self._first_at, self._started),
            "reasoning_ms": metrics.ms(self._reasoned_until, self._first_at),
            "tokens_per_second": round(output / spent, 1) if spent > 0.05 else None,
            "input_tokens": inputs,
            "output_tokens": output,
            "cost": metrics.cost_so_far(self._target, inputs, output),
            "total_ms": round((now - self._started) * 1000),
            "cache": None,
            "attempts": None,
            "estimated": True,
        }

    # --- the end ---------------------------------------------------------------------------------
    async def _end_with_error(self, error: LLMHubError, record: Record | None) -> None:
        run = self._run
        run.error = {
            "type": error.type,
            "message": error.message,
            "attempts": record.attempts if record else [],
        }
        cut_off = record is not None and record.status == "interrupted"
        await self._end("interrupted" if cut_off else "error", record)

    async def _end(self, status: str, record: Record | None) -> None:
        run = self._run
        self._flush()
        run.status = AnswerStatus(status)
        if record is not None:
            run.call = str(record.id)
        run.metrics = {} if run.planned.refusal else self._final_metrics(record)
        if status == "success":
            run.schema_check = await asyncio.to_thread(
                schema_checks.check, run.planned.body, run.content
            )
        if self._saving is not None:
            await asyncio.wait([self._saving])
        await self._save(run.status)
        ending = {"status": status, "call": run.call, "metrics": run.metrics}
        if run.error is None:
            reason = record.finish_reason if record else ""
            run.emit("finished", finish_reason=reason, schema=run.schema_check, **ending)
        else:
            run.emit("error", error=run.error, **ending)

    def _final_metrics(self, record: Record | None) -> dict[str, Any]:
        if record is None or record.output_tokens is None:
            live = {**self._live_metrics(), "total_ms": round(1000 * self._elapsed())}
            return {**live, "search": metrics.search_of(record)}
        return metrics.of_record(record, metrics.ms(self._reasoned_until, self._first_at))

    def _elapsed(self) -> float:
        return time.perf_counter() - self._started

    async def _save(self, status: str) -> None:
        run = self._run
        await writer.save(
            run.planned.run,
            status=status,
            content=run.content,
            reasoning=run.reasoning,
            tool_calls=[call for _, call in sorted(run.tool_calls.items())],
            metrics=run.metrics,
            error=run.error,
            schema_check=run.schema_check,
            call_id=run.call,
        )


runs = Runs()
