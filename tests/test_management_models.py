"""/api/v1/models as admins of the hub change them, and credentials as they see them."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission

from llmhub.core.models import AuditEntry
from llmhub.teams.keys import create_key
from llmhub.teams.models import Team
from providers import registry
from providers.models import Credential, CredentialCheck, Deployment, ModelMap
from tests.support.management import Api, api_of, error_of, person_in, superuser

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "sk-live-0123456789abcdef"
TWO = [
    {"credential": "east", "model": "small", "priority": 1, "input_cost_per_1m": "0.25"},
    {"credential": "west", "model": "large", "priority": 2, "capabilities": ["chat", "tools"]},
]


@pytest.fixture
def root() -> Api:
    for name in ("east", "west"):
        Credential.objects.create(
            name=name,
            kind="openai_compatible",
            base_url="http://127.0.0.1:9/v1",
            api_key=SECRET,
            extra_headers={"X-Secret": "hidden-header"},
        )
    return api_of(superuser())


def made(api: Api, name: str = "fast", **settings: Any) -> Any:
    answer = api.post("/models", {"name": name, "deployments": TWO, **settings})
    assert answer.status_code == 201, answer.content
    return answer.json()


def trail(action: str) -> AuditEntry:
    return AuditEntry.objects.filter(object_type="model map", action=action).latest("pk")


# --- Making, changing, deleting -------------------------------------------------------------------


def test_model_is_made_with_its_deployments_and_answers_at_once(root: Api) -> None:
    model = made(root, strategy="weighted", default_parameters={"temperature": 0.2})
    assert [one["name"] for one in model["deployments"]] == ["east/small", "west/large"]
    assert model["settings"]["deployments"][0]["input_cost_per_1m"] == "0.25"
    assert model["settings"]["default_parameters"] == {"temperature": 0.2}
    assert root.get("/models/fast").json() == model
    resolved = registry.current().resolve("fast")
    assert (resolved.strategy, len(resolved.targets)) == ("weighted", 2)
    entry = trail("create")
    assert entry.actor_label == "root"
    assert entry.changes == {"deployments": {"added": ["east/small", "west/large"]}}


def test_settings_can_be_sent_back_as_they_came(root: Api) -> None:
    model = made(root, cache_ttl_seconds=60)
    entries = AuditEntry.objects.count()
    again = root.patch("/models/fast", **model["settings"])
    assert (again.status_code, again.json()) == (200, model)
    assert AuditEntry.objects.count() == entries, "nothing was changed"


def test_change_names_only_what_it_changes(root: Api) -> None:
    made(root, description="before")
    kept = Deployment.objects.get(upstream_model="large").pk
    wanted = [{**TWO[1], "weight": 3}, {"credential": "east", "model": "new"}]
    answer = root.patch("/models/fast", enabled=False, deployments=wanted).json()
    assert (answer["enabled"], answer["description"]) == (False, "before")
    assert [one["name"] for one in answer["deployments"]] == ["east/new", "west/large"]
    assert Deployment.objects.get(upstream_model="large").pk == kept
    assert trail("change").changes == {
        "enabled": [True, False],
        "deployments": {
            "added": ["east/new"],
            "changed": {"west/large": {"weight": [1, 3]}},
            "deleted": ["east/small"],
        },
    }
    assert not registry.current().models["fast"].enabled


def test_new_name_is_followed_in_the_fallbacks_of_others(root: Api) -> None:
    made(root)
    made(root, "slow", fallbacks=["fast"])
    assert root.patch("/models/fast", name="org/faster").json()["name"] == "org/faster"
    assert root.get("/models/slow").json()["fallbacks"] == ["org/faster"]
    error_of(root.get("/models/fast"), 404)
    assert root.delete("/models/org/faster").status_code == 204
    assert root.get("/models/slow").json()["fallbacks"] == []
    assert trail("delete").object_label == "org/faster"
    error_of(root.delete("/models/org/faster"), 404)


def test_there_is_one_default(root: Api) -> None:
    made(root, is_default=True)
    assert made(root, "slow", is_default=True)["is_default"]
    assert not root.get("/models/fast").json()["is_default"]
    assert registry.current().default_model == "slow"
    assert not root.patch("/models/slow", is_default=False).json()["is_default"]
    assert registry.current().default_model is None


@pytest.mark.parametrize(
    ("settings", "param"),
    [
        ({"name": ""}, "name"),
        ({"name": "a b"}, "name"),
        ({"name": "fast"}, "name"),
        ({"name": "east/small"}, "name"),
        ({"name": "openai/gpt"}, "name"),
        ({"strategy": "guess"}, "strategy"),
        ({"fallbacks": ["nowhere"]}, "fallbacks"),
        ({"fallbacks": ["new"]}, "fallbacks"),
        ({"content_policy_fallbacks": ["fast", "fast"]}, "content_policy_fallbacks"),
        ({"default_parameters": {"temperature": 9}}, "default_parameters"),
        ({"default_parameters": {"user": "a\x00b"}}, "default_parameters"),
        ({"cache_embedding_model": "nowhere"}, "cache_embedding_model"),
        ({"cache_similarity": 2}, "cache_similarity"),
        ({"deployments": [{"credential": "est", "model": "x"}]}, "deployments.0.credential"),
        ({"deployments": [{"credential": "east"}]}, "deployments.0.model"),
        ({"deployments": [TWO[0], TWO[0]]}, "deployments.1"),
        ({"deployments": [{**TWO[0], "capabilities": ["chatt"]}]}, "deployments.0.capabilities"),
        ({"deployments": [{**TWO[0], "input_cost_per_1m": -1}]}, "deployments.0.input_cost_per_1m"),
        ({"deployments": [{**TWO[0], "rpm": 0}]}, "deployments.0.rpm"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_wrong_settings_are_named_and_make_no_model(
    root: Api, settings: dict[str, Any], param: str
) -> None:
    made(root)
    error = error_of(root.post("/models", {"name": "new", **settings}), 422)
    assert error["param"] == param, error
    assert list(ModelMap.objects.values_list("name", flat=True)) == ["fast"]
    assert Deployment.objects.count() == 2


@pytest.mark.parametrize("twin", [TWO[0], {**TWO[0], "model": " small ", "rpm": 5, "weight": 9}])
def test_deployment_that_stands_there_already_is_refused(root: Api, twin: dict[str, Any]) -> None:
    made(root)
    wanted = [*TWO, twin]
    new = root.post("/models", {"name": "new", "deployments": wanted})
    for answer in (new, root.patch("/models/fast", deployments=wanted)):
        error = error_of(answer, 422)
        assert error["param"] == "deployments.2"
        assert "east/small is a deployment of this model already" in error["message"]
        assert "raise the weight of the other" in error["message"]
    assert ModelMap.objects.get().deployments.count() == 2


def test_wrong_change_changes_nothing(root: Api) -> None:
    made(root)
    made(root, "slow", fallbacks=["fast"])
    error = error_of(root.patch("/models/fast", description="new", fallbacks=["slow"]), 422)
    assert "circle" in error["message"]
    unknown = [{"credential": "north", "model": "x"}]
    error_of(root.patch("/models/fast", enabled=False, deployments=unknown), 422)
    model = root.get("/models/fast").json()
    assert (model["description"], model["enabled"], len(model["deployments"])) == ("", True, 2)
    assert error_of(root.patch("/models/fast", enabled=None), 422)["param"] == "enabled"


def test_repeated_creation_makes_one_model(root: Api) -> None:
    body = {"name": "fast", "deployments": TWO}
    first, again = (root.post("/models", body, once="m") for _ in range(2))
    assert (again.status_code, again.json()) == (201, first.json())
    assert again["Idempotency-Replayed"] == "true"
    assert ModelMap.objects.count() == 1


# --- Who may --------------------------------------------------------------------------------------


def test_who_may_change_models_in_the_admin_may_here(root: Api) -> None:
    made(root)
    editor = person_in(None, name="editor")
    api = api_of(editor)
    error_of(api.patch("/models/fast", description="x"), 403)
    editor.user_permissions.add(Permission.objects.get(codename="change_modelmap"))
    assert api.patch("/models/fast", description="x", enabled=False).status_code == 200
    assert api.get("/models/fast").json()["settings"]["description"] == "x"
    error_of(api.post("/models", {"name": "new"}), 403)
    error_of(api.delete("/models/fast"), 403)


def test_others_neither_change_models_nor_see_how_they_are_set_up(root: Api) -> None:
    made(root, default_parameters={"user": "not for everybody"})
    team = Team.objects.create(name="Ours", slug="ours")
    owner, program = api_of(person_in(team)), Api(create_key(team=team, name="x")[1])
    for api in (owner, program):
        model = api.get("/models/fast")
        assert model.json()["settings"] is None
        assert "not for everybody" not in model.content.decode()
    assert error_of(program.patch("/models/fast", enabled=False), 403)["code"] == (
        "access_token_needed"
    )
    for answer in (
        owner.post("/models", {"name": "new"}),
        owner.patch("/models/fast", enabled=False),
        owner.patch("/models/nowhere", enabled=False),
        owner.delete("/models/fast"),
    ):
        assert "admins of the hub" in error_of(answer, 403)["message"]
    read_only = api_of(superuser("reader"), read_only=True)
    assert error_of(read_only.delete("/models/fast"), 403)["code"] == "read_only_token"


# --- Credentials ----------------------------------------------------------------------------------


def test_credentials_are_told_without_their_secrets(root: Api) -> None:
    made(root)
    CredentialCheck.objects.create(
        credential=Credential.objects.get(name="east"),
        checked_at="2026-11-01T00:00:00Z",
        outcome="ok",
        message=f"said {SECRET}",
        elapsed_ms=5,
    )
    Credential.objects.filter(name="west").update(enabled=False)
    listed = root.get("/credentials")
    for secret in (SECRET, "0123456789", "hidden-header"):
        assert secret not in listed.content.decode()
    west, east = listed.json()["data"]
    assert (east["key_last4"], east["models"], east["last_check"]["outcome"]) == (
        "cdef",
        ["fast"],
        "ok",
    )
    assert (west["enabled"], west["last_check"]) == (False, None)
    assert root.get("/credentials/east").json() == east
    assert [one["name"] for one in root.get("/credentials", enabled="true").json()["data"]] == [
        "east"
    ]
    assert root.get("/credentials", kind="groq").json()["data"] == []
    error_of(root.get("/credentials/nowhere"), 404)


def test_credentials_are_for_admins_of_the_hub(root: Api) -> None:
    team = Team.objects.create(name="Ours", slug="ours")
    owner = api_of(person_in(team))
    for path in ("/credentials", "/credentials/east", "/credentials/nowhere"):
        error_of(owner.get(path), 403)
