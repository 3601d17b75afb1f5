"""What a PATCH asks for: the fields that were sent."""

from typing import Any

from ninja import Schema

from llmhub.core.errors import ValidationError


def given(body: Schema, never_empty: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The fields that were sent, with their values. Raises ValidationError for a null that means
    nothing: fields in `never_empty` always have a value."""
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    for name in sorted(changes.keys() & never_empty):
        if changes[name] is None:
            raise ValidationError(f"{name}: this can't be null.", param=name)
    return changes
