"""The simulated models: how fast each one is and how it talks."""

from dataclasses import dataclass
from typing import Final, Literal

Style = Literal["crisp", "thorough", "reasoned", "filler", "vectors"]


@dataclass(frozen=True, slots=True)
class Model:
    """One simulated model and its pace when a request does not set another."""

    id: str
    title: str
    style: Style
    ttft_ms: float = 0.0
    """Milliseconds until the first token."""
    tokens_per_second: float = 0.0
    """Speed after the first token; 0 means that nothing is waited for."""
    jitter: float = 0.0
    """Largest share by which a wait is lengthened or shortened, 0 to 1."""
    thinks: bool = False
    plain_tokens: int | None = None
    """Length of a plain reply in tokens; None means as long as the text happens to be."""
    stream_tokens: int | None = None
    """Length of a streamed reply in tokens; None means as long as the text happens to be."""

    @property
    def is_instant(self) -> bool:
        """True for the model whose chunks are prepared in advance."""
        return self.style == "filler"


_ALL: Final = (
    Model(
        id="sim-swift",
        title="Swift (simulated)",
        style="crisp",
        ttft_ms=120,
        tokens_per_second=120,
        jitter=0.2,
    ),
    Model(
        id="sim-sage",
        title="Sage (simulated)",
        style="thorough",
        ttft_ms=400,
        tokens_per_second=45,
        jitter=0.2,
    ),
    Model(
        id="sim-thinker",
        title="Thinker (simulated)",
        style="reasoned",
        ttft_ms=250,
        tokens_per_second=70,
        jitter=0.2,
        thinks=True,
    ),
    Model(
        id="sim-instant",
        title="Instant (simulated)",
        style="filler",
        plain_tokens=16,
        stream_tokens=32,
    ),
    Model(id="sim-embedding", title="Embedding (simulated)", style="vectors"),
)

MODELS: Final[dict[str, Model]] = {model.id: model for model in _ALL}

FAULT_PREFIX: Final = "sim-fault-"
"""`sim-fault-429` is `sim-swift:fault=429`."""

FAULT_MODEL: Final = MODELS["sim-swift"]
