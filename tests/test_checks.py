"""`manage.py check` and `check --deploy`, run as an operator runs them."""

import secrets
import subprocess
from pathlib import Path
from typing import Any

from llmhub import checks
from tests.support import environment
from tests.support.process import ROOT, python

LONG = secrets.token_urlsafe(48)


def check_deploy(directory: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """`manage.py check --deploy`, in which a warning is a failure too."""
    return subprocess.run(
        python("manage.py", "check", "--deploy", "--fail-level", "WARNING"),
        cwd=ROOT,
        env=environment.for_process(LLMHUB_DATA_DIR=str(directory), **variables),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_deployment_behind_https_has_nothing_to_complain_about(tmp_path: Path) -> None:
    done = check_deploy(
        tmp_path,
        LLMHUB_HTTPS="1",
        LLMHUB_ALLOWED_HOSTS="hub.example.com",
        LLMHUB_SECRET_KEY=secrets.token_urlsafe(48),
        LLMHUB_ENCRYPTION_KEYS=secrets.token_urlsafe(48),
        DATABASE_URL="postgresql://hub@db.example/hub",
        REDIS_URL="redis://redis.example",
    )
    assert done.returncode == 0, done.stderr


def test_a_careless_deployment_is_told_each_mistake(tmp_path: Path) -> None:
    done = check_deploy(
        tmp_path, LLMHUB_ALLOWED_HOSTS="*", DATABASE_URL="postgresql://hub@db.example/hub"
    )
    assert done.returncode == 1
    for found in ("llmhub.W003", "llmhub.W004", "llmhub.E003", "security.W008"):
        assert found in done.stderr


def test_missing_front_end_libraries_are_named(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"dependencies": {"marked": "1", "@a/b": "2"}}')
    (tmp_path / "node_modules/marked").mkdir(parents=True)
    settings.BASE_DIR = tmp_path
    (found,) = checks.front_end_libraries(None)
    assert "@a/b" in found.msg
    assert "marked" not in found.msg
    assert "make setup" in str(found.hint)


def test_a_short_encryption_key_is_an_error_that_does_not_show_it(
    settings: Any,
) -> None:
    settings.LLMHUB_ENCRYPTION_KEYS = [LONG, "too-short"]
    (found,) = checks.encryption_keys(None)
    assert found.id == "llmhub.E001"
    assert found.msg.startswith("Key 2 ")
    assert "too-short" not in str(found)


def test_one_secret_for_two_purposes_is_an_error(settings: Any) -> None:
    settings.SECRET_KEY = LONG
    settings.LLMHUB_ENCRYPTION_KEYS = [LONG]
    (found,) = checks.encryption_keys(None)
    assert found.id == "llmhub.E002"


def test_debug_is_warned_of_only_where_others_can_reach_the_hub(settings: Any) -> None:
    settings.DEBUG = True
    settings.ALLOWED_HOSTS = ["localhost"]
    assert checks.debug_in_public(None) == []
    settings.ALLOWED_HOSTS = ["localhost", "hub.example.com"]
    assert [found.id for found in checks.debug_in_public(None)] == ["llmhub.W002"]
