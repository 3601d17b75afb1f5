"""The management API of two web processes on PostgreSQL and Redis."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.support.hub import ADMIN_EMAIL, Hub, bearer
from tests.support.scaled import ScaledHub


@pytest.fixture
def token(scaled_hub: ScaledHub) -> str:
    return scaled_hub.first.manage("create_token", "--user", ADMIN_EMAIL).strip()


def sent(web: Hub, verb: str, path: str, token: str, body: Any = None, **headers: str) -> Any:
    return httpx.request(
        verb,
        f"{web.url}/api/v1{path}",
        json={} if body is None else body,
        headers=bearer(token) | headers,
        timeout=30,
    )


def test_key_made_and_revoked_over_one_process_is_known_to_the_other_at_once(
    scaled_hub: ScaledHub, token: str
) -> None:
    first, second = scaled_hub.webs
    team = sent(first, "POST", "/teams", token, {"name": "Scaled management"}).json()
    made = sent(first, "POST", "/keys", token, {"team": team["slug"], "name": "scaled"}).json()
    assert second.chat(made["key"], "sim-swift", "echo: hi").status_code == 200
    assert sent(second, "POST", f"/keys/{made['id']}/revoke", token).status_code == 200
    for web in scaled_hub.webs:
        assert web.chat(made["key"], "sim-swift").status_code == 401


def test_the_same_creation_sent_to_both_at_once_makes_one_thing(
    scaled_hub: ScaledHub, token: str
) -> None:
    slug = sent(scaled_hub.first, "POST", "/teams", token, {"name": "Repeated"}).json()["slug"]
    body = {"team": slug, "amount": "5"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda web: sent(web, "POST", "/budgets", token, body, **{"Idempotency-Key": "k"}),
                scaled_hub.webs * 4,
            )
        )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
