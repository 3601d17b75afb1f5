"""Whose files, links and presets of the playground are whose."""

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from llmhub.core.errors import RequestTooLargeError, ValidationError
from llmhub.teams import callers
from llmhub.teams.models import Membership, Team
from playground import attachments, conversations
from playground.models import Attachment, Comparison, Preset, ShareLink, Turn
from playground.protocol import parse

pytestmark = pytest.mark.django_db(transaction=True)
User = get_user_model()
COLUMN = {"id": str(uuid.uuid4()), "model": "fast", "system_prompt": "s", "parameters": {}}


def team(name: str) -> Team:
    return Team.objects.get_or_create(name=name, slug=name.lower())[0]


def person(name: str, role: str = "member", of: str = "Ours") -> Client:
    user = User.objects.create_user(name, f"{name}@example.com")
    Membership.objects.create(team=team(of), user=user, role=role)
    client = Client()
    client.force_login(user)
    return client


def caller_of(name: str, of: str = "Ours") -> callers.Caller:
    return callers.by_member(User.objects.get(username=name).pk, team(of).pk)


def send(client: Client, name: str = "a.txt", content: bytes = b"text") -> Any:
    return client.post("/attachments/", {"file": SimpleUploadedFile(name, content)})


def sent(client: Client, **file: Any) -> str:
    return str(send(client, **file).json()["id"])


def comparison_of(name: str) -> Comparison:
    owner = User.objects.get(username=name)
    return Comparison.objects.create(team=team("Ours"), owner=owner, name="Mine")


def put(name: str, comparison: Comparison | None = None, **fields: Any) -> conversations.Put:
    frame = {
        "type": "run",
        "request": str(uuid.uuid4()),
        "comparison": str(comparison.pk) if comparison else None,
        "prompt": "hello",
        "columns": [{**COLUMN, "id": str(uuid.uuid4())}],
        **fields,
    }
    return conversations.put_prompt(caller_of(name), parse(json.dumps(frame)), uuid.uuid4())  # type: ignore[arg-type]


# --- Files ---------------------------------------------------------------------------------------


def test_file_is_its_owners_until_a_prompt_takes_it_then_the_teams() -> None:
    ada, bob, eve = person("ada"), person("bob"), person("eve", of="Theirs")
    file = sent(ada)
    address = f"/attachments/{file}/"
    assert [c.get(address).status_code for c in (ada, bob, eve)] == [200, 404, 404]
    put("ada", attachments=[file])
    assert [c.get(address).status_code for c in (ada, bob, eve)] == [200, 200, 404]


def test_file_of_another_person_or_comparison_is_not_taken() -> None:
    ada, _ = person("ada"), person("bob")
    file = sent(ada)
    with pytest.raises(ValidationError, match="not there any more"):
        put("bob", attachments=[file])
    put("ada", attachments=[file])
    with pytest.raises(ValidationError, match="not there any more"):
        put("ada", attachments=[file])
    assert Turn.objects.count() == 1


def test_viewer_sends_no_file_and_gets_words() -> None:
    answer = send(person("vera", "viewer"))
    assert answer.status_code == 403
    assert "Viewers may look" in answer.json()["error"]
    assert not Attachment.objects.exists()


def test_room_for_files_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "MAX_TEAM_BYTES", 10)
    ada = person("ada")
    assert send(ada, content=b"12345678").status_code == 201
    refused = send(ada, content=b"12345678")
    assert refused.status_code == 413
    assert "fill the room" in refused.json()["error"]


def test_files_of_a_prompt_are_limited_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "MAX_PROMPT_BYTES", 10)
    ada = person("ada")
    files = [sent(ada, content=b"12345678") for _ in range(2)]
    with pytest.raises(RequestTooLargeError, match="together"):
        put("ada", attachments=files)
    assert not Comparison.objects.exists()


def test_file_that_no_prompt_took_goes_after_a_day() -> None:
    ada = person("ada")
    old = sent(ada)
    used = sent(ada)
    put("ada", attachments=[used])
    Attachment.objects.update(created_at=timezone.now() - timedelta(days=2))
    sent(ada)
    assert not Attachment.objects.filter(pk=old).exists()
    assert Attachment.objects.filter(pk=used).exists()


def test_upload_without_file_or_too_long_is_refused_in_words() -> None:
    ada = person("ada")
    assert "no file" in ada.post("/attachments/").json()["error"]
    long = send(ada, "big.bin", b"\x89PNG\r\n\x1a\n" + b"\0" * 5_100_000)
    assert long.status_code == 413
    assert "too large" in long.json()["error"]


def test_file_of_a_deleted_comparison_is_gone() -> None:
    ada = person("ada")
    file = sent(ada)
    turn = put("ada", attachments=[file]).turn
    ada.post(f"/c/{turn.comparison_id}/delete/")
    assert ada.get(f"/attachments/{file}/").status_code == 404


# --- Links ---------------------------------------------------------------------------------------


def test_only_who_may_change_a_comparison_makes_links() -> None:
    ada, bob, eve = person("ada"), person("bob"), person("eve", of="Theirs")
    path = f"/c/{comparison_of('ada').pk}/links/"
    for other in (bob, eve):
        assert other.post(path, {"audience": "public"}).status_code == 404
    assert Client().post(path, {"audience": "public"}).status_code == 302
    assert b"Choose who" in ada.post(path, {"audience": "the moon"}).content
    assert not ShareLink.objects.exists()
    ada.post(path, {"audience": "public"})
    link = ShareLink.objects.get()
    assert len(link.token) >= 43
    assert Client().get(f"/s/{link.token}/").status_code == 200


