"""How log lines look: one line each, secrets masked."""

from typing import Any

import structlog

from llmhub.core.errors import mask

SHARED: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def mask_secrets(_: Any, __: str, event: Any) -> Any:
    """Replace whatever looks like a key, in the message and in every field."""
    return {name: mask(value) if isinstance(value, str) else value for name, value in event.items()}


def formatter() -> structlog.stdlib.ProcessorFormatter:
    """For the standard library's handlers: our lines and those of libraries alike."""
    return structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            mask_secrets,
            structlog.dev.ConsoleRenderer(colors=False),
        ],
        foreign_pre_chain=SHARED,
    )


def configure() -> None:
    """Send structlog's lines through the standard library's handlers."""
    structlog.configure(
        processors=[
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
