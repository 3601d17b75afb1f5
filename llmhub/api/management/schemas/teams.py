"""Teams and the people in them."""

from datetime import datetime
from typing import Annotated, Literal, cast

from ninja import Schema
from pydantic import Field

from llmhub.api.management.schemas.fields import Input, Limit, Listed, Name, Person, Text
from llmhub.teams.models import Membership
from llmhub.teams.models import Team as TeamRow

Role = Literal["owner", "admin", "member", "viewer"]
BodyPolicy = Literal["off", "metadata", "full"]
Days = Annotated[int, Field(ge=0, le=36500)]


class Team(Schema):
    """A tenant: keys, calls and budgets belong to one."""

    id: int
    slug: str = Field(description="How addresses and filters name it.")
    name: str
    role: Role = Field(description="What you are in it; superusers count as owners.")
    enabled: bool
    body_policy: BodyPolicy = Field(description="How much of requests and answers is kept.")
    retention_days: int = Field(description="Kept bodies are deleted after so many days.")
    rpm: int | None = Field(description="Requests in any 60 seconds; null means any number.")
    tpm: int | None = Field(description="Tokens in any 60 seconds; null means any number.")
    max_parallel: int | None = Field(description="Calls at once; null means any number.")
    created_at: datetime

    @classmethod
    def of(cls, team: TeamRow, role: str) -> "Team":
        """How a team is shown to somebody of that role."""
        shown = {name: getattr(team, name) for name in cls.model_fields if name != "role"}
        return cls(**shown | {"role": role})


class Teams(Listed):
    data: list[Team]


class NewTeam(Input):
    name: Name
    slug: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=80)] | None = Field(
        None, description="Made of the name when left out."
    )


class TeamChange(Input):
    """What is left out stays as it is; null lifts a limit."""

    name: Name | None = None
    body_policy: BodyPolicy | None = None
    retention_days: Days | None = None
    rpm: Limit | None = None
    tpm: Limit | None = None
    max_parallel: Limit | None = None
    enabled: bool | None = Field(None, description="For superusers.")


class Member(Schema):
    """Somebody's place in a team."""

    user: Person
    role: Role
    joined_at: datetime

    @classmethod
    def of(cls, member: Membership) -> "Member":
        """How a place is shown."""
        return cls(
            user=Person.of(member.user),
            role=cast("Role", member.role),
            joined_at=member.created_at,
        )


class Members(Listed):
    data: list[Member]


class NewMember(Input):
    person: Annotated[Text, Field(min_length=1, max_length=254)] = Field(
        description="E-mail or user name of somebody with an account."
    )
    role: Role = "member"


class MemberChange(Input):
    role: Role
