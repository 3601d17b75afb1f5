"""Teams, the people in them, the keys that their programs send, and what all these may spend."""

from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from llmhub.teams import addresses, money
from providers.models import ModelMap


def _limit(help_text: str) -> "models.PositiveIntegerField[Any, Any]":
    """A limit that may be left open; 0 would be a switch, and there is one for that."""
    return models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text=help_text
    )


class BodyPolicy(models.TextChoices):
    """How much of a call's request and answer is kept."""

    OFF = "off", "Nothing but the numbers"
    METADATA = "metadata", "Numbers and parameters"
    FULL = "full", "Everything"


class Team(models.Model):
    """The tenant: keys, calls, comparisons and budgets belong to one."""

    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    body_policy = models.CharField(
        max_length=10, choices=BodyPolicy.choices, default=BodyPolicy.FULL
    )
    retention_days = models.PositiveIntegerField(
        default=90, help_text="Bodies are deleted after this many days; numbers stay."
    )
    rpm = _limit("Requests in any 60 seconds, of all keys and people together; empty means any.")
    tpm = _limit("Tokens in any 60 seconds, of all keys and people together; empty means any.")
    max_parallel = _limit("Calls under way at once; empty means any number.")
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def audit_team_id(self) -> int:
        """In whose trail its changes stand."""
        return self.pk


class Role(models.TextChoices):
    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    MEMBER = "member", "Member"
    VIEWER = "viewer", "Viewer"


class Membership(models.Model):
    """A person's place in a team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="one_membership_per_team")
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"

    @property
    def audit_team_id(self) -> int:
        """In whose trail its changes stand."""
        return self.team_id


class Invitation(models.Model):
    """A link by which one person joins a team, with an account that they have or make then.

    Only the link's keyed hash is kept; the link is shown once. Rows go when they are used.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    email = models.EmailField(
        blank=True, default="", help_text="Whom it is for; empty: whoever has the link."
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.email or 'whoever has the link'} to {self.team}"

    @property
    def audit_team_id(self) -> int:
        """In whose trail its changes stand."""
        return self.team_id

    @property
    def has_expired(self) -> bool:
        """Whether it is too late for it."""
        return self.expires_at <= timezone.now()


class VirtualKey(models.Model):
    """A key that a program sends. Only its keyed hash is kept; the key is shown once.

    After a rotation the row goes on with a new key, so limits, budgets and usage go on too; the
    previous key works until `grace_until`.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16, db_index=True, editable=False)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    models_allowed = models.JSONField(
        default=list, blank=True, help_text="Model names; empty means every model."
    )
    tags = models.JSONField(default=list, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="personal_keys",
        help_text="Whose calls these are: they count to this person's budgets. "
        "Empty for a program of the whole team.",
    )
    rpm = _limit("Requests in any 60 seconds; empty means any.")
    tpm = _limit("Tokens in any 60 seconds; empty means any.")
    max_parallel = _limit("Calls under way at once; empty means any number.")
    allowed_ips = models.JSONField(
        default=list,
        blank=True,
        help_text="Addresses it may be used from, like 10.0.0.0/8; empty means everywhere.",
    )
    previous_prefix = models.CharField(max_length=16, blank=True, default="", editable=False)
    previous_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    grace_until = models.DateTimeField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    enabled = models.BooleanField(
        default=True, help_text="Off: it is refused until somebody switches it on again."
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def audit_team_id(self) -> int:
        """In whose trail its changes stand."""
        return self.team_id

    @property
    def state(self) -> str:
        """One of "active", "revoked", "expired", "disabled"."""
        if self.revoked_at:
            return "revoked"
        if self.expires_at and self.expires_at <= timezone.now():
            return "expired"
        return "active" if self.enabled else "disabled"

    @property
    def previous_works(self) -> bool:
        """Whether the key from before the last rotation is still accepted."""
        return bool(self.previous_hash and self.grace_until and self.grace_until > timezone.now())

    def clean(self) -> None:
        try:
            addresses.networks(self.allowed_ips)
        except ValueError as error:
            raise ValidationError({"allowed_ips": str(error)}) from None


class AccessToken(models.Model):
    """What a person's scripts send to the management API instead of signing in.

    It may what the person may. Only its keyed hash is kept; the token is shown once.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="access_tokens"
    )
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    read_only = models.BooleanField(default=False, help_text="It may look but change nothing.")
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def state(self) -> str:
        """One of "active", "revoked", "expired"."""
        if self.revoked_at:
            return "revoked"
        if self.expires_at and self.expires_at <= timezone.now():
            return "expired"
        return "active"


