"""Whether a value fits a JSON schema that a caller sent.

Both schema and value come from outside, so nothing is fetched for a `$ref`, the work is bounded,
and regular expressions (`pattern`, `patternProperties`), which can take for ever, are not enforced.
"""

import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson
from jsonschema import Draft202012Validator, validators  # type: ignore[import-untyped]
from jsonschema.exceptions import (  # type: ignore[import-untyped]
    SchemaError,
    UndefinedTypeCheck,
    UnknownType,
)
from jsonschema.exceptions import ValidationError as Misfit
from referencing import Registry
from referencing.exceptions import Unresolvable

from llmhub.core.errors import ValidationError

MAX_SCHEMA_BYTES = 100_000
MAX_CPU_S = 0.5
MAX_PROBLEMS = 5
PARAM = "response_format.json_schema.schema"

_NOT_ENFORCED = ("pattern", "patternProperties", "unevaluatedProperties")
_until: ContextVar[float] = ContextVar("until")  # of time.thread_time
Keyword = Callable[[Any, Any, Any, Any], Any]


def check(schema: dict[str, Any], param: str = PARAM) -> None:
    """Raise ValidationError, at the field `param`, if values can't be checked against this."""
    written = orjson.dumps(schema)
    if len(written) > MAX_SCHEMA_BYTES:
        raise _wrong(f"is longer than {MAX_SCHEMA_BYTES // 1000} kB", param)
    if problem := _problem_of(written):
        raise _wrong(problem, param)


@lru_cache(maxsize=256)
def _problem_of(written: bytes) -> str:
    """What is wrong with a schema, given as JSON; a program sends the same one again and again."""
    schema = orjson.loads(written)
    try:
        _validator_class(schema).check_schema(schema)
    except SchemaError as error:
        return f"is no JSON schema: {error.json_path}: {error.message[:200]}"
    except RecursionError:
        return "is nested too deep"
    return ""


def problems(value: Any, schema: dict[str, Any]) -> list[str]:
    """What keeps a value from fitting a checked schema, in sentences; empty if it fits.

    Raises ValidationError if the schema can't be followed to its end.
    """
    validator = _validator_class(schema)(schema, registry=Registry())
    token = _until.set(time.thread_time() + MAX_CPU_S)
    try:
        return [_said(found) for found in islice(validator.iter_errors(value), MAX_PROBLEMS)]
    except Unresolvable as error:
        raise _wrong(f"refers to {str(error.ref)[:100]!r}, which is not in it") from None
    except (UnknownType, UndefinedTypeCheck) as error:
        raise _wrong(f"has an unknown type: {str(error)[:100]}") from None
    except (RecursionError, _TookTooLongError):
        raise _wrong("is too complex, or refers to itself without end") from None
    finally:
        _until.reset(token)


def _said(found: Misfit) -> str:
    return f"{found.json_path}: {found.message[:200]}"


def _wrong(problem: str, param: str = PARAM) -> ValidationError:
    return ValidationError(f"{param} {problem}.", param=param)


# --- The validators of the drafts, bounded --------------------------------------------------------


class _TookTooLongError(Exception):
    pass


def _validator_class(schema: dict[str, Any]) -> Any:
    """The validator of the draft that a schema names, else of the newest."""
    return _bounded(validators.validator_for(schema, default=Draft202012Validator))


@lru_cache(maxsize=16)
def _bounded(draft: Any) -> Any:
    keywords = {
        name: _timed(keyword)
        for name, keyword in draft.VALIDATORS.items()
        if name not in _NOT_ENFORCED
    }
    ignored = dict.fromkeys(_NOT_ENFORCED, _no_check)
    keywords |= {"additionalProperties": _timed(_additional(draft)), "uniqueItems": _unique}
    return validators.create(
        meta_schema=draft.META_SCHEMA,
        validators=keywords | ignored,
        type_checker=draft.TYPE_CHECKER,
        format_checker=draft.FORMAT_CHECKER,
        id_of=draft.ID_OF,
    )


def _timed(keyword: Keyword) -> Keyword:
    def check_in_time(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        if time.thread_time() > _until.get():
            raise _TookTooLongError
        return keyword(validator, value, instance, schema)

    return check_in_time


def _additional(draft: Any) -> Keyword:
    """`additionalProperties`, left out beside patterns, which it would search with."""
    keyword = draft.VALIDATORS["additionalProperties"]

    def check_rest(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        if "patternProperties" not in schema:
            return keyword(validator, value, instance, schema)
        return None

    return check_rest


def _unique(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Misfit]:
    """`uniqueItems` in one pass; the library's compares every item with every other."""
    if value and isinstance(instance, list):
        written = {orjson.dumps(item, option=orjson.OPT_SORT_KEYS) for item in instance}
        if len(written) < len(instance):
            yield Misfit("the items are not unique")


def _no_check(validator: Any, value: Any, instance: Any, schema: Any) -> None:
    return None
