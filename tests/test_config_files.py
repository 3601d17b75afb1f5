"""Configuration files: what an import makes, refuses and leaves alone, and what an export gives."""

import json
import re
import tomllib
from dataclasses import fields
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command

from llmhub.core.models import AuditEntry
from providers.config.schema import DeploymentEntry, ModelEntry, ProviderEntry
from providers.models import Credential, Deployment, ModelMap
from tests.support.process import ROOT

pytestmark = pytest.mark.django_db

DOCUMENT = ROOT / "docs" / "configuration.md"

OURS = """
default_model = "fast"

[providers.groq_eu]
kind = "groq"
api_key = "os.environ/GROQ_API_KEY"
timeout_seconds = 30
max_retries = 2
max_concurrent_requests = 50

[providers.local]
kind = "openai_compatible"
base_url = "http://gpu-box:9000/v1"
api_key = "none"

[providers.openai]
api_key = "os.environ/OPENAI_API_KEY"
extra_headers = { X-Team = "os.environ/TEAM_HEADER" }

[models.fast]
strategy = "weighted"
fallbacks = ["gpt-4o-mini"]
context_fallbacks = []
content_policy_fallbacks = []
default_parameters = { temperature = 0.2 }
deployments = [
  { provider = "groq_eu", model = "llama-3.1-8b-instant", weight = 3, priority = 1, rpm = 30 },
  { provider = "local", model = "llama3", input_cost_per_1m = 0.05, output_cost_per_1m = 0.08 },
]

[models.gpt-4o-mini]
deployments = [{ provider = "openai", model = "gpt-4o-mini" }]
"""

LITELLM = """
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: openai/gpt-4o
      api_key: os.environ/OPENAI_API_KEY
      rpm: 480
      weight: 0.9
  - model_name: gpt-4o
    litellm_params:
      model: azure/gpt-4o-eu
      api_base: https://eu.openai.azure.com/
      api_key: os.environ/AZURE_EU_API_KEY
      api_version: "2024-10-21"
      weight: 0.1
    model_info:
      input_cost_per_token: 0.0000025
  - model_name: claude
    litellm_params:
      model: claude-haiku-4-5
      temperature: 0.3
      mock_response: hello
  - model_name: local
    litellm_params: {model: ollama_chat/llama3, api_base: "http://ollama:11434"}
  - model_name: fire
    litellm_params: {model: fireworks_ai/llama-v3, api_key: fw-0123456789}
  - model_name: "*"
    litellm_params: {model: "openai/*", api_key: os.environ/OPENAI_API_KEY}
router_settings:
  routing_strategy: latency-based-routing
  num_retries: 4
  timeout: 45
  redis_host: cache
litellm_settings:
  fallbacks: [{gpt-4o: [claude, local]}]
  context_window_fallbacks: [{local: [gpt-4o]}]
  drop_params: true
general_settings:
  master_key: sk-1234567890
"""


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "GROQ_API_KEY": "gsk_0123456789abcdef",
        "OPENAI_API_KEY": "sk-0123456789abcdef",
        "AZURE_EU_API_KEY": "azure-0123456789",
        "ANTHROPIC_API_KEY": "sk-ant-0123456789",
        "TEAM_HEADER": "blue-secret",
    }.items():
        monkeypatch.setenv(name, value)


def save(folder: Path, text: str, name: str = "config.toml") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def run(file: Path) -> str:
    out = StringIO()
    call_command("import_config", file, stdout=out)
    return out.getvalue()


def refusal(folder: Path, text: str, name: str = "config.toml") -> str:
    with pytest.raises(CommandError) as caught:
        run(save(folder, text, name))
    assert not Credential.objects.exists()
    assert not ModelMap.objects.exists()
    return str(caught.value)


def state() -> dict[str, Any]:
    """Everything a file can say, ids included."""
    ignored = {"created_at", "updated_at"}
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name not in ignored}
            for row in model.objects.order_by("pk").values()
        ]
        for model in (Credential, ModelMap, Deployment)
    }


# --- importing ------------------------------------------------------------------------------------


