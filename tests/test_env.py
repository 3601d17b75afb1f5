"""The readers of environment variables."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from llmhub import env

NAME = "LLMHUB_TEST_VARIABLE"


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Any:
    def give(value: str, name: str = NAME) -> None:
        monkeypatch.setenv(name, value)

    return give


def test_white_space_around_a_value_is_dropped(given: Any) -> None:
    given("  spaced \n")
    assert env.text(NAME) == "spaced"


@pytest.mark.parametrize("value", ["", "   "])
def test_an_empty_value_counts_as_not_given(given: Any, value: str) -> None:
    given(value)
    assert env.text(NAME, "default") == "default"
    assert env.boolean(NAME, True) is True
    assert env.integer(NAME, 7) == 7
    assert env.number(NAME, 1.5) == 1.5
    assert env.words(NAME, "a,b") == ["a", "b"]


def test_a_value_can_come_from_a_file(given: Any, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from the file\n")
    given(str(file), f"{NAME}_FILE")
    assert env.text(NAME) == "from the file"


def test_a_value_of_its_own_wins_over_the_file(given: Any, tmp_path: Path) -> None:
    given("direct")
    given(str(tmp_path / "absent"), f"{NAME}_FILE")
    assert env.text(NAME) == "direct"


def test_a_file_that_cannot_be_read_is_named(given: Any, tmp_path: Path) -> None:
    given(str(tmp_path / "absent"), f"{NAME}_FILE")
    with pytest.raises(ImproperlyConfigured, match=r"VARIABLE_FILE names .*/absent"):
        env.text(NAME)


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        *((word, True) for word in ("1", "True", "yes", "ON")),
        *((word, False) for word in ("0", "false", "No", "off")),
    ],
)
def test_booleans(given: Any, value: str, meaning: bool) -> None:
    given(value)
    assert env.boolean(NAME, not meaning) is meaning


@pytest.mark.parametrize(
    ("read", "value", "complaint"),
    [
        (lambda: env.boolean(NAME), "perhaps", "takes true or false"),
        (lambda: env.integer(NAME, 1), "1.5", "takes a whole number"),
        (lambda: env.integer(NAME, 1, minimum=1), "0", "takes at least 1"),
        (lambda: env.number(NAME, 1), "fast", "takes a number"),
        (lambda: env.number(NAME, 1), "0", "takes a number above 0"),
        (lambda: env.number(NAME, 1), "nan", "takes a number above 0"),
        (lambda: env.networks(NAME), "10.0.0.0/8,proxy", "takes addresses and networks"),
    ],
)
def test_a_wrong_value_is_refused_by_name(
    given: Any, read: Any, value: str, complaint: str
) -> None:
    given(value)
    with pytest.raises(ImproperlyConfigured, match=f"{NAME}.*{complaint}"):
        read()


def test_words_leave_out_what_is_empty(given: Any) -> None:
    given("a, b,,c ,")
    assert env.words(NAME) == ["a", "b", "c"]


def test_networks_may_be_single_addresses(given: Any) -> None:
    given("127.0.0.1, 10.1.2.3/8,::1")
    assert [str(network) for network in env.networks(NAME)] == [
        "127.0.0.1/32",
        "10.0.0.0/8",
        "::1/128",
    ]


@pytest.mark.parametrize(
    ("url", "port", "tls", "ssl"),
    [
        ("smtp://us%40er:p%2Fw@mail.example", 587, True, False),
        ("smtps://us%40er:p%2Fw@mail.example", 465, False, True),
        ("smtp+plain://us%40er:p%2Fw@mail.example:2525", 2525, False, False),
    ],
)
def test_an_email_url_is_taken_apart(url: str, port: int, tls: bool, ssl: bool) -> None:
    found = env.email(url)
    assert found["BACKEND"] == "django.core.mail.backends.smtp.EmailBackend"
    assert (found["HOST"], found["PORT"]) == ("mail.example", port)
    assert (found["HOST_USER"], found["HOST_PASSWORD"]) == ("us@er", "p/w")
    assert (found["USE_TLS"], found["USE_SSL"]) == (tls, ssl)


@pytest.mark.parametrize("url", ["", "console:"])
def test_without_an_email_server_mail_is_printed(url: str) -> None:
    assert env.email(url)["BACKEND"] == "django.core.mail.backends.console.EmailBackend"


@pytest.mark.parametrize("url", ["imap://secret@x", "smtp://", "smtp://u:secret@x:port"])
def test_an_email_url_that_can_not_be_used_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL") as caught:
        env.email(url)
    assert "secret" not in str(caught.value)


def test_a_postgresql_url_is_taken_apart() -> None:
    found = env.database("postgresql://us%40er:p%2Fw@db.example:6543/hub?sslmode=require")
    assert found["ENGINE"] == "django.db.backends.postgresql"
    assert found["NAME"] == "hub"
    assert (found["USER"], found["PASSWORD"]) == ("us@er", "p/w")
    assert (found["HOST"], found["PORT"]) == ("db.example", "6543")
    assert found["OPTIONS"]["sslmode"] == "require"
    assert found["CONN_MAX_AGE"] == 0


def test_a_sqlite_url_names_a_path() -> None:
    assert env.database("sqlite:////srv/hub.sqlite3")["NAME"] == "/srv/hub.sqlite3"
    assert env.database("sqlite:///hub.sqlite3")["NAME"] == "hub.sqlite3"


@pytest.mark.parametrize("url", ["mysql://localhost/hub", "hub.sqlite3"])
def test_another_database_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        env.database(url)
