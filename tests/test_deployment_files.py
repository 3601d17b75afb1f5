"""Docker files, CI and documents name only what exists."""

import importlib.util
import re
import shlex
import tomllib
from collections.abc import Iterator
from typing import Any

import celery.bin.celery
import pytest
import yaml
from django.core.management import get_commands, load_command_class

from tests.support.process import ROOT
from tests.support.variables import read_by_the_code, read_for_the_catalog

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "llm-hub"}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
IMAGE_COMMAND = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)[-1]
SECRETS = ["LLMHUB_SECRET_KEY", "LLMHUB_ENCRYPTION_KEYS", "POSTGRES_PASSWORD", "DATABASE_URL"]


def commands_of(service: dict[str, Any]) -> Iterator[list[str]]:
    """The programs that a service runs, those inside a shell's `a && b` one by one."""
    command = [str(word) for word in service.get("command", yaml.safe_load(IMAGE_COMMAND))]
    if command[:2] == ["sh", "-c"]:
        for part in command[2].split("&&"):
            yield shlex.split(part)
    else:
        yield command


# --- docker-compose.yml ------------------------------------------------------------------------


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists_and_takes_its_options(name: str) -> None:
    for command in commands_of(OURS[name]):
        match command:
            case ["python", "manage.py", subcommand, *options]:
                application = get_commands()[subcommand]
                parser = load_command_class(str(application), subcommand).create_parser(
                    "manage.py", subcommand
                )
                parser.parse_args(options)
            case ["python", "-m", module, *_]:
                assert importlib.util.find_spec(module)
            case ["celery", "-A", app, subcommand, *options]:
                assert app == "llmhub"
                known = celery.bin.celery.celery.commands[subcommand]
                known.make_parser(_context(known)).parse_args(options)
            case _:
                pytest.fail(f"{name} runs something unknown: {command}")


def _context(command: Any) -> Any:
    import click

    return click.Context(command)


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_one_that_the_hub_reads(name: str) -> None:
    read = read_by_the_code() | read_for_the_catalog()
    for variable in OURS[name].get("environment", {}):
        assert variable.removesuffix("_FILE") in read


@pytest.mark.parametrize("name", SERVICES)
def test_every_secret_file_is_handed_to_the_service(name: str) -> None:
    service = SERVICES[name]
    for variable, value in service.get("environment", {}).items():
        if variable.endswith("_FILE"):
            secret = value.removeprefix("/run/secrets/")
            assert secret in service["secrets"]
            assert secret in COMPOSE["secrets"]


def test_compose_asks_for_every_secret_and_has_a_default_for_none() -> None:
    asked = re.findall(r"\$\{(\w+):\?", "\n".join(COMPOSE["x-required"]))
    assert sorted(asked) == sorted(SECRETS)
    assert {secret["environment"] for secret in COMPOSE["secrets"].values()} == set(SECRETS)
    text = (ROOT / "docker-compose.yml").read_text()
    for name in SECRETS:
        assert not re.search(rf"\$\{{{name}(:-|-|\}})", text)


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_says_how_its_health_is_known(name: str) -> None:
    in_the_image = name in OURS and "HEALTHCHECK" in DOCKERFILE
    assert "healthcheck" in SERVICES[name] or in_the_image


def test_only_the_proxy_is_reachable_from_outside_and_from_this_machine_alone() -> None:
    published = {name: s["ports"] for name, s in SERVICES.items() if "ports" in s}
    assert published == {"proxy": ["${LLMHUB_LISTEN:-127.0.0.1:8000}:8000"]}


def test_everything_waits_for_the_migration() -> None:
    for name in ("web", "worker", "beat"):
        wanted = SERVICES[name]["depends_on"]["migrate"]["condition"]
        assert wanted == "service_completed_successfully"


# --- Dockerfile ----------------------------------------------------------------------------------


def copied_from_the_project() -> set[str]:
    """What the Dockerfile's COPY lines take from the build context."""
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    return {name for line in lines for name in line.split()}


def test_what_the_image_copies_exists_and_is_sent_to_docker() -> None:
    sent = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    assert copied_from_the_project() == sent
    assert all((ROOT / name).exists() for name in sent)


def test_every_package_of_the_project_is_in_the_image() -> None:
    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")}
    assert packages - {"benchmarks", "tests"} <= copied_from_the_project()


def test_the_image_does_not_run_as_root() -> None:
    user = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)[-1]
    assert user not in {"root", "0"}


def test_one_version_of_uv_is_used_everywhere() -> None:
    in_makefile = re.search(r"^UV_VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert in_makefile
    assert f"uv=={in_makefile[1]}" in DOCKERFILE


# --- Lock and documents --------------------------------------------------------------------------


def test_the_lock_is_of_these_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    (locked,) = (package["metadata"] for package in packages if package["name"] == "llm-hub")
    wanted = {_requirement(line) for line in project["project"]["dependencies"]}
    assert wanted == {_locked(entry) for entry in locked["requires-dist"]}
    development = {_requirement(line) for line in project["dependency-groups"]["dev"]}
    assert development == {_locked(entry) for entry in locked["requires-dev"]["dev"]}


def _requirement(line: str) -> tuple[str, str]:
    name, version = re.fullmatch(r"([\w.-]+)(?:\[[\w,-]+\])?(.*)", line).groups()  # type: ignore[union-attr]
    return name.lower(), version


def _locked(entry: dict[str, Any]) -> tuple[str, str]:
    return entry["name"], entry.get("specifier", "")


def documented_variables() -> set[str]:
    """The names in the tables of docs/configuration.md, but for those of the tests."""
    text = (ROOT / "docs/configuration.md").read_text().partition("## Tests")[0]
    rows = re.findall(r"^\|(.*)\|$", text, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([A-Z][A-Z0-9_]{4,})`", row)}


def test_the_configuration_document_names_every_variable_that_the_code_reads() -> None:
    assert read_by_the_code() - {"HOST", "PORT"} <= documented_variables()


def test_the_configuration_document_names_no_variable_that_nothing_reads() -> None:
    levels = {"DEBUG", "ERROR", "WARNING"}
    read = read_by_the_code() | read_for_the_catalog()
    assert documented_variables() - levels <= read


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "docs/operations.md"])
def test_documents_name_only_commands_that_exist(document: str) -> None:
    text = (ROOT / document).read_text()
    for name in re.findall(r"manage\.py (\w+)", text):
        assert name in get_commands()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for name in re.findall(r"`make ([a-z]+)", text):
        assert name in targets


@pytest.mark.parametrize(
    "document", ["README.md", "CONTRIBUTING.md", *map(str, (ROOT / "docs").glob("*.md"))]
)
def test_links_between_documents_lead_somewhere(document: str) -> None:
    file = ROOT / document
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", file.read_text()):
        assert (file.parent / target).exists(), target
