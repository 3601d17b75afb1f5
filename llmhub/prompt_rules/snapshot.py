"""The rules as the call path sees them: compiled, in memory, rebuilt on change."""

from dataclasses import dataclass
from typing import Any

import re2
import structlog

from llmhub.core import version
from llmhub.prompt_rules import patterns
from llmhub.prompt_rules.models import Match, PromptRule, Where

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that is switched on. `expression` None matches every prompt."""

    name: str
    team_id: int | None
    expression: Any
    whole_conversation: bool
    action: str
    model: str
    text: str
    results: int
    masks: tuple[str, ...]


_rules: tuple[Rule, ...] | None = None


def reload() -> None:
    """Rebuild the snapshot from the database."""
    global _rules
    rows = PromptRule.objects.filter(enabled=True)
    _rules = tuple(rule for row in rows if (rule := compiled(row)) is not None)


def of_team(team_id: int) -> tuple[Rule, ...]:
    """The rules for a team's calls, in their order; () for most."""
    if _rules is None:
        version.refresh()
    if not _rules:
        return ()
    return tuple(rule for rule in _rules if rule.team_id is None or rule.team_id == team_id)


def compiled(row: PromptRule) -> Rule | None:
    """A row ready to be used; None, with a line in the log, if its expression is none."""
    try:
        expression = _expression(row)
    except re2.error:
        log.error("prompt_rule_left_out", rule=row.name, reason=patterns.problem(row.pattern))
        return None
    return Rule(
        name=row.name,
        team_id=row.team_id,
        expression=expression,
        whole_conversation=row.where == Where.CONVERSATION,
        action=row.action,
        model=row.model.strip(),
        text=row.text.strip(),
        results=row.results,
        masks=tuple(row.masks),
    )


def _expression(row: PromptRule) -> Any:
    if row.match == Match.ALWAYS:
        return None
    if row.match == Match.KEYWORDS:
        return patterns.of_words(row.pattern)
    return patterns.compiled(row.pattern)
