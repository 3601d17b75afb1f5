"""`manage.py demo_calls`: fills the charts with simulated calls, and takes them away again."""

import random
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import TextField, Value
from django.utils import timezone

from llmhub.teams.keys import create_key
from llmhub.teams.models import Team, VirtualKey
from llmhub.usage import demo, rollups
from llmhub.usage.models import RequestBody, RequestLog
from llmhub.usage.queries.filters import HasTag

BATCH = 2000


class Command(BaseCommand):
    help = "Make simulated calls, tagged demo, in teams named Demo."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("count", type=int, nargs="?", default=5000)
        parser.add_argument("--days", type=float, default=30)
        parser.add_argument("--teams", type=int, default=1)
        parser.add_argument("--keys", type=int, default=4, help="Keys in each team.")
        parser.add_argument("--bodies", type=int, default=200, help="Latest calls with bodies.")
        parser.add_argument("--running", type=int, default=0, help="Calls still under way.")
        parser.add_argument("--seed", type=int, default=None)
        parser.add_argument("--clear", action="store_true", help="Delete all demo calls instead.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["clear"]:
            self.stdout.write(f"Deleted {clear()} demo calls.")
            return
        rng = random.Random(options["seed"])
        cast = make_cast(options["teams"], options["keys"])
        made = demo.calls(
            options["count"], cast=cast, now=timezone.now(), days=options["days"], rng=rng
        )
        first = None
        done = 0
        for batch in _batches(made):
            first = first or batch[0].created_at
            done += len(batch)
            latest = enumerate(reversed(batch), options["count"] - done)
            store(batch, [call for age, call in latest if age < options["bodies"]], rng)
            if options["verbosity"] > 1:
                self.stdout.write(f"{done:,} calls")
        store(list(_running(options["running"], cast, rng)), [], rng)
        if first:
            rollups.rewind(first)
        self.stdout.write(f"Made {done} demo calls in the last {options['days']:g} days.")


def make_cast(teams: int, keys: int) -> demo.Cast:
    """The demo teams, their keys (nobody knows their text) and two people who can't sign in."""
    made = [_team(number) for number in range(1, teams + 1)]
    for team in made:
        for number in range(team.keys.filter(name__startswith="demo-").count(), keys):
            create_key(team=team, name=f"demo-{demo.FEATURES[number % 4]}-{number + 1}")
    people = [_person(name) for name in ("ada", "grace")]
    own = VirtualKey.objects.filter(team__in=made, name__startswith="demo-")
    return demo.Cast(list(own), made, people)


def _team(number: int) -> Team:
    name = "Demo" if number == 1 else f"Demo {number}"
    slug = name.lower().replace(" ", "-")
    return Team.objects.get_or_create(slug=slug, defaults={"name": name})[0]


def _person(name: str) -> int:
    user, made = get_user_model().objects.get_or_create(
        username=f"demo-{name}",
        defaults={"email": f"{name}@demo.invalid", "is_active": False},
    )
    if made:
        user.set_unusable_password()
        user.save()
    return int(user.pk)


def _batches(calls: Iterator[RequestLog]) -> Iterator[list[RequestLog]]:
    while batch := list(islice(calls, BATCH)):
        yield batch


def _running(count: int, cast: demo.Cast, rng: random.Random) -> Iterator[RequestLog]:
    for number in range(count):
        moment = timezone.now() - timedelta(seconds=3 + 7 * number)
        yield demo.make_running_call(moment, cast, rng)


def store(batch: list[RequestLog], bodies: list[RequestLog], rng: random.Random) -> None:
    """Insert calls, and bodies for some of them."""
    with transaction.atomic():
        RequestLog.objects.bulk_create(batch)
        RequestBody.objects.bulk_create([demo.body_of(call, rng) for call in bodies])


def clear() -> int:
    """Delete every demo call. The demo teams, keys and people stay."""
    tagged = RequestLog.objects.filter(HasTag("tags", Value(demo.TAG, output_field=TextField())))
    first = tagged.order_by("created_at").values_list("created_at", flat=True).first()
    if first is None:
        return 0
    RequestBody.objects.filter(call_id__in=tagged.values("pk")).delete()
    count = tagged.delete()[1].get("usage.RequestLog", 0)
    rollups.rewind(first)
    return count