class Window(models.TextChoices):
    """How long a budget lasts. Windows begin at midnight UTC; weeks on Mondays."""

    DAY = "day", "a day"
    WEEK = "week", "a week"
    MONTH = "month", "a month"
    TOTAL = "total", "in total"


BUDGET_OWNERS = ("key", "team", "user", "model_map")


def _exactly_one_of(names: tuple[str, ...]) -> models.Q:
    """Exactly one of these fields is set."""
    choices = ({f"{name}__isnull": name != chosen for name in names} for chosen in names)
    return reduce(or_, (models.Q(**choice) for choice in choices))


class Budget(models.Model):
    """What a key, a team, a person or a model map may spend in a window of time: US dollars.

    It counts the calls that begin after it was made.
    """

    key = models.ForeignKey(
        VirtualKey, null=True, blank=True, on_delete=models.CASCADE, related_name="budgets"
    )
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.CASCADE, related_name="budgets"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="budgets",
    )
    model_map = models.ForeignKey(
        ModelMap, null=True, blank=True, on_delete=models.CASCADE, related_name="budgets"
    )
    amount = models.DecimalField(
        max_digits=16,
        decimal_places=money.PLACES,
        validators=[MinValueValidator(money.SMALLEST, "Give more than 0.")],
        help_text="US dollars.",
    )
    window = models.CharField(max_length=5, choices=Window.choices, default=Window.MONTH)
    soft_limit_percent = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="Give notice once in each window when this much of it is spent.",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="budget_above_zero"),
            models.CheckConstraint(
                condition=_exactly_one_of(BUDGET_OWNERS),
                name="budget_has_one_owner",
                violation_error_message="Choose exactly one: a key, a team, a person or a model.",
            ),
        ]

    def __str__(self) -> str:
        return f"{money.text(self.amount)} {Window(self.window).label} of {self.owner_name}"

    @property
    def audit_team_id(self) -> int | None:
        """In whose trail its changes stand; None if it is of a person or a model."""
        return self.team_id if self.key is None else self.key.team_id

    @property
    def owner_name(self) -> str:
        """Whose it is, in the middle of a sentence."""
        if self.key is not None:
            return f"the key {self.key}"
        if self.team is not None:
            return f"the team {self.team}"
        if self.user is not None:
            return f"the person {self.user}"
        return f"the model {self.model_map}"


class BudgetPeriod(models.Model):
    """What was spent of a budget in the window that began on `start`: the sum of records' costs.

    Written by `llmhub.usage.recorder` alone, with the records. Whole ten-billionths of a dollar, so
    that sums are exact on SQLite too. There is no constraint in the database, so that a budget may
    be deleted while a call is under way.
    """

    budget = models.ForeignKey(
        Budget, on_delete=models.CASCADE, db_constraint=False, related_name="periods"
    )
    start = models.DateField()
    spent_units = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["-start"]
        constraints = [
            models.UniqueConstraint(fields=["budget", "start"], name="one_period_per_start")
        ]

    def __str__(self) -> str:
        return f"{money.text(self.spent)} since {self.start}"

    @property
    def spent(self) -> Decimal:
        """US dollars."""
        return money.usd(self.spent_units)


class BudgetMark(models.TextChoices):
    """What of a budget people are told."""

    SOFT_LIMIT = "soft_limit", "Its soft limit is reached"
    USED_UP = "used_up", "It is used up"


class BudgetNotice(models.Model):
    """That people were sent, or are about to be sent, a mark of a budget in a window.

    Once for each amount: what was raised and is used up again is news. `tried_at` keeps others from
    sending it at the same time; without `sent_at` it is tried again after a while.
    """

    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="notices")
    start = models.DateField()
    mark = models.CharField(max_length=10, choices=BudgetMark.choices)
    amount_units = models.BigIntegerField()
    tried_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-start"]
        constraints = [
            models.UniqueConstraint(
                fields=["budget", "start", "mark", "amount_units"],
                name="one_notice_per_mark_and_amount",
            )
        ]

    def __str__(self) -> str:
        return f"{self.mark} of {self.budget} since {self.start}"