def test_everything_in_a_file_arrives(tmp_path: Path) -> None:
    printed = run(save(tmp_path, OURS))
    assert "created: 5" in printed
    groq = Credential.objects.get(name="groq_eu")
    assert (groq.kind, groq.api_key) == ("groq", "gsk_0123456789abcdef")
    assert (groq.timeout_seconds, groq.max_concurrent_requests) == (30, 50)
    assert Credential.objects.get(name="local").base_url == "http://gpu-box:9000/v1"
    openai = Credential.objects.get(name="openai")
    assert (openai.kind, openai.extra_headers) == ("openai", {"X-Team": "blue-secret"})
    fast = ModelMap.objects.get(name="fast")
    assert fast.is_default
    assert (fast.strategy, fast.fallbacks) == ("weighted", ["gpt-4o-mini"])
    assert fast.default_parameters == {"temperature": 0.2}
    first, second = fast.deployments.order_by("pk")
    assert (first.weight, first.priority, first.rpm) == (3, 1, 30)
    assert float(second.input_cost_per_1m or 0) == 0.05


@pytest.mark.parametrize("kind", ["json", "yaml"])
def test_json_and_yaml_mean_the_same_as_toml(tmp_path: Path, kind: str) -> None:
    tables = tomllib.loads(OURS)
    text = json.dumps(tables) if kind == "json" else yaml.safe_dump(tables, sort_keys=False)
    run(save(tmp_path, OURS))
    before = state()
    assert "changed: 0" in run(save(tmp_path, text, f"config.{kind}"))
    assert state() == before


def test_example_of_the_document_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    monkeypatch.setenv("GROQ_API_KEY", "gsk-0123456789")
    run(save(tmp_path, example))
    assert {row.name for row in Credential.objects.all()} == {"groq_eu", "local"}
    assert [str(row) for row in ModelMap.objects.get(is_default=True).deployments.all()] == [
        "groq_eu/llama-3.1-8b-instant",
        "local/llama3",
    ]


def test_document_names_everything_that_a_file_can_say() -> None:
    section = DOCUMENT.read_text().partition("## Files")[2].partition("\n## ")[0]
    for entry in (ProviderEntry, ModelEntry, DeploymentEntry):
        names = {field.name for field in fields(entry)} - {"name"}
        assert names <= set(re.findall(r"\w+", section)), entry


def test_importing_again_changes_nothing(tmp_path: Path) -> None:
    file = save(tmp_path, OURS)
    run(file)
    before, rows = state(), AuditEntry.objects.count()
    updated = set(Credential.objects.values_list("name", "updated_at"))
    printed = run(file)
    assert "created: 0\nchanged: 0\nunchanged: 5" in printed
    assert state() == before
    assert AuditEntry.objects.count() == rows
    assert set(Credential.objects.values_list("name", "updated_at")) == updated


def test_a_changed_file_changes_only_that(tmp_path: Path) -> None:
    run(save(tmp_path, OURS))
    printed = run(save(tmp_path, OURS.replace("rpm = 30", "rpm = 60")))
    assert "changed: 1 (model fast)" in printed
    assert Deployment.objects.get(upstream_model="llama-3.1-8b-instant").rpm == 60
    entry = AuditEntry.objects.filter(action="change").latest("pk")
    label = "groq_eu/llama-3.1-8b-instant"
    assert entry.changes["deployments"] == {"changed": {label: {"rpm": [30, 60]}}}


def test_deployments_are_replaced_and_the_same_ones_keep_their_ids(tmp_path: Path) -> None:
    run(save(tmp_path, OURS))
    kept = Deployment.objects.get(upstream_model="llama3").pk
    lines = [line for line in OURS.splitlines() if "llama-3.1-8b-instant" not in line]
    run(save(tmp_path, "\n".join(lines)))
    rows = Deployment.objects.filter(model_map__name="fast")
    assert [row.pk for row in rows] == [kept]


def test_of_equal_deployments_that_are_there_an_import_leaves_one(tmp_path: Path) -> None:
    run(save(tmp_path, OURS))
    kept = Deployment.objects.get(upstream_model="llama3")
    twin = Deployment.objects.get(pk=kept.pk)
    twin.pk = None
    twin.save(force_insert=True)
    assert "changed: 1 (model fast)" in run(save(tmp_path, OURS))
    assert Deployment.objects.get(upstream_model="llama3") == kept


