"""What each generation of Claude takes: thinking, sampling, schemas, forced tools.

By version, as https://platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting and
the migration guide beside it have it. What is past is a closed list; a model that is not known is
taken for one of the newest generation. Names that are not Claude's (the simulator, other services
with this wire) get the oldest, plainest form.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

_NEW_NAME = re.compile(r"claude-([a-z]+)-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")
_OLD_NAME = re.compile(r"claude-(?:v|instant-)?(\d)(?:[-.](\d{1,2}))?(?!\d)")
_OLDEST, _NEWEST = (0, 0), (99, 0)
_ALWAYS_THINKS = frozenset({"fable", "mythos"})


@dataclass(frozen=True, slots=True)
class Generation:
    """A Claude's family and version."""

    family: str
    version: tuple[int, int]

    @property
    def thinks(self) -> bool:
        """Whether it can be asked to think."""
        return self.version >= (3, 7) or self.version == _OLDEST

    @property
    def adaptive(self) -> bool:
        """Thinks as much as it finds right, within an effort; earlier ones by a token budget."""
        return self.version >= (4, 6)

    @property
    def thinks_unasked(self) -> bool:
        """Whether thinking is on when a request says nothing of it."""
        return self.version >= (5, 0)

    @property
    def can_stop_thinking(self) -> bool:
        """Whether thinking may be switched off."""
        return self.family not in _ALWAYS_THINKS

    @property
    def takes_sampling(self) -> bool:
        """Whether temperature, top_p and top_k may be set."""
        return self.version < (4, 7)

    @property
    def takes_both_samplings(self) -> bool:
        """Whether temperature and top_p may be set together."""
        return self.version < (4, 1)

    @property
    def takes_schema(self) -> bool:
        """Whether output_config.format has the answer fit a schema."""
        return self.version >= (4, 5)

    @property
    def takes_forced_tools(self) -> bool:
        """Whether a tool can be forced."""
        return self.version < (5, 1) or self.family == "haiku"

    @property
    def highest_efforts(self) -> frozenset[str]:
        """The efforts above "high" that it knows."""
        if self.version >= (4, 7):
            return frozenset({"xhigh", "max"})
        return frozenset({"max"}) if self.adaptive else frozenset()


@lru_cache(maxsize=1024)
def generation(model: str) -> Generation:
    """What is known of a model by its name."""
    name = model.lower()
    if found := _NEW_NAME.search(name):
        return Generation(found[1], (int(found[2]), int(found[3] or 0)))
    if found := _OLD_NAME.search(name):
        return Generation("", (int(found[1]), int(found[2] or 0)))
    if "claude" not in name:
        return Generation("", _OLDEST)
    family = next((word for word in ("fable", "mythos") if word in name), "")
    return Generation(family, _NEWEST)
