"""Saving rows with checked values, and what to write in the trail."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from django.core.exceptions import ValidationError as InvalidError
from django.db import models

from llmhub.core.audited import plain
from llmhub.core.errors import ValidationError

Row = TypeVar("Row", bound=models.Model)


def checked(row: Row, exclude: Collection[str] = ()) -> Row:
    """The row itself, if its values are right. Raises our ValidationError that names the field.

    Fields in `exclude` are not looked at.
    """
    try:
        row.full_clean(exclude=set(exclude))
    except InvalidError as error:
        field, problems = next(iter(error.message_dict.items()))
        name = "" if field == "__all__" else f"{field}: "
        raise ValidationError(f"{name}{problems[0]}", param=field) from None
    return row


def change(
    row: Row,
    editable: frozenset[str],
    changes: Mapping[str, Any],
    check: Callable[[Row], Row] = checked,
) -> Any:
    """Set and save the fields that differ. Returns field → [before, after], empty if none does.

    Raises ValidationError for a wrong value and for a field that is not `editable`.
    """
    if unknown := changes.keys() - editable:
        raise ValidationError(f"{min(unknown)} can't be changed.", param=min(unknown))
    before = {name: getattr(row, name) for name in changes}
    changed = {name: value for name, value in changes.items() if value != before[name]}
    for name, value in changed.items():
        setattr(row, name, value)
    if changed:
        check(row).save(update_fields=list(changed))
    return {name: [plain(before[name]), plain(value)] for name, value in changed.items()}


def person(acting_user: Any) -> Any:
    """Who made something, None if nobody who has an account."""
    return acting_user if getattr(acting_user, "pk", None) else None
