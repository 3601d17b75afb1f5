"""What can be wrong with a request as HTTP."""

from llmhub.core.errors import ValidationError


class NoRouteError(ValidationError):
    """There is nothing at this path."""

    status = 404


class WrongMethodError(ValidationError):
    """There is something at this path, but not for this method."""

    status = 405

    def __init__(self, allowed: str) -> None:
        super().__init__(f"This path takes {allowed} requests.", code="method_not_allowed")
        self.allowed = allowed


class SlowSenderError(ValidationError):
    """The body does not come."""

    status = 408

    def __init__(self, problem: str) -> None:
        super().__init__(problem, code="request_timeout")


class WrongContentTypeError(ValidationError):
    """The body is in a form that is not read here."""

    status = 415

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"{problem} Send JSON with `Content-Type: application/json`.",
            code="unsupported_media_type",
        )
