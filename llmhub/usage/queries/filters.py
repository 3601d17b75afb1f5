"""Which calls a page is about, as its address says."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from django.db.models import BooleanField, Func, Q, TextField, Value

NONE = "none"
MOST_TEXT = 200
_BY_ID = ("key", "user")


def clean(text: str) -> str:
    """A text of an address as a query can take it; PostgreSQL refuses NUL characters."""
    return text.replace("\x00", "").strip()[:MOST_TEXT]


class HasTag(Func):
    """Whether a JSON list of texts holds one of them."""

    output_field = BooleanField()
    function = "jsonb_exists"
    arity = 2

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler,
            connection,
            template="EXISTS (SELECT 1 FROM json_each(%(expressions)s)",
            arg_joiner=") AS item WHERE item.value = ",
            **context,
        )


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Empty text lets everything through; `none` asks for calls without key, user or provider."""

    model: str = ""
    provider: str = ""
    key: str = ""
    user: str = ""
    tag: str = ""
    source: str = ""
    status: str = ""
    error_type: str = ""

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> "CallFilter":
        """What an address asks for. A value that nothing can match matches nothing."""
        return cls(**{f.name: clean(query.get(f.name, "")) for f in fields(cls)})

    def condition(self) -> Q:
        """The filter for RequestLog and UsageBucket alike."""
        wanted = Q()
        for name in ("model", "source", "status", "error_type"):
            if value := getattr(self, name):
                wanted &= Q(**{name: value})
        if self.provider:
            wanted &= Q(provider="" if self.provider == NONE else self.provider)
        for name in _BY_ID:
            if value := getattr(self, name):
                wanted &= _by_id(f"{name}_id", value)
        if self.tag:
            wanted &= Q(HasTag("tags", Value(self.tag, output_field=TextField())))
        return wanted

    def as_query(self) -> dict[str, str]:
        """How the filter stands in an address."""
        return {name: value for name, value in asdict(self).items() if value}

    def without(self, name: str) -> "CallFilter":
        """The same filter, one thing less asked for."""
        return replace(self, **{name: ""})


def _by_id(field: str, value: str) -> Q:
    if value == NONE:
        return Q(**{f"{field}__isnull": True})
    return Q(**{field: int(value)}) if value.isdecimal() and len(value) < 18 else Q(pk__in=[])
