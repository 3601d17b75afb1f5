"""The first start: an admin, a team, credentials from the environment, and something to try.

Everything here may run at every start. What was made once is never made again, so that a deleted
credential stays deleted; the audit trail's "seed" rows are the memory for that.
"""

import secrets
from dataclasses import dataclass
from typing import Protocol

from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from llmhub import env
from llmhub.core import audit
from llmhub.core.models import AuditEntry, ConfigVersion
from llmhub.teams.models import Membership, Role, Team
from providers import mapping, prices
from providers.addresses import address_problem
from providers.environment import Found, ask_ollama, credentials_found, default_wanted
from providers.models import Credential, ModelMap

SEED = "seed"
SIMULATOR = "simulator"
SIMULATED_MODELS = {
    "sim-swift": "Simulated: quick and brief.",
    "sim-sage": "Simulated: slower and thorough.",
    "sim-thinker": "Simulated: thinks before it answers.",
}


class Output(Protocol):
    """Where lines for people go: a management command's stdout, or anything with `write`."""

    def write(self, msg: str, /) -> object: ...


@dataclass(frozen=True, slots=True)
class Admin:
    """The account to sign in with. `password` only if it was made just now."""

    email: str
    username: str
    password: str | None = None


def first_start(stdout: Output) -> str:
    """Make what a new hub needs and say on `stdout` what was made. Returns how to sign in."""
    ollama = None if _was_seeded("ollama") else ask_ollama()
    with transaction.atomic():
        _one_at_a_time()
        admin = _admin()
        _team()
        lines = [line for found in credentials_found(ollama) if (line := _seed(found))]
        if _seed_simulator() or lines:
            _default_model()
    for line in lines:
        stdout.write(line)
    return _how_to_sign_in(admin)


def _one_at_a_time() -> None:
    """Hold back other processes that start at the same moment until this transaction is over."""
    ConfigVersion.objects.get_or_create(pk=1)
    ConfigVersion.objects.select_for_update().get(pk=1)


# --- people -----------------------------------------------------------------------------------


def _admin() -> Admin:
    people = get_user_model().objects
    existing = people.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if existing is not None:
        return Admin(existing.email or existing.get_username(), existing.get_username())
    email = env.text("LLMHUB_ADMIN_EMAIL", "admin@localhost")
    given = env.text("LLMHUB_ADMIN_PASSWORD")
    password = given or secrets.token_urlsafe(12)
    user = people.create_superuser(_free_username(), email, password)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    audit.record(SEED, user)
    return Admin(email, user.get_username(), None if given else password)


def _free_username() -> str:
    taken = get_user_model().objects.filter(username="admin").exists()
    return f"admin-{secrets.token_hex(3)}" if taken else "admin"


def _team() -> None:
    if Team.objects.exists():
        return
    team = Team.objects.create(name="Default", slug="default")
    owners: list[User] = list(get_user_model().objects.filter(is_superuser=True, is_active=True))
    for user in owners:
        Membership.objects.create(team=team, user=user, role=Role.OWNER)
    audit.record(SEED, team)


def _how_to_sign_in(admin: Admin) -> str:
    if admin.password:
        return (
            f"Sign in as {admin.email} with the password {admin.password}\n"
            "(shown this once; change it at /admin/password_change/)"
        )
    return (
        f"Sign in as {admin.email} with your password.\n"
        f"(forgotten? .venv/bin/python manage.py changepassword {admin.username})"
    )


# --- credentials and models --------------------------------------------------------------------


def _seed(found: Found) -> str:
    """Make a credential and its model maps; "" if they are there or were there before."""
    if _was_seeded(found.name) or Credential.objects.filter(name=found.name).exists():
        return ""
    if found.base_url and (problem := address_problem(found.base_url)):
        return f"{found.source} was left out: {problem}"
    credential = Credential(
        name=found.name,
        kind=found.kind.kind,
        api_key=found.api_key,
        base_url=found.base_url,
        options=found.options,
        **found.limits,
    )
    try:
        credential.full_clean(exclude={"base_url"})
    except ValidationError as error:
        return f"{found.source} was left out: {' '.join(error.messages)}"
    credential.save()
    audit.record(SEED, credential, changes={"from": found.source})
    names = [name for model in found.models if (name := _seed_model(credential, model))]
    return f"Found {found.kind.label} in {found.source}{_listed(names)}."


def _seed_model(credential: Credential, upstream_model: str, description: str = "") -> str:
    name = mapping.suggest_name(
        credential,
        upstream_model,
        taken=set(ModelMap.objects.values_list("name", flat=True)),
        credentials=set(Credential.objects.values_list("name", flat=True)),
    )
    mapping.map_model(
        credential=credential, upstream_model=upstream_model, name=name, description=description
    )
    return name


def _listed(names: list[str]) -> str:
    return f": mapped {', '.join(names)}" if names else ""


def _seed_simulator() -> bool:
    """Whether the simulated provider was made just now."""
    found = Credential.objects.filter(name=SIMULATOR).exists()
    if found or _was_seeded(SIMULATOR):
        return False
    credential = Credential.objects.create(name=SIMULATOR, kind=SIMULATOR)
    audit.record(SEED, credential)
    for model, description in SIMULATED_MODELS.items():
        _seed_model(credential, model, description)
    return True


def _was_seeded(name: str) -> bool:
    kind = str(Credential._meta.verbose_name)
    return AuditEntry.objects.filter(action=SEED, object_type=kind, object_label=name).exists()


def _default_model() -> None:
    """Give calls that name no model one to go to: the wanted, else a real, else a simulated one.

    A person's choice stays; a simulated default gives way to the first real model.
    """
    present = ModelMap.objects.filter(is_default=True).first()
    if present is not None and not _is_simulated(present):
        return
    chosen = _wanted() or _first_real() or present or ModelMap.objects.order_by("pk").first()
    if chosen is not None and chosen != present:
        mapping.make_default(chosen)


def _wanted() -> ModelMap | None:
    """What DEFAULT_MODEL and DEFAULT_PROVIDER ask for, mapped if need be."""
    wanted = default_wanted()
    provider = Credential.objects.filter(name=wanted.provider).first()
    if not wanted.model:
        rows = ModelMap.objects.filter(deployments__credential=provider).order_by("pk")
        return rows.first() if provider else None
    existing = ModelMap.objects.filter(name=wanted.model).first()
    provider = provider or _who_has(wanted.model)
    if existing is None and provider is not None:
        return ModelMap.objects.get(name=_seed_model(provider, wanted.model))
    return existing


def _who_has(model: str) -> Credential | None:
    """The first real credential whose kind is known to have this model."""
    rows = Credential.objects.exclude(kind=SIMULATOR).order_by("pk")
    return next((row for row in rows if prices.lookup(row.provider, model)), None)


def _first_real() -> ModelMap | None:
    real = ModelMap.objects.filter(enabled=True, deployments__credential__enabled=True)
    return real.exclude(deployments__credential__kind=SIMULATOR).order_by("pk").first()


def _is_simulated(model_map: ModelMap) -> bool:
    kinds = {row.credential.kind for row in model_map.deployments.select_related("credential")}
    return bool(kinds) and kinds <= {SIMULATOR}
