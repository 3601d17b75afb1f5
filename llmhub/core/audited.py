"""An admin whose every change leaves a row in the audit trail."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.db import models, transaction
from django.db.models import QuerySet
from django.forms import BaseModelForm, ModelChoiceField
from django.http import HttpRequest

from llmhub.core import audit


class AuditedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Writes an AuditEntry with each create, change and delete, in the same transaction.

    Fields named in `secret_fields` are recorded as changed, never with a value.
    """

    secret_fields: ClassVar[frozenset[str]] = frozenset()

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Name the row in the fields that can be changed in the list, for screen readers."""
        form_class = super().get_changelist_form(request, **kwargs)

        class NamedForm(form_class):  # type: ignore[misc,valid-type]
            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, **options)
                for field in self.fields.values():
                    field.widget.attrs["aria-label"] = f"{field.label}: {self.instance}"

        return NamedForm

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Sequence[Any], change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        changes = self.changes_of(form) | _changes_of_rows(formsets)
        if changes or not change:
            self.write_audit(
                request, "change" if change else "create", form.instance, changes=changes
            )

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            self.write_audit(request, "delete", obj)
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():
            for obj in queryset:
                self.write_audit(request, "delete", obj)
            super().delete_queryset(request, queryset)

    def write_audit(
        self,
        request: HttpRequest,
        action: str,
        obj: models.Model,
        *,
        changes: dict[str, Any] | None = None,
    ) -> None:
        """One row in the trail, in the name of the person signed in."""
        audit.record(action, obj, actor=request.user, changes=changes)

    def changes_of(self, form: "BaseModelForm[Any]") -> dict[str, Any]:
        """What a form changed: field → [before, after], or "changed" for a secret."""
        return changes_of(form, self.secret_fields)


def changes_of(
    form: "BaseModelForm[Any]", secret_fields: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """What a valid form changed: field → [before, after], or "changed" for a secret."""
    pairs = {name: [_before(form, name), _after(form, name)] for name in form.changed_data}
    return {
        name: "changed" if name in secret_fields else pair
        for name, pair in pairs.items()
        if name in secret_fields or pair[0] != pair[1]  # a field left empty keeps what it was
    }


def _before(form: "BaseModelForm[Any]", name: str) -> Any:
    value = form.get_initial_for_field(form.fields[name], name)
    field = form.fields[name]
    if isinstance(field, ModelChoiceField) and value and field.queryset is not None:
        value = field.queryset.filter(pk=getattr(value, "pk", value)).first()
    return plain(value)


def _after(form: "BaseModelForm[Any]", name: str) -> Any:
    return plain(form.cleaned_data.get(name))


def _changes_of_rows(formsets: Iterable[Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for formset in formsets:
        rows = _changes_of_formset(formset)
        if rows:
            changes[str(formset.model._meta.verbose_name_plural)] = rows
    return changes


def _changes_of_formset(formset: Any) -> dict[str, Any]:
    forms = {form.instance.pk: form for form in formset.forms}
    rows = {
        "added": [str(obj) for obj in formset.new_objects],
        "changed": {str(obj): changes_of(forms[obj.pk]) for obj, _ in formset.changed_objects},
        "deleted": [str(obj) for obj in formset.deleted_objects],
    }
    return {verb: what for verb, what in rows.items() if what}


def plain(value: Any) -> Any:
    """`value` as JSON can hold it."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset | QuerySet):
        return [plain(item) for item in value]
    return str(value)
