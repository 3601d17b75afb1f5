"""What the benchmarks do with a hub's database, in a process that has Django set up for it.

`run` starts that process; what it prints on standard output is JSON.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.processes import PYTHON, ROOT, clean_environment


def run(command: str, *arguments: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Run one of the commands below with the hub's settings. Raises RuntimeError if it fails."""
    done = subprocess.run(
        [PYTHON, "-m", "benchmarks.hub_data", command, *arguments],
        env=clean_environment() | dict(environment),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command} failed:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def prepare(model: str) -> dict[str, str]:
    """Migrate, add the simulator, a model map for `model`, a team (bodies kept) and a key."""
    from django.core.management import call_command

    from llmhub.teams.keys import create_key
    from llmhub.teams.models import Team
    from providers.models import Credential, Deployment, ModelMap

    call_command("migrate", verbosity=0, interactive=False)
    credential, _ = Credential.objects.get_or_create(
        name="simulator", defaults={"kind": "simulator"}
    )
    model_map, _ = ModelMap.objects.get_or_create(name=model)
    Deployment.objects.get_or_create(
        model_map=model_map, credential=credential, upstream_model=model
    )
    team, _ = Team.objects.get_or_create(slug="benchmark", defaults={"name": "Benchmark"})
    _, key = create_key(team=team, name="benchmark")
    return {"key": key}


def pair(model: str, *upstream_models: str) -> dict[str, str]:
    """A model map that takes turns among deployments of the simulator, tried once each."""
    from providers.models import Credential, Deployment, ModelMap, Strategy

    credential = Credential.objects.get(name="simulator")
    model_map = ModelMap.objects.create(name=model, strategy=Strategy.ROUND_ROBIN)
    for upstream_model in upstream_models:
        Deployment.objects.create(
            model_map=model_map, credential=credential, upstream_model=upstream_model
        )
    return {"model": model}


def count() -> dict[str, int]:
    """The number of calls on record, by status."""
    from django.db.models import Count

    from llmhub.usage.models import RequestLog

    rows = RequestLog.objects.order_by().values_list("status").annotate(Count("pk"))
    return dict(rows)


def statuses() -> dict[str, str]:
    """The status of each call on record, by id."""
    from llmhub.usage.models import RequestLog

    return {str(call): status for call, status in RequestLog.objects.values_list("pk", "status")}


def upstream(name: str, base_url: str) -> dict[str, str]:
    """A credential for an upstream that speaks OpenAI's wire."""
    from providers.models import Credential

    Credential.objects.create(name=name, kind="openai_compatible", base_url=base_url, api_key="-")
    return {}


def comparison(model: str, columns: str) -> dict[str, str]:
    """A comparison of so many columns of one model, and a session of someone who may use it."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    from llmhub.teams.models import Membership, Team
    from playground.models import Comparison

    team = Team.objects.get(slug="benchmark")
    user, _ = get_user_model().objects.get_or_create(username="benchmark", is_superuser=True)
    Membership.objects.get_or_create(team=team, user=user)
    made = Comparison.objects.create(team=team, owner=user)
    for position in range(int(columns)):
        made.columns.create(position=position, model=model)
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return {"path": f"/c/{made.pk}/", "session": client.session.session_key or ""}


COMMANDS: dict[str, Callable[..., dict[str, Any]]] = {
    "prepare": prepare,
    "count": count,
    "list": statuses,
    "upstream": upstream,
    "comparison": comparison,
    "pair": pair,
}


def main() -> None:
    """Run one command and print its result."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "llmhub.settings"
    django.setup()
    command, *arguments = sys.argv[1:]
    json.dump(COMMANDS[command](*arguments), sys.stdout)


if __name__ == "__main__":
    main()
