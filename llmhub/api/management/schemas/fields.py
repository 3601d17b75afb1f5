"""Kinds of values that several resources have."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from django.utils import timezone
from ninja import Schema
from pydantic import (
    AfterValidator,
    AwareDatetime,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)

from llmhub.core.errors import ValidationError
from providers import rules

LARGEST = 2**31 - 1
LARGEST_ID = 2**63 - 1
LAST_YEAR = 9000


def storable(text: str) -> str:
    """PostgreSQL keeps no NUL characters, and nothing keeps halves of a character."""
    if "\x00" in text:
        raise ValueError("A text must not hold NUL characters.")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("A text must not hold lone surrogates.")
    return text


def _to_come(moment: datetime) -> datetime:
    if moment.year > LAST_YEAR:
        raise ValueError(f"Years after {LAST_YEAR} are not taken.")
    moment = moment.astimezone(UTC)
    if moment <= timezone.now():
        raise ValueError("That is in the past.")
    return moment


Text = Annotated[str, AfterValidator(storable)]
Name = Annotated[Text, Field(min_length=1, max_length=80)]
Label = Annotated[Text, Field(min_length=1, max_length=200)]
Labels = Annotated[list[Label], Field(max_length=500)]
Limit = Annotated[int, Field(ge=1, le=LARGEST)]
Identifier = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Expiry = Annotated[
    AwareDatetime,
    AfterValidator(_to_come),
    Field(description="ISO 8601 with a time zone, in the future.", examples=["2027-06-30T00:00Z"]),
]
Amount = Annotated[
    Decimal,
    Field(gt=0, max_digits=16, decimal_places=10, description="US dollars, as number or text."),
]
Dollars = Annotated[str, Field(description="US dollars as decimal text.", examples=["0.0125"])]


def dollars(amount: Any) -> Any:
    """An amount as decimal text without trailing zeros; None stays unknown."""
    return None if amount is None else f"{Decimal(amount).normalize():f}"


class Input(Schema):
    """What a request brings. Fields that there are not are a mistake, not ignored."""

    model_config = ConfigDict(extra="forbid")


class Asked(Schema):
    """What an address asks. A parameter that there is not is a mistake, not ignored."""

    @model_validator(mode="before")
    @classmethod
    def _no_others(cls, values: Any, info: ValidationInfo) -> Any:
        request = (info.context or {}).get("request")
        unknown = sorted(request.GET.keys() - cls.model_fields.keys()) if request else []
        if unknown:
            name = unknown[0][:60]
            near = rules.near(name, cls.model_fields)
            raise ValidationError(f"There is no parameter {name!r} here.{near}", param=name)
        return values


class Listed(Schema):
    """The end of every page of a list."""

    next_cursor: str | None = Field(
        None, description="Send it as `cursor` for the next page; null on the last one."
    )


class Person(Schema):
    """Somebody with an account."""

    id: int
    email: str
    username: str

    @classmethod
    def of(cls, user: Any) -> "Person":
        """How a person is shown."""
        return cls(id=user.pk, email=user.email, username=user.get_username())


class ErrorDetail(Schema):
    """One wrong value of several."""

    param: str
    message: str


class Problem(Schema):
    """What went wrong, so that a program and a person can act on it."""

    type: str = Field(description="The kind of error; stable.")
    code: str = Field(description="Which one exactly; stable.")
    message: str
    param: str | None = Field(description="The parameter or field at fault.")
    request_id: str
    problems: list[ErrorDetail] = Field(
        [], description="Every wrong value, when there are several."
    )


class Error(Schema):
    """The shape of every error."""

    error: Problem
