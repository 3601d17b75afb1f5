"""/api/v1/teams and the people in them."""

from django.http import HttpRequest
from ninja import Query, Router
from ninja.responses import Status

from llmhub.api.http_errors import NotFoundError
from llmhub.api.management import rights
from llmhub.api.management.changes import given
from llmhub.api.management.idempotency import IdempotencyKey, Made, once
from llmhub.api.management.lists import ListQuery, page_of
from llmhub.api.management.schemas.fields import Identifier
from llmhub.api.management.schemas.teams import (
    Member,
    MemberChange,
    Members,
    NewMember,
    NewTeam,
    Team,
    TeamChange,
    Teams,
)
from llmhub.api.management.signing_in import person
from llmhub.teams import members
from llmhub.teams.models import Membership
from llmhub.teams.models import Team as TeamRow
from llmhub.teams.teams import create_team, edit_team

router = Router(tags=["Teams"])

_NEVER_EMPTY = frozenset({"name", "body_policy", "retention_days", "enabled"})


@router.get("", response=Teams)
def list_teams(request: HttpRequest, query: Query[ListQuery]) -> Teams:
    """Your teams."""
    asking = person(request)
    found, following = page_of(rights.teams_of(asking), query)
    data = [Team.of(team, members.role_of(asking, team) or "viewer") for team in found]
    return Teams(data=data, next_cursor=following)


@router.post("", response={201: Team})
def make_team(
    request: HttpRequest,
    body: NewTeam,
    idempotency_key: IdempotencyKey = None,
) -> "Status[object]":
    """Make a team; you own it."""
    asking = person(request)
    rights.require(asking.has_perm("teams.add_team"), "Only admins of the hub make teams.")

    def make() -> Made:
        team = create_team(name=body.name, slug=body.slug or "", acting_user=asking)
        return Made(Team.of(team, "owner"), f"the team {team.slug}")

    return once(request, idempotency_key, body, make)


@router.get("/{team}", response=Team)
def get_team(request: HttpRequest, team: str) -> Team:
    """One team."""
    place = rights.place_in(person(request), team)
    return Team.of(place.team, place.role)


@router.patch("/{team}", response=Team)
def change_team(request: HttpRequest, team: str, body: TeamChange) -> Team:
    """Change a team."""
    asking = person(request)
    place = rights.place_in(asking, team)
    rights.require(place.owns, "Only owners change their team.")
    changes = given(body, _NEVER_EMPTY)
    if "enabled" in changes:
        rights.require(asking.is_superuser, "Only superusers switch teams on and off.")
    edit_team(place.team, acting_user=asking, **changes)
    return Team.of(place.team, place.role)


# --- People ---------------------------------------------------------------------------------------


@router.get("/{team}/members", response=Members, tags=["Members"])
def list_members(request: HttpRequest, team: str, query: Query[ListQuery]) -> Members:
    """The people of a team."""
    place = rights.place_in(person(request), team)
    found, following = page_of(members.members_of(place.team), query)
    return Members(data=[Member.of(member) for member in found], next_cursor=following)


@router.post("/{team}/members", response={201: Member}, tags=["Members"])
def add_member(
    request: HttpRequest,
    team: str,
    body: NewMember,
    idempotency_key: IdempotencyKey = None,
) -> "Status[object]":
    """Give somebody a place."""
    asking = person(request)
    place = rights.place_in(asking, team)
    rights.require(place.manages, "Only owners and admins of a team look after its people.")

    def make() -> Made:
        somebody = members.find_person(body.person)
        member = members.add_member(
            team=place.team, person=somebody, role=body.role, acting_user=asking
        )
        return Made(Member.of(member), f"{somebody} a {member.role} of {place.team}")

    return once(request, idempotency_key, body, make)


@router.patch("/{team}/members/{user_id}", response=Member, tags=["Members"])
def change_member(
    request: HttpRequest, team: str, user_id: Identifier, body: MemberChange
) -> Member:
    """Give somebody another role."""
    member = _member(rights.place_in(person(request), team).team, user_id)
    members.change_role(member, body.role, acting_user=person(request))
    return Member.of(member)


@router.delete("/{team}/members/{user_id}", response={204: None}, tags=["Members"])
def remove_member(request: HttpRequest, team: str, user_id: Identifier) -> "Status[None]":
    """Take somebody out, or leave."""
    member = _member(rights.place_in(person(request), team).team, user_id)
    members.remove_member(member, acting_user=person(request))
    return Status(204, None)


def _member(team: TeamRow, user_id: int) -> Membership:
    found = members.members_of(team).filter(user_id=user_id).first()
    if found is None:
        raise NotFoundError(f"Nobody with the id {user_id} is in this team.", param="user_id")
    found.team = team
    return found
