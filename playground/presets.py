"""Named sets of columns: one's own, and those that the team shares."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from llmhub.core.errors import LLMHubError, PermissionError, ValidationError
from llmhub.teams.callers import Caller
from llmhub.teams.models import Role
from playground.models import Preset
from playground.protocol import ColumnSpec, Frame, columns_of

NAME_LENGTH = 80
MAX_PRESETS = 200


class PresetNotFoundError(LLMHubError):
    type = "preset_not_found"
    status = 404


def visible(caller: Caller) -> QuerySet[Preset]:
    """The caller's own presets and those shared in the team."""
    mine = Q(owner_id=caller.user_id) | Q(shared=True)
    return Preset.objects.filter(mine, team_id=caller.team_id).select_related("owner")


def may_edit(caller: Caller, preset: Preset) -> bool:
    """Its owner may; the team's owners and admins may as well if it is shared."""
    if caller.role == Role.VIEWER:
        return False
    manages = caller.role in {Role.OWNER, Role.ADMIN}
    return preset.owner_id == caller.user_id or (preset.shared and manages)


def save(caller: Caller, *, name: str, shared: bool, columns: Any) -> Preset:
    """Keep columns under a name. One's own preset of that name is replaced."""
    if caller.role == Role.VIEWER or caller.user_id is None:
        raise PermissionError("Viewers may look at comparisons but not keep presets.")
    specs = columns_of({"columns": columns})
    if not specs:
        raise ValidationError("There is no column to keep.", param="columns")
    mine = Preset.objects.filter(team_id=caller.team_id, owner_id=caller.user_id)
    name = _checked(name)
    if mine.count() >= MAX_PRESETS and not mine.filter(name=name).exists():
        raise ValidationError("You have many presets already. Delete one first.", param="name")
    kept, _ = Preset.objects.update_or_create(
        team_id=caller.team_id,
        owner_id=caller.user_id,
        name=name,
        defaults={"shared": shared, "columns": [_kept(spec) for spec in specs]},
    )
    return kept


def _kept(spec: ColumnSpec) -> Frame:
    """A column without its id: those who load the preset make their own."""
    return {
        "model": spec.model,
        "system_prompt": spec.system_prompt,
        "parameters": spec.parameters,
    }


def rename(caller: Caller, preset_id: int, name: str) -> None:
    """Give a preset another name. Raises ValidationError if it is taken."""
    preset = _editable(caller, preset_id)
    preset.name = _checked(name)
    try:
        with transaction.atomic():
            preset.save(update_fields=["name", "updated_at"])
    except IntegrityError:
        raise ValidationError(f"There is a preset “{preset.name}” already.", param="name") from None


def delete(caller: Caller, preset_id: int) -> None:
    """Delete a preset; comparisons that were made with it stay as they are."""
    _editable(caller, preset_id).delete()


def _editable(caller: Caller, preset_id: int) -> Preset:
    preset = visible(caller).filter(pk=preset_id).first()
    if preset is None or not may_edit(caller, preset):
        raise PresetNotFoundError("This preset does not exist, or is not yours to change.")
    return preset


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise ValidationError("Give the preset a name.", param="name")
    if len(name) > NAME_LENGTH:
        raise ValidationError(f"A name has {NAME_LENGTH} characters at most.", param="name")
    return name
