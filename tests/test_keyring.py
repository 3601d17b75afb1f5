"""Secrets at rest: what the database holds, turning keys over, and what a wrong key does."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection

from llmhub.core import keyring
from llmhub.core.keyring import WrongEncryptionKeyError
from providers.models import Credential

OLD = "an old key of well over thirty-two characters"
NEW = "a new key of well over thirty-two characters"
OTHER = "another key of well over thirty-two characters"
SECRET = "sk-0123456789abcdef"


@pytest.fixture(autouse=True)
def old_key(settings: Any) -> None:
    settings.LLMHUB_ENCRYPTION_KEYS = [OLD]


def stored() -> list[tuple[str, str]]:
    """The two encrypted columns as the database has them."""
    with connection.cursor() as cursor:
        cursor.execute("select api_key, extra_headers from providers_credential order by id")
        return list(cursor.fetchall())


def rotate() -> str:
    out = StringIO()
    call_command("rotate_encryption_keys", stdout=out)
    return out.getvalue()


def make(name: str = "openai", **values: Any) -> Credential:
    return Credential.objects.create(
        **{"name": name, "kind": "openai", "api_key": SECRET, "extra_headers": {"X": "y-secret"}}
        | values
    )


def test_what_is_encrypted_comes_back_and_looks_different_each_time() -> None:
    first, second = keyring.encrypt(SECRET), keyring.encrypt(SECRET)
    assert first != second
    assert SECRET not in first
    assert keyring.decrypt(first) == keyring.decrypt(second) == SECRET


def test_a_short_key_and_no_key_are_refused(settings: Any) -> None:
    for keys in ([], ["short"]):
        settings.LLMHUB_ENCRYPTION_KEYS = keys
        with pytest.raises(ImproperlyConfigured):
            keyring.encrypt(SECRET)


@pytest.mark.django_db
def test_the_database_holds_no_secret() -> None:
    make()
    text = json.dumps(stored())
    assert SECRET not in text
    assert "y-secret" not in text
    row = Credential.objects.get()
    assert (row.api_key, row.extra_headers) == (SECRET, {"X": "y-secret"})


@pytest.mark.django_db
def test_a_wrong_key_raises_and_never_gives_ciphertext(settings: Any) -> None:
    make()
    settings.LLMHUB_ENCRYPTION_KEYS = [OTHER]
    with pytest.raises(WrongEncryptionKeyError):
        Credential.objects.get()


@pytest.mark.django_db
def test_after_a_rotation_the_new_key_alone_opens_everything(settings: Any) -> None:
    make()
    make("second", extra_headers={})
    make("keyless", api_key="", extra_headers={})
    settings.LLMHUB_ENCRYPTION_KEYS = [NEW, OLD]
    printed = rotate()
    settings.LLMHUB_ENCRYPTION_KEYS = [NEW]
    rows = list(Credential.objects.order_by("pk").values_list("api_key", "extra_headers"))
    assert rows == [(SECRET, {"X": "y-secret"}), (SECRET, {}), ("", {})]
    assert printed == "credentials: 3 re-encrypted\n"
    assert SECRET not in printed


@pytest.mark.django_db
def test_a_rotation_without_the_old_key_fails_loudly_and_changes_nothing(settings: Any) -> None:
    make()
    settings.LLMHUB_ENCRYPTION_KEYS = [OTHER]
    make("newer")
    before = stored()
    settings.LLMHUB_ENCRYPTION_KEYS = [NEW, OTHER]
    with pytest.raises(CommandError, match="Nothing was re-encrypted"):
        rotate()
    assert stored() == before


@pytest.mark.django_db
def test_a_rotation_leaves_last_four_and_fingerprint(settings: Any) -> None:
    before = make()
    settings.LLMHUB_ENCRYPTION_KEYS = [NEW, OLD]
    rotate()
    after = Credential.objects.get()
    assert (after.key_last4, after.key_fingerprint) == ("cdef", before.key_fingerprint)


def test_fingerprints_tell_secrets_apart_without_showing_them() -> None:
    assert keyring.fingerprint(SECRET) == keyring.fingerprint(SECRET)
    assert keyring.fingerprint(SECRET) != keyring.fingerprint(SECRET + "x")
    assert len(keyring.fingerprint(SECRET)) == 8


@pytest.mark.django_db
def test_encrypted_fields_refuse_to_be_searched() -> None:
    with pytest.raises(TypeError, match="encrypted"):
        Credential.objects.filter(api_key=SECRET).exists()
