"""The playground's socket: reads the page's frames, shows it those of its runs.

Rights are checked at each frame, from the snapshot in memory, not only when the socket opens.
"""

import asyncio
from typing import Any
from uuid import UUID

import orjson
import structlog
from channels.generic.websocket import AsyncWebsocketConsumer

from llmhub.core.database import in_database
from llmhub.core.errors import LLMHubError, PermissionError
from llmhub.teams import callers
from llmhub.teams.callers import Caller
from llmhub.teams.current_team import current_team_id
from llmhub.usage.recorder import recorder
from playground import blind, conversations, state
from playground.protocol import (
    ClientFrame,
    Frame,
    Resume,
    Retry,
    Run,
    Save,
    Stop,
    ToolResults,
    Unvote,
    Vote,
    parse,
    request_of,
)
from playground.ratings import voting
from playground.runs import runs

log = structlog.get_logger(__name__)

NOT_SIGNED_IN = 4401
NO_TEAM = 4403


class PlaygroundConsumer(AsyncWebsocketConsumer):
    """One page. All of its columns share this socket."""

    async def connect(self) -> None:
        user = self.scope["user"]
        if not user.is_authenticated:
            await self.accept()
            await self.close(NOT_SIGNED_IN)
            return
        self.user_id = user.pk
        team_id = await in_database(current_team_id, user.pk, self.scope["session"])
        self._outbox: list[Frame] = []
        self._waiting = asyncio.Event()
        self._attached: dict[UUID, asyncio.Task[None] | None] = {}
        self._groups: set[str] = set()
        self._masks: dict[str, blind.Mask | None] = {}
        await self.accept()
        if team_id is None:
            await self.close(NO_TEAM)
            return
        self.team_id = team_id
        self._sender = asyncio.create_task(self._send_frames())

    async def disconnect(self, code: int) -> None:
        if not hasattr(self, "_sender"):
            return
        self._sender.cancel()
        for run_id, follower in self._attached.items():
            if follower is not None:
                follower.cancel()
            elif run := runs.get(run_id):
                run.detach(self._show)
        for group in self._groups:
            await self.channel_layer.group_discard(group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        text = text_data or bytes_data or b""
        try:
            await self._follow(parse(text))
        except LLMHubError as error:
            self._refuse(text, error.message, error.param)
        except Exception:
            log.exception("frame_failed")
            self._refuse(
                text, "Something went wrong in the hub. Nothing was sent to a model.", None
            )

    def _refuse(self, text: str | bytes, message: str, field: str | None) -> None:
        request = request_of(text)
        self._show({"type": "refused", "request": request, "message": message, "field": field})

    # --- frames of the page -------------------------------------------------------------------
    async def _follow(self, frame: ClientFrame) -> None:
        caller = callers.by_member(self.user_id, self.team_id)
        match frame:
            case Run():
                await self._run(caller, frame)
            case Stop():
                await self._stop(caller, frame)
            case Retry() | ToolResults():
                await self._ask(caller, frame)
            case Resume():
                await self._resume(caller, frame)
            case Save():
                await self._save(caller, frame)
            case Vote() | Unvote():
                comparison_id = await in_database(voting.vote, caller, frame)
                await self._show_vote(frame.turn, frame.request)
                voted = {"type": "voted", "turn": str(frame.turn), "user": self.user_id}
                await self._tell_others(comparison_id, [], voted)

    async def _save(self, caller: Caller, frame: Save) -> None:
        comparison = await in_database(conversations.keep, caller, frame)
        saved = {
            "type": "saved",
            "comparison": str(comparison.pk),
            "name": comparison.name,
            "request": frame.request,
            "blind": comparison.blind,
        }
        self._show(saved)
        await self._tell_others(comparison.pk, [], saved)

    async def _ask(self, caller: Caller, frame: Retry | ToolResults) -> None:
        planned = await in_database(conversations.ask_again, caller, frame, recorder.process_id)
        if isinstance(planned, UUID):
            await self._look_on(planned, -1)
        else:
            await self._learn_masks([planned.run])
            await self._begin(caller, planned.comparison, [planned])

    async def _run(self, caller: Caller, frame: Run) -> None:
        put = await in_database(conversations.put_prompt, caller, frame, recorder.process_id)
        turn = put.turn
        shown = {
            "type": "turn",
            "comparison": str(turn.comparison_id),
            "turn": state.turn_summary(turn),
            "request": frame.request,
        }
        await self._join(turn.comparison_id)
        if turn.comparison.blind:
            self._show(await in_database(state.seats_frame, turn.comparison))
        self._show(shown)
        if frame.comparison is None:
            name, hides = turn.comparison.name, turn.comparison.blind
            self._show(
                {"type": "saved", "comparison": shown["comparison"], "name": name, "blind": hides}
            )
        for run_id in put.known:
            await self._look_on(run_id, -1)
        if put.planned:
            if turn.comparison.blind:
                await self._learn_masks([plan.run for plan in put.planned])
            await self._begin(caller, turn.comparison_id, put.planned, shown)

    async def _begin(
        self,
        caller: Caller,
        comparison_id: UUID,
        planned: list[conversations.Planned],
        turn: Frame | None = None,
    ) -> None:
        """Start the runs, look on, and tell the comparison's other pages."""
        for plan in planned:
            run = runs.start(plan, caller)
            self._attached[plan.run] = None
            run.attach(self._show, -1)
        await self._tell_others(comparison_id, [str(plan.run) for plan in planned], turn)

    async def _tell_others(self, comparison_id: UUID, run_ids: list[str], frame: Any) -> None:
        """Show the comparison's other pages a frame, and let them look on at runs."""
        await self.channel_layer.group_send(
            _group(comparison_id),
            {"type": "page.told", "runs": run_ids, "frame": frame, "from": self.channel_name},
        )

    async def _stop(self, caller: Caller, frame: Stop) -> None:
        found = await in_database(state.running, caller, frame.run, frame.comparison)
        for run_id in found:
            runs.stop(run_id)

    async def _resume(self, caller: Caller, frame: Resume) -> None:
        turns, wanted = await in_database(state.to_resume, caller, frame)
        await self._join(frame.comparison)
        for turn in turns:
            self._show(
                {"type": "turn", "comparison": str(frame.comparison), "turn": turn, "request": ""}
            )
        for run_id, since in wanted.items():
            await self._look_on(run_id, since)

    # --- frames for the page ------------------------------------------------------------------
    async def _look_on(self, run_id: UUID, since: int) -> None:
        """Show a run: from this process, from another one, or as the database has it."""
        if run_id in self._attached:
            self._leave(run_id)
        if str(run_id) not in self._masks:
            await self._learn_masks([run_id])
        if run := runs.get(run_id):
            self._attached[run_id] = None
            run.attach(self._show, since)
        elif await runs.relay.knows(run_id):
            self._attached[run_id] = asyncio.create_task(self._relay(run_id, since))
        elif snapshot := await in_database(state.snapshot, run_id):
            self._show(snapshot)

    def _leave(self, run_id: UUID) -> None:
        follower = self._attached.pop(run_id)
        if follower is not None:
            follower.cancel()
        elif run := runs.get(run_id):
            run.detach(self._show)

    async def _relay(self, run_id: UUID, since: int) -> None:
        async for frame in runs.relay.follow(run_id, since):
            self._show(frame)

    async def page_told(self, event: dict[str, Any]) -> None:
        """Another page of the same comparison has changed it or has started runs."""
        if event["from"] == self.channel_name:
            return
        try:
            callers.by_member(self.user_id, self.team_id)
        except PermissionError:
            return
        frame = event["frame"]
        if frame and frame["type"] == "voted":
            if frame["user"] == self.user_id:
                await self._show_vote(UUID(frame["turn"]))
        elif frame:
            self._show(frame)
        for run_id in event["runs"]:
            if UUID(run_id) not in self._attached:
                await self._look_on(UUID(run_id), -1)

    async def _join(self, comparison_id: UUID) -> None:
        group = _group(comparison_id)
        if group not in self._groups:
            self._groups.add(group)
            await self.channel_layer.group_add(group, self.channel_name)

    async def _learn_masks(self, run_ids: list[UUID]) -> None:
        """Find out what of these runs is hidden from this person, before any of it is shown."""
        found = await in_database(blind.masks_of_runs, self.user_id, run_ids)
        self._masks |= {str(run_id): mask for run_id, mask in found.items()}

    async def _show_vote(self, turn_id: UUID, request: str = "") -> None:
        """This person's vote, given on this page or on another one: from now on they know."""
        voted = await in_database(voting.shown, self.user_id, turn_id)
        await self._learn_masks([UUID(answer["run"]) for answer in voted["answers"]])
        for answer in voted["answers"]:
            answer["provider"] = state.provider_of(answer["model"])
        self._show({**voted, "request": request})

    def _show(self, frame: Frame) -> None:
        if mask := self._masks.get(frame.get("run", "")):
            frame = mask.over(frame)
        self._outbox.append(frame)
        self._waiting.set()

    async def _send_frames(self) -> None:
        """Send what has gathered as one message; while it goes out, more gathers."""
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            frames, self._outbox = self._outbox, []
            await self.send(text_data=orjson.dumps(frames).decode())


def _group(comparison_id: UUID) -> str:
    return f"comparison.{comparison_id}"
