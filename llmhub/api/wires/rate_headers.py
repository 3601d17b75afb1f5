"""x-ratelimit-… headers, named and written as OpenAI does."""

from llmhub.api.wires.http import Headers
from llmhub.teams.limits.scopes import Room, Rooms


def of(rooms: Rooms | None) -> Headers:
    """The headers for the room that a call has left in its limits."""
    if rooms is None:
        return []
    return _of_kind(b"requests", rooms.requests) + _of_kind(b"tokens", rooms.tokens)


def _of_kind(kind: bytes, room: Room | None) -> Headers:
    if room is None:
        return []
    return [
        (b"x-ratelimit-limit-" + kind, b"%d" % room.limit),
        (b"x-ratelimit-remaining-" + kind, b"%d" % room.remaining),
        (b"x-ratelimit-reset-" + kind, duration(room.reset_s).encode()),
    ]


def duration(seconds: float) -> str:
    """A time as OpenAI writes it: 120ms, 1.2s, 59.96s, 1m0s."""
    milliseconds = round(seconds * 1000)
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    text = f"{rest / 1000:g}s"
    return f"{minutes}m{text}" if minutes else text
