"""Who is asking: a key or a person, turned into a Caller from a snapshot in memory.

No query is made on the way in. The snapshot is rebuilt whenever the configuration changes, so a
revoked key is refused at the next call.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from django.contrib.auth import get_user_model
from django.utils import timezone

from llmhub.core import version
from llmhub.core.errors import AuthenticationError, PermissionError
from llmhub.teams import addresses
from llmhub.teams.addresses import Network
from llmhub.teams.keys import KEY_MARK, hashes
from llmhub.teams.models import Membership, Role, Team, VirtualKey

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """Team, key or person, and what they may use. `models_allowed` empty means every model.

    What they may use up is in `allowances`. `networks` are those that a key may be used from.
    """

    team_id: int
    team_name: str
    source: str
    key_id: int | None = None
    key_prefix: str = ""
    user_id: int | None = None
    role: str = Role.MEMBER
    models_allowed: frozenset[str] = frozenset()
    tags: tuple[str, ...] = ()
    body_policy: str = "full"
    networks: tuple[Network, ...] = ()

    def may_use(self, model: str) -> bool:
        """Whether the key is allowed this public model name."""
        return not self.models_allowed or model in self.models_allowed


@dataclass(frozen=True, slots=True)
class _Key:
    caller: Caller
    revoked_at: datetime | None
    expires_at: datetime | None
    replaced_at: datetime | None
    enabled: bool
    team_enabled: bool


@dataclass(frozen=True, slots=True)
class _Snapshot:
    keys: dict[str, _Key]
    seen: dict[str, _Key]  # by the key's own text: hashing costs more than all else in by_key
    members: dict[tuple[int, int], Caller]
    superusers: frozenset[int]
    teams: dict[int, Team]
    keys_by_id: dict[int | None, _Key]


_snapshot: _Snapshot | None = None


def reload() -> None:
    """Rebuild the snapshot from the database."""
    global _snapshot
    people = get_user_model().objects.filter(is_superuser=True, is_active=True)
    keys = _load_keys()
    _snapshot = _Snapshot(
        keys=keys,
        seen={},
        members=_load_members(),
        superusers=frozenset(people.values_list("pk", flat=True)),
        teams=Team.objects.in_bulk(),
        keys_by_id={key.caller.key_id: key for key in keys.values() if key.replaced_at is None},
    )


def _load_keys() -> dict[str, _Key]:
    """Each key under its hash, and for a time under that of the one before its rotation."""
    known: dict[str, _Key] = {}
    for row in VirtualKey.objects.select_related("team"):
        caller = _caller_of_key(row)
        times = (row.revoked_at, row.expires_at)
        switches = (row.enabled, row.team.enabled)
        known[row.key_hash] = _Key(caller, *times, None, *switches)
        if row.previous_hash:
            before = replace(caller, key_prefix=row.previous_prefix)
            known[row.previous_hash] = _Key(before, *times, row.grace_until, *switches)
    return known


def _caller_of_key(key: VirtualKey) -> Caller:
    return Caller(
        team_id=key.team_id,
        team_name=key.team.name,
        source="api",
        key_id=key.pk,
        key_prefix=key.prefix,
        user_id=key.user_id,
        models_allowed=frozenset(key.models_allowed),
        tags=tuple(key.tags),
        body_policy=key.team.body_policy,
        networks=_networks(key),
    )


def _networks(key: VirtualKey) -> tuple[Network, ...]:
    try:
        return addresses.networks(key.allowed_ips)
    except ValueError as error:
        log.error("key_usable_nowhere", key=str(key), error=str(error))
        return (addresses.NOWHERE,)


def _load_members() -> dict[tuple[int, int], Caller]:
    rows = Membership.objects.select_related("team", "user").filter(
        team__enabled=True, user__is_active=True
    )
    return {
        (row.user_id, row.team_id): _caller_of_person(row.team, row.user_id, row.role)
        for row in rows
    }


def _caller_of_person(team: Team, user_id: int, role: str) -> Caller:
    return Caller(
        team_id=team.pk,
        team_name=team.name,
        source="playground",
        user_id=user_id,
        role=role,
        body_policy=team.body_policy,
    )


def _current() -> _Snapshot:
    if _snapshot is None:
        version.refresh()
    assert _snapshot is not None
    return _snapshot


def by_key(text: str) -> Caller:
    """The caller behind a key. Raises AuthenticationError that says what is wrong with it."""
    if not text:
        raise AuthenticationError(
            "No API key was sent. Send it as `Authorization: Bearer KEY` or `x-api-key: KEY`.",
            code="missing_api_key",
        )
    if not text.startswith(KEY_MARK):
        raise _refused(
            "This is not a key of this hub: its keys begin with hub-. Make one on the Keys page."
        )
    snapshot = _current()
    key = snapshot.seen.get(text)
    if key is None:
        key = next((snapshot.keys[h] for h in hashes(text) if h in snapshot.keys), None)
        if key is not None:
            snapshot.seen[text] = key
    if key is None:
        raise _refused(
            "This API key is not known here. Copy it again; if it was deleted, make a new one on "
            "the Keys page."
        )
    return _good(key)


def _good(key: _Key) -> Caller:
    """The key's caller, if it may be used now. Raises AuthenticationError."""
    if key.revoked_at:
        raise _refused("This API key was revoked. Ask your team for a new one.")
    if key.expires_at and key.expires_at <= timezone.now():
        raise _refused(
            f"This API key expired on {key.expires_at:%Y-%m-%d %H:%M} UTC. Make a new one on the "
            "Keys page."
        )
    if key.replaced_at and key.replaced_at <= timezone.now():
        raise _refused("This API key was replaced by a new one. Ask your team for it.")
    if not key.enabled:
        raise _refused("This API key is switched off. Ask your team to switch it on.")
    if not key.team_enabled:
        raise _refused(
            "The team that this API key belongs to is switched off. An admin can switch it on."
        )
    return key.caller