def test_what_a_file_does_not_name_is_left_alone(tmp_path: Path) -> None:
    other = Credential.objects.create(name="mine", kind="openai", api_key="sk-mine-0123456789")
    model_map = ModelMap.objects.create(name="mine", description="by hand")
    Deployment.objects.create(model_map=model_map, credential=other, upstream_model="gpt-4.1")
    run(save(tmp_path, OURS))
    assert Credential.objects.get(name="mine").api_key == "sk-mine-0123456789"
    assert ModelMap.objects.get(name="mine").deployments.count() == 1


def test_a_file_without_a_key_keeps_the_stored_one(tmp_path: Path) -> None:
    run(save(tmp_path, OURS))
    run(save(tmp_path, '[providers.openai]\nkind = "openai"\ntimeout_seconds = 5\n'))
    row = Credential.objects.get(name="openai")
    assert (row.api_key, row.timeout_seconds) == ("sk-0123456789abcdef", 5)
    assert row.extra_headers == {"X-Team": "blue-secret"}


def test_no_secret_is_in_the_trail(tmp_path: Path) -> None:
    run(save(tmp_path, OURS))
    written = json.dumps(list(AuditEntry.objects.values_list("changes", flat=True)))
    assert "api_key" in written
    for secret in ("0123456789abcdef", "blue-secret"):
        assert secret not in written


# --- refusing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "where", "what"),
    [
        ('kind = "groq"', 'kind = "grok"', "providers.groq_eu.kind", "Did you mean groq"),
        ('"weighted"', '"wheighted"', "models.fast.strategy", "Did you mean weighted?"),
        ("weight = 3", "wieght = 3", "models.fast.deployments[0].wieght", "Did you mean weight"),
        ('model = "llama3"', 'model = " "', "deployments[1].model", "blank"),
        ('provider = "local"', 'provider = ""', "deployments[1].provider", "no provider ''"),
        ("weight = 3", "weight = -3", "models.fast.deployments[0].weight", "at least 0"),
        ("0.05,", "-0.05,", "deployments[1].input_cost_per_1m", "0 or more"),
        ('provider = "local"', 'provider = "locale"', "deployments[1].provider", "mean local?"),
        ('fallbacks = ["gpt-4o-mini"]', 'fallbacks = ["gpt-4o-nimi"]', "fast.fallbacks", "gpt-4o-"),
        ('default_model = "fast"', 'default_model = "slow"', "default_model", "no model 'slow'"),
        ("timeout_seconds = 30", 'timeout_seconds = "30s"', "timeout_seconds", "number of seconds"),
        ("/GROQ_API_KEY", "/GROK_API_KEY", "providers.groq_eu.api_key", "GROK_API_KEY is not set"),
        ('"http://gpu-box', '"gpu-box', "providers.local.base_url", "https://host/path"),
        ("[models.fast]", '[models."openai/fast"]', 'models."openai/fast"', "never be reached"),
        ("[providers.local]", "[provider.local]", "provider", "Did you mean providers?"),
    ],
)
def test_a_mistake_is_named_with_its_key_path_and_changes_nothing(
    tmp_path: Path, before: str, after: str, where: str, what: str
) -> None:
    assert before in OURS
    message = refusal(tmp_path, OURS.replace(before, after))
    line = next(line for line in message.splitlines() if what in line)
    assert line.startswith("config.toml, ")
    assert where in line


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = OURS.replace("weight = 3", "weight = -3").replace('"weighted"', '"random"')
    assert len(refusal(tmp_path, text).splitlines()) == 3


def test_a_circle_of_fallbacks_is_refused(tmp_path: Path) -> None:
    text = OURS.replace("[models.gpt-4o-mini]", '[models.gpt-4o-mini]\nfallbacks = ["fast"]')
    assert "fast → gpt-4o-mini → fast" in refusal(tmp_path, text)