def test_link_of_another_comparison_is_not_taken_back() -> None:
    ada, bob = person("ada"), person("bob")
    mine, theirs = comparison_of("ada"), comparison_of("bob")
    ada.post(f"/c/{mine.pk}/links/", {"audience": "team"})
    link = ShareLink.objects.get()
    bob.post(f"/c/{theirs.pk}/links/{link.pk}/revoke/")
    assert ShareLink.objects.get().revoked_at is None
    assert bob.get(f"/s/{link.token}/").status_code == 200


def test_link_ends_with_its_comparison_or_team() -> None:
    ada = person("ada")
    comparison = comparison_of("ada")
    ada.post(f"/c/{comparison.pk}/links/", {"audience": "public"})
    path = f"/s/{ShareLink.objects.get().token}/"
    Team.objects.update(enabled=False)
    assert Client().get(path).status_code == 404
    Team.objects.update(enabled=True)
    assert Client().get(path).status_code == 200
    comparison.deleted_at = timezone.now()
    comparison.save()
    assert Client().get(path).status_code == 404


def test_link_shows_files_of_its_newest_branch_only() -> None:
    ada = person("ada")
    shown, hidden = sent(ada), sent(ada)
    comparison = put("ada", attachments=[hidden]).turn.comparison
    put("ada", comparison, attachments=[shown])
    ada.post(f"/c/{comparison.pk}/links/", {"audience": "public"})
    base = f"/s/{ShareLink.objects.get().token}/files"
    guest = Client()
    assert guest.get(f"{base}/{shown}/").status_code == 200
    assert guest.get(f"{base}/{hidden}/").status_code == 404
    assert guest.get(f"/attachments/{shown}/").status_code == 302


# --- Presets -------------------------------------------------------------------------------------


def keep(client: Client, name: str, **fields: Any) -> Any:
    return client.post("/presets/", {"name": name, "columns": json.dumps([COLUMN]), **fields})


def test_preset_is_private_unless_shared() -> None:
    ada, bob, eve = person("ada"), person("bob"), person("eve", of="Theirs")
    keep(ada, "private one")
    keep(ada, "shared one", shared="on")
    assert b"private one" in ada.get("/presets/").content
    seen = bob.get("/presets/").content
    assert b"shared one" in seen
    assert b"private one" not in seen
    assert b"one</strong>" not in eve.get("/presets/").content


def test_preset_is_changed_by_its_owner_and_admins_only() -> None:
    ada, bob, amy = person("ada"), person("bob"), person("amy", "admin")
    keep(ada, "shared", shared="on")
    keep(ada, "private")
    shared, private = Preset.objects.get(name="shared"), Preset.objects.get(name="private")
    refused = bob.post(f"/presets/{shared.pk}/rename/", {"name": "mine now"})
    assert b"not yours to change" in refused.content
    amy.post(f"/presets/{private.pk}/delete/")
    assert Preset.objects.filter(pk=private.pk).exists()
    amy.post(f"/presets/{shared.pk}/rename/", {"name": "tidied"})
    assert Preset.objects.get(pk=shared.pk).name == "tidied"


def test_preset_of_the_same_name_is_replaced_and_a_taken_name_refused() -> None:
    ada = person("ada")
    keep(ada, "one")
    keep(ada, "one", columns=json.dumps([COLUMN, {**COLUMN, "model": "other"}]))
    assert len(Preset.objects.get().columns) == 2
    assert "id" not in Preset.objects.get().columns[0]
    keep(ada, "two")
    answer = ada.post(f"/presets/{Preset.objects.get(name='two').pk}/rename/", {"name": "one"})
    assert "There is a preset “one” already." in answer.content.decode()
    assert Preset.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "  "}, "Give the preset a name."),
        ({"name": "x" * 81}, "80 characters at most"),
        ({"name": "x", "columns": "[]"}, "There is no column to keep."),
        ({"name": "x", "columns": "{"}, "not JSON"),
        ({"name": "x", "columns": '[{"id": 3}]'}, "Choose a model for each column."),
    ],
)
def test_wrong_preset_is_refused_in_words(fields: dict[str, str], words: str) -> None:
    answer = person("ada").post("/presets/", {"columns": json.dumps([COLUMN]), **fields})
    assert words in answer.content.decode()
    assert not Preset.objects.exists()


def test_name_of_a_preset_is_text_not_markup() -> None:
    ada = person("ada")
    keep(ada, "<script>alert(1)</script>", shared="on")
    assert b"<script>alert" not in ada.get("/presets/").content


# --- Prompts -------------------------------------------------------------------------------------


def test_comparison_is_named_by_the_prompt_that_was_sent() -> None:
    person("ada")
    turn = put("ada", prompt="Say {{word}}", variables={"word": "yes", "unused": "x"}).turn
    assert turn.comparison.name == "Say yes"
    assert (turn.prompt, turn.template, turn.variables) == (
        "Say yes",
        "Say {{word}}",
        {"word": "yes"},
    )


def test_same_request_of_another_person_is_another_prompt() -> None:
    person("ada")
    person("bob")
    one, two = put("ada", request="same"), put("bob", request="same")
    assert one.turn.pk != two.turn.pk
    assert put("ada", request="same").turn.pk == one.turn.pk
