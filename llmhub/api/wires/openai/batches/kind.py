"""Batches as a kind of job: from an input file's lines to calls, and from answers to files."""

from collections.abc import Iterable, Iterator
from typing import Any, cast
from uuid import UUID

import orjson

from llmhub.api.wires import segments
from llmhub.api.wires.openai import completions, embeddings, errors
from llmhub.api.wires.openai.batches import lines
from llmhub.api.wires.openai.completion_texts import to_chat
from llmhub.api.wires.openai.responses import requests as responses
from llmhub.api.wires.openai.responses.response import Response
from llmhub.core.errors import ValidationError
from llmhub.gateway import validation
from llmhub.jobs import files
from llmhub.jobs.kinds import Answer, Kind, NewItem, job_kind
from llmhub.jobs.models import ItemStatus, Job, JobItem
from llmhub.usage.records import Record

NAME = "openai_batch"
_READ_AT_ONCE = 100


@job_kind(NAME)
class OpenAIBatch(Kind):
    """`options` has the batch's endpoint, input_file, metadata, and what came of it."""

    items_expire = True

    def items(self, job: Job) -> Iterable[NewItem]:
        try:
            yield from lines.requests(UUID(job.options["input_file"]), job.options["endpoint"])
        except lines.WrongInputError as error:
            job.options["problems"] = error.problems
            job.save(update_fields=["options"])
            raise

    def request(self, item: JobItem) -> tuple[str, dict[str, Any]]:
        body = {k: v for k, v in item.body.items() if k not in {"stream", "stream_options"}}
        match item.operation:
            case "completion":
                return "chat", validation.chat(to_chat(body, _prompt(body)))
            case "embedding":
                return "embedding", validation.embedding(body)
            case "response":
                return "chat", validation.chat(_chat_of_response(body))
            case _:
                return "chat", validation.chat(body)

    def result(self, item: JobItem, answer: Answer) -> Any:
        match item.operation:
            case "completion":
                return completions.whole_of(item.body, answer.data, answer.call_id)
            case "embedding":
                as_base64 = item.body.get("encoding_format") == "base64"
                return embeddings.recoded(answer.data, as_base64=as_base64)
            case "response":
                response = Response(item.body, cast(Record, answer.record))
                return response.finished(segments.of_answer(answer.data))
            case _:
                return answer.data

    def on_end(self, job: Job) -> None:
        for file in job.files.all():  # of an end that did not come to its end
            files.remove(file.pk)
        done = [ItemStatus.DONE]
        job.options["output_file"] = _write(job, "output", done)
        job.options["error_file"] = _write(job, "error", [ItemStatus.FAILED, ItemStatus.CANCELLED])
        job.save(update_fields=["options"])


def _prompt(body: dict[str, Any]) -> str:
    prompt = validation.completion(body)["prompt"]
    if isinstance(prompt, list) and len(prompt) == 1:
        return str(prompt[0])
    if not isinstance(prompt, str):
        raise ValidationError(
            "prompt has several entries; in a batch each needs a line of its own.", param="prompt"
        )
    return prompt


def _chat_of_response(body: dict[str, Any]) -> dict[str, Any]:
    if body.get("previous_response_id"):
        raise ValidationError(
            "previous_response_id: the requests of a batch stand alone; "
            "send the whole conversation in input.",
            param="previous_response_id",
        )
    return responses.to_chat(responses.check(body))


# --- Files ----------------------------------------------------------------------------------------


def _write(job: Job, which: str, statuses: list[ItemStatus]) -> str | None:
    """The id of the file with the items of these statuses; None if there are none."""
    items = job.items.filter(status__in=statuses)
    if not items.exists():
        return None
    file = files.store(
        (_line(item) for item in _each(job, statuses)),
        team_id=job.team_id,
        name=f"batch_{job.pk.hex}_{which}.jsonl",
        purpose="batch_output",
        expires_at=files.expiry(job.options.get("output_seconds")),
        job=job,
    )
    return file.pk.hex


def _each(job: Job, statuses: list[ItemStatus]) -> Iterator[JobItem]:
    """A few at a time by position: no reading goes on while parts are written."""
    after = -1
    items = job.items.filter(status__in=statuses)
    while some := list(items.filter(position__gt=after)[:_READ_AT_ONCE]):
        yield from some
        after = some[-1].position


def _line(item: JobItem) -> bytes:
    line = {
        "id": f"batch_req_{item.job_id.hex}{item.position:08x}",
        "custom_id": item.ref["custom_id"],
        "response": None if item.status == ItemStatus.CANCELLED else _response(item),
        "error": _CANCELLED if item.status == ItemStatus.CANCELLED else None,
    }
    return orjson.dumps(line) + b"\n"


_CANCELLED = {
    "code": "batch_cancelled",
    "message": "The batch was cancelled before this request was answered.",
}


def _response(item: JobItem) -> dict[str, Any]:
    failed = item.status == ItemStatus.FAILED
    return {
        "status_code": item.error["status"] if failed else 200,
        "request_id": str(item.call_id) if item.call_id else None,
        "body": _error_body(item.error) if failed else item.result,
    }


def _error_body(error: dict[str, Any]) -> dict[str, Any]:
    return errors.body_of(error["type"], error["message"], error["param"], error["code"])