@pytest.mark.parametrize("model", ["llama-3.1-8b-instant", " llama-3.1-8b-instant "])
def test_the_same_deployment_twice_is_refused(tmp_path: Path, model: str) -> None:
    twin = f'provider = "groq_eu", model = "{model}"'
    text = OURS.replace('provider = "local", model = "llama3"', twin)
    said = refusal(tmp_path, text)
    assert "models.fast.deployments[1].model: groq_eu/llama-3.1-8b-instant is a deploy" in said
    assert "raise the weight of the other" in said


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("config.toml", "a = 1\nb = = 2\n", "line 2"),
        ("config.json", '{"models": {},\n "providers": }', "line 2"),
        ("config.yaml", "models:\n  fast: [\n", "line 3"),
    ],
)
def test_a_file_that_is_none_is_told_with_its_line(
    tmp_path: Path, name: str, text: str, line: str
) -> None:
    message = refusal(tmp_path, text, name)
    assert name in message
    assert line in message


def test_yaml_mistakes_have_the_line_of_their_key(tmp_path: Path) -> None:
    text = "providers:\n  openai:\n    api_key: sk-0123456789abc\n    timeout_seconds: -1\n"
    assert "config.yaml, line 4, providers.openai.timeout_seconds" in refusal(
        tmp_path, text, "config.yaml"
    )


def test_a_key_twice_in_yaml_is_refused(tmp_path: Path) -> None:
    text = "providers:\n  openai: {api_key: a}\n  openai: {api_key: b}\n"
    assert "stands there twice" in refusal(tmp_path, text, "config.yaml")


def test_a_missing_file_and_a_strange_ending_are_told(tmp_path: Path) -> None:
    for name, text in (("nothing.toml", "can't be read"), ("config.ini", "must end in .toml")):
        with pytest.raises(CommandError, match=text):
            run(tmp_path / name)


# --- LiteLLM --------------------------------------------------------------------------------------


def test_litellm_file_becomes_credentials_and_model_maps(tmp_path: Path) -> None:
    printed = run(save(tmp_path, LITELLM, "config.yaml"))
    rows = {row.name: row for row in Credential.objects.all()}
    assert set(rows) == {"openai", "azure", "anthropic", "ollama", "litellm"}
    assert rows["azure"].api_key == "azure-0123456789"
    assert rows["azure"].options == {"api_version": "2024-10-21"}
    assert rows["anthropic"].api_key == "sk-ant-0123456789"
    assert rows["ollama"].base_url == "http://ollama:11434/v1"
    assert rows["litellm"].options == {"provider": "fireworks_ai"}
    assert {(row.timeout_seconds, row.max_retries) for row in rows.values()} == {(45, 4)}

    gpt = ModelMap.objects.get(name="gpt-4o")
    assert (gpt.strategy, gpt.fallbacks) == ("fastest", ["claude", "local"])
    weights = [(str(row), row.weight, row.rpm) for row in gpt.deployments.order_by("pk")]
    assert weights == [("openai/gpt-4o", 90, 480), ("azure/gpt-4o-eu", 10, None)]
    assert float(gpt.deployments.get(weight=10).input_cost_per_1m or 0) == 2.5
    assert ModelMap.objects.get(name="local").context_fallbacks == ["gpt-4o"]
    assert ModelMap.objects.get(name="claude").default_parameters == {"temperature": 0.3}
    assert not ModelMap.objects.filter(name="*").exists()
    for note in ("mock_response", "general_settings", "redis_host", "drop_params", "stands for"):
        assert note in printed


def test_litellm_file_imported_again_changes_nothing(tmp_path: Path) -> None:
    file = save(tmp_path, LITELLM, "config.yaml")
    run(file)
    before = state()
    assert "created: 0\nchanged: 0\n" in run(file)
    assert state() == before


def test_two_keys_of_one_provider_become_two_credentials(tmp_path: Path) -> None:
    text = """
model_list:
  - {model_name: a, litellm_params: {model: openai/gpt-4o, api_key: os.environ/OPENAI_API_KEY}}
  - {model_name: a, litellm_params: {model: openai/gpt-4o, api_key: os.environ/AZURE_EU_API_KEY}}
"""
    run(save(tmp_path, text, "config.yaml"))
    names = {str(row) for row in Deployment.objects.all()}
    assert names == {"openai/gpt-4o", "azure_eu/gpt-4o"}


