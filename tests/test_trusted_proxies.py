"""X-Forwarded-For is believed from trusted proxies only, on the wires and in the pages."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from llmhub import env, proxies
from tests.support.hub import Hub, bearer
from tests.support.waiting import eventually

TRUSTED = "10.0.0.0/8,2001:db8::/32"


@pytest.mark.parametrize(
    ("peer", "forwarded", "caller"),
    [
        ("192.0.2.1", ["203.0.113.9"], "192.0.2.1"),
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.1", "203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["203.0.113.9, unknown"], proxies.UNKNOWN),
        ("10.0.0.1", ["203.0.113.9:4711"], "203.0.113.9"),
        ("10.0.0.1", ['"[2001:ff::9]:4711"'], "2001:ff::9"),
        ("2001:db8::1", ["2001:ff::9"], "2001:ff::9"),
        ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", [" , "], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
    ],
)
def test_last_address_that_no_trusted_proxy_has_is_the_callers(
    settings: Any, monkeypatch: Any, peer: str, forwarded: list[str], caller: str
) -> None:
    monkeypatch.setenv("LLMHUB_TRUSTED_PROXIES", TRUSTED)
    settings.LLMHUB_TRUSTED_PROXIES = env.networks("LLMHUB_TRUSTED_PROXIES")
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    scope = {"client": (peer, 1), "headers": headers}
    assert proxies.seen_through(scope)["client"][0] == caller


def test_nobody_is_believed_unless_proxies_are_named(settings: Any) -> None:
    settings.LLMHUB_TRUSTED_PROXIES = []
    scope = {"client": ("127.0.0.1", 1), "headers": [(b"x-forwarded-for", b"203.0.113.9")]}
    assert proxies.seen_through(scope)["client"] == ("127.0.0.1", 1)


def test_wrong_network_is_named_at_the_start(monkeypatch: Any) -> None:
    monkeypatch.setenv("LLMHUB_TRUSTED_PROXIES", "10.0.0.0/8, proxy.local")
    with pytest.raises(env.ImproperlyConfigured, match=r"LLMHUB_TRUSTED_PROXIES.*proxy\.local"):
        env.networks("LLMHUB_TRUSTED_PROXIES")


@pytest.mark.live
def test_key_is_held_to_its_addresses_through_a_trusted_proxy(
    start_hub: Callable[..., Hub],
) -> None:
    hub = start_hub(LLMHUB_TRUSTED_PROXIES="127.0.0.1")
    key = hub.create_key()
    hub.python(
        "from llmhub.teams.keys import edit_key; from llmhub.teams.models import VirtualKey; "
        "edit_key(VirtualKey.objects.get(), allowed_ips=['203.0.113.0/24'])"
    )

    def status(forwarded: str) -> int:
        headers = bearer(key) | {"X-Forwarded-For": forwarded}
        return httpx.get(f"{hub.url}/v1/models", headers=headers, timeout=10).status_code

    # the change was made in another process: it is here within a second
    eventually(lambda: hub.models(key).status_code == 403, "an address that is refused", 20)
    assert status("203.0.113.9") == 200
    assert status("203.0.113.9, 198.51.100.1") == 403
    page = hub.admin_login().get("/keys/", headers={"X-Forwarded-For": "203.0.113.9"})
    assert "You come from 203.0.113.9." in page.text


@pytest.mark.live
def test_address_that_a_caller_claims_for_itself_is_not_believed(hub: Hub) -> None:
    page = hub.admin_login().get("/keys/", headers={"X-Forwarded-For": "203.0.113.9"})
    assert "You come from 127.0.0.1." in page.text
