"""What sets one kind of job apart from another: how its items are asked, and what follows them.

A kind is a class in its app's `job_kinds.py`, which is imported when a kind is first asked for:

    @job_kind("matrix")
    class MatrixJob(Kind):
        source = "playground"

        def on_item(self, item: JobItem, answer: Answer | None) -> None:
            item.ref["passed"] = answer is not None and "yes" in answer.text

        def on_end(self, job: Job) -> None:
            ...

`items`, `on_item` and `on_end` run in a thread of the worker, where the database may be used.
`request`, `parent_id` and `result` run in its event loop, beside the calls under way: they are
quick and work with what the item and the answer hold. What a kind does must bear repetition: after
a worker's death an item or an end may come once more. What `on_item` changes in `item.ref` and
`item.result` is saved together with the item, so that alone is safe as it is.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.utils.module_loading import autodiscover_modules

from llmhub.core.errors import ConfigurationError, ValidationError
from llmhub.gateway import answers, validation
from llmhub.jobs.models import Job, JobItem
from llmhub.usage.models import RequestLog
from llmhub.usage.records import Record

_CHECKS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "chat": validation.chat,
    "embedding": validation.embedding,
}


@dataclass(frozen=True, slots=True)
class NewItem:
    """One call to make: its body in the OpenAI wire's language, and what its owner knows it by."""

    body: dict[str, Any]
    ref: Any = None
    operation: str = "chat"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to an item, and what its record says of it. Times in milliseconds."""

    data: dict[str, Any]
    record: Record | RequestLog

    @property
    def text(self) -> str:
        """The text of the first choice."""
        return answers.whole(self.data).text

    @property
    def call_id(self) -> UUID:
        return self.record.id

    @property
    def cost(self) -> Decimal | None:
        """US dollars; None if a price is not known."""
        return self.record.cost


class Kind:
    """A kind of job. Override what differs."""

    name: ClassVar[str] = "batch"
    source: ClassVar[str] = "batch"
    items_expire: ClassVar[bool] = False  # LLMHUB_FILE_DAYS after the end

    def items(self, job: Job) -> Iterable[NewItem]:
        """The items of a job that was ordered without; made by its worker, before all else.

        Raises LLMHubError, and then the job fails.
        """
        return ()

    def request(self, item: JobItem) -> tuple[str, dict[str, Any]]:
        """The operation ("chat" or "embedding") and the body of an item's call, never streamed.

        Raises LLMHubError for a request that is wrong; the item fails with it.
        """
        check = _CHECKS.get(item.operation)
        if check is None:
            raise ValidationError(f"operation is {item.operation!r}; it takes chat or embedding.")
        body = dict(item.body)
        body.pop("stream", None)
        body.pop("stream_options", None)
        return item.operation, check(body)

    def parent_id(self, item: JobItem) -> UUID | None:
        """The call that the item's call belongs to, for its record."""
        return None

    def result(self, item: JobItem, answer: Answer) -> Any:
        """What is kept as the item's result."""
        return answer.data

    def on_item(self, item: JobItem, answer: Answer | None) -> None:
        """An item has ended; `answer` is None where it failed, and `item.error` says why.

        Not called for items that are cancelled.
        """

    def on_end(self, job: Job) -> None:
        """All items have ended, or the job was cancelled or failed: `job.status` says which."""


KindClass = TypeVar("KindClass", bound=type[Kind])
_kinds: dict[str, Kind] = {"batch": Kind()}


def job_kind(name: str) -> Callable[[KindClass], KindClass]:
    """Register a class as the kind of this name."""

    def register(kind: KindClass) -> KindClass:
        kind.name = name
        _kinds[name] = kind()
        return kind

    return register


@cache
def _discover() -> None:
    autodiscover_modules("job_kinds")


def kind_of(name: str) -> Kind:
    """The kind of this name. Raises ConfigurationError."""
    _discover()
    try:
        return _kinds[name]
    except KeyError:
        raise ConfigurationError(
            f"There is no kind of job {name!r}; there are {', '.join(sorted(_kinds))}."
        ) from None


def kinds_that_expire() -> list[str]:
    """The names of the kinds whose items are deleted some time after the end."""
    _discover()
    return [name for name, kind in _kinds.items() if kind.items_expire]
