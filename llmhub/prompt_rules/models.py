"""What an admin says should happen to prompts: if this matches, do that."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from llmhub.prompt_rules import masking, patterns
from llmhub.teams.models import Team


class Match(models.TextChoices):
    ALWAYS = "always", "Every prompt"
    KEYWORDS = "keywords", "Prompts with one of these words"
    REGEX = "regex", "Prompts that match this expression"


class Where(models.TextChoices):
    LAST = "last", "The last message of the user"
    CONVERSATION = "conversation", "The whole conversation"


class Action(models.TextChoices):
    ROUTE = "route", "Route to another model"
    SYSTEM_PROMPT = "system_prompt", "Add a system prompt"
    SEARCH = "search", "Switch search on"
    BLOCK = "block", "Block the call"
    MASK = "mask", "Mask personal data"
    COMPRESS = "compress", "Compress the prompt"


class PromptRule(models.Model):
    """A rule. They are looked at in their order, each on what the one before has left."""

    name = models.CharField(max_length=80, unique=True)
    position = models.PositiveIntegerField(default=10, help_text="Lower numbers come first.")
    team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="prompt_rules",
        help_text="Whose calls it is for; empty means everybody's.",
    )
    enabled = models.BooleanField(default=True)
    match = models.CharField("if", max_length=10, choices=Match.choices, default=Match.KEYWORDS)
    where = models.CharField("looks at", max_length=12, choices=Where.choices, default=Where.LAST)
    pattern = models.TextField(
        "words or expression",
        blank=True,
        help_text="Words and phrases, one on each line, or one expression in RE2's syntax "
        "(github.com/google/re2/wiki/Syntax). Small and capital letters are the same.",
    )
    action = models.CharField("then", max_length=15, choices=Action.choices)
    model = models.CharField(
        max_length=330, blank=True, help_text="The model to route to, also credential/model."
    )
    text = models.TextField(
        blank=True, help_text="The system prompt, or what a blocked caller is told."
    )
    results = models.PositiveSmallIntegerField(
        "search results",
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(20)],
        help_text="How many, from 1 to 20.",
    )
    masks = models.JSONField(
        "what to mask", default=list, blank=True, help_text="Each is replaced by a placeholder."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        problems: dict[str, Any] = {}
        if self.match != Match.ALWAYS and not self.pattern.strip():
            problems["pattern"] = "Say what a prompt must have for this rule to act."
        elif self.match == Match.REGEX and (wrong := patterns.problem(self.pattern)):
            problems["pattern"] = wrong
        if self.action == Action.ROUTE and not self.model.strip():
            problems["model"] = "Name the model to route to."
        if self.action == Action.SYSTEM_PROMPT and not self.text.strip():
            problems["text"] = "Write the system prompt."
        if self.action == Action.MASK and not self.masks:
            problems["masks"] = f"Choose at least one of {', '.join(masking.KINDS)}."
        if problems:
            raise ValidationError(problems)
