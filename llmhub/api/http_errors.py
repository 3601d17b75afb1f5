"""What can be wrong with a request as HTTP, whichever face was asked."""

from llmhub.core.errors import LLMHubError, ValidationError


class NotFoundError(LLMHubError):
    """There is nothing here, or nothing that the asker may see; nobody can tell which."""

    type = "not_found"
    status = 404


class WrongMethodError(LLMHubError):
    """There is something at this path, but not for this method. `allowed` is as in the header."""

    type = "method_not_allowed"
    status = 405

    def __init__(self, allowed: str) -> None:
        super().__init__(f"This path takes {allowed} requests.")
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