def _refused(message: str) -> AuthenticationError:
    return AuthenticationError(message, code="invalid_api_key")


def check_address(caller: Caller, client: tuple[str, int] | None) -> None:
    """Raise PermissionError if the caller's key may not be used from this address."""
    host = client[0] if client else ""
    if caller.networks and not addresses.contain(caller.networks, host):
        raise PermissionError(
            f"This API key may not be used from {host or 'an unknown address'}.",
            code="address_not_allowed",
        )


def by_member(user_id: int, team_id: int, *, source: str = "playground") -> Caller:
    """The caller for a person in a team. Raises PermissionError if they are not in it.

    A superuser counts as an owner of every team.
    """
    known = _current()
    caller = known.members.get((user_id, team_id))
    if caller is None and user_id in known.superusers and team_id in known.teams:
        caller = _caller_of_person(known.teams[team_id], user_id, Role.OWNER)
    if caller is None:
        raise PermissionError("You are not a member of this team any more.")
    return caller if caller.source == source else replace(caller, source=source)


def by_owner(
    team_id: int, *, key_id: int | None = None, user_id: int | None = None, source: str
) -> Caller:
    """The caller for work that a key or a person, or else a team, has ordered and left.

    Raises AuthenticationError for a key that is good no more, PermissionError for a person or team.
    """
    known = _current()
    if key_id is not None:
        key = known.keys_by_id.get(key_id)
        if key is None:
            raise _refused("The API key that this was asked for with is deleted.")
        return replace(_good(key), source=source)
    if user_id is not None:
        return by_member(user_id, team_id, source=source)
    team = known.teams.get(team_id)
    if team is None or not team.enabled:
        raise PermissionError("The team that this is for is deleted or switched off.")
    return Caller(team.pk, team.name, source, body_policy=team.body_policy)


def team_names(user_id: int) -> dict[int, str]:
    """The teams that a person works in, by id."""
    teams = _current().teams
    return {team_id: teams[team_id].name for team_id in teams_of(user_id)}


def teams_of(user_id: int) -> list[int]:
    """The ids of the teams that a person works in: their own, and for a superuser all."""
    known = _current()
    own = [team for user, team in known.members if user == user_id]
    if user_id in known.superusers:
        own += [team for team in known.teams if team not in own]
    return own