def test_equal_entries_of_a_litellm_file_are_one_deployment(tmp_path: Path) -> None:
    entry = "{model_name: a, litellm_params: {model: openai/gpt-4o, rpm: RPM}}"
    entries = "\n".join(f"  - {entry.replace('RPM', rpm)}" for rpm in ("10", "20"))
    printed = run(save(tmp_path, f"model_list:\n{entries}\n", "config.yaml"))
    assert "model_list[1]: a has this deployment already; it was left out." in printed
    assert Deployment.objects.get().rpm == 10


def test_mistakes_in_a_litellm_file_are_told_in_its_own_terms(tmp_path: Path) -> None:
    text = LITELLM.replace("AZURE_EU_API_KEY", "AZURE_US_API_KEY").replace("rpm: 480", "rpm: many")
    message = refusal(tmp_path, text.replace("azure/gpt", "azur/gpt"), "config.yaml")
    assert "model_list[1].litellm_params.model: there is no provider 'azur'" in message
    message = refusal(tmp_path, text, "config.yaml")
    assert "model_list[1].litellm_params.api_key: the environment variable AZURE_US" in message
    assert "config.yaml, line 7, model_list[0].litellm_params.rpm: must be a whole" in message


@pytest.mark.parametrize(
    ("strategy", "hint"),
    [
        ("latency-base-routing", "Did you mean latency-based-routing?"),
        ("weather", "It may be simple-shuffle, least-busy"),
        ("[1]", "there is no strategy [1] here"),
    ],
)
def test_a_strategy_that_is_not_known_is_refused(tmp_path: Path, strategy: str, hint: str) -> None:
    text = LITELLM.replace("latency-based-routing", strategy)
    message = refusal(tmp_path, text, "config.yaml")
    assert "config.yaml, line 30, router_settings.routing_strategy: there is no" in message
    assert hint in message


# --- exporting ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["toml", "json", "yaml"])
def test_an_export_holds_no_secret_and_its_import_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    run(save(tmp_path, OURS))
    file = tmp_path / f"export.{kind}"
    call_command("export_config", output=file, stderr=StringIO())
    text = file.read_text()
    for secret in ("0123456789abcdef", "blue-secret"):
        assert secret not in text
    assert "os.environ/GROQ_API_KEY" in text
    monkeypatch.setenv("LOCAL_API_KEY", "none")
    monkeypatch.setenv("OPENAI_HEADER_X_TEAM", "blue-secret")
    before = state()
    assert "created: 0\nchanged: 0\nunchanged: 5" in run(file)
    assert state() == before


def test_an_export_rebuilds_an_empty_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(save(tmp_path, OURS))
    out = StringIO()
    call_command("export_config", stdout=out)
    before = state()
    Credential.objects.all().delete()
    ModelMap.objects.all().delete()
    monkeypatch.setenv("LOCAL_API_KEY", "none")
    monkeypatch.setenv("OPENAI_HEADER_X_TEAM", "blue-secret")
    run(save(tmp_path, out.getvalue(), "again.toml"))
    names = {"id", "credential_id", "model_map_id"}
    for model, rows in state().items():
        assert [_without(row, names) for row in rows] == [
            _without(row, names) for row in before[model]
        ]


def test_two_credentials_of_a_kind_are_exported_with_variables_of_their_own() -> None:
    Credential.objects.create(name="groq", kind="groq", api_key="gsk_0123456789abc")
    Credential.objects.create(name="groq-eu", kind="groq", api_key="gsk_9876543210abc")
    out = StringIO()
    call_command("export_config", stdout=out)
    tables = tomllib.loads(out.getvalue())["providers"]
    assert tables["groq"]["api_key"] == "os.environ/GROQ_API_KEY"
    assert tables["groq-eu"]["api_key"] == "os.environ/GROQ_EU_API_KEY"


def _without(row: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
