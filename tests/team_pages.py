"""What the tests of a team's pages share: a person in a role, and how htmx asks."""

from django.contrib.auth import get_user_model
from django.test import Client

from llmhub.teams.models import Membership, Team

User = get_user_model()
HTMX = {"HX-Request": "true"}


def person_in(team: Team, role: str, name: str = "") -> Client:
    """A client signed in as somebody who has that role in the team."""
    name = name or role
    person, _ = User.objects.get_or_create(username=name, defaults={"email": f"{name}@example.com"})
    Membership.objects.get_or_create(team=team, user=person, defaults={"role": role})
    client = Client()
    client.force_login(person)
    return client


def hub_admin() -> Client:
    """A client signed in as a superuser."""
    client = Client()
    client.force_login(User.objects.create_superuser("root", "root@example.com"))
    return client
