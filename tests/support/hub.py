"""A hub in a process of its own, as a person or a deployment would run it."""

import re
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx

from tests.support import environment, rows
from tests.support.process import ROOT, Process, python
from tests.support.servers import free_port
from tests.support.waiting import eventually

ADMIN_EMAIL = "admin@example.com"
ADMIN_PASSWORD = "correct horse battery staple"
START_SECONDS = 90.0
COMMAND_SECONDS = 60.0

_CSRF_FIELD = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Hub:
    """One web process and what a test wants to do with it. Start it with `start`."""

    def __init__(self, directory: Path, **variables: str) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.variables = {
            "LLMHUB_DATA_DIR": str(directory),
            "LLMHUB_ADMIN_EMAIL": ADMIN_EMAIL,
            "LLMHUB_ADMIN_PASSWORD": ADMIN_PASSWORD,
            **variables,
        }
        self.database = variables.get("DATABASE_URL") or str(directory / "llmhub.sqlite3")
        self._process: Process | None = None
        self._cookies: httpx.Cookies | None = None
        self._clients: list[httpx.Client] = []
        self._models_at_first = ""

    # --- the process ---------------------------------------------------------------------------

    @property
    def process(self) -> Process:
        """The running process. Raises AssertionError before the first `start`."""
        assert self._process, "start() the hub first"
        return self._process

    @property
    def log(self) -> str:
        """What the present process has printed."""
        return self.process.log

    def command(self) -> list[str]:
        """How the process is started."""
        return python("manage.py", "serve", "--host", "127.0.0.1", "--port", str(self.port))

    def start(self) -> "Hub":
        """Start the process and return when it is ready to serve."""
        self._process = Process(self.command(), environment.for_process(**self.variables))
        self.wait_ready()
        return self

    def wait_ready(self, seconds: float = START_SECONDS) -> None:
        """Return when `/readyz` says 200; raise AssertionError with the log if it never does."""

        def ready() -> bool:
            assert self.process.running, f"the hub ended at its start:\n{self.log}"
            try:
                return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
            except httpx.TransportError:
                return False

        try:
            eventually(ready, "a ready hub", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log}") from None

    def stop(self) -> None:
        """End the process as a deployment would; does nothing if it has ended."""
        while self._clients:
            self._clients.pop().close()
        if self._process and self._process.running:
            self._process.stop()

    def kill9(self) -> None:
        """End the process and its children as a crash would."""
        self.process.kill9()

    def restart(self) -> "Hub":
        """End the process if it still runs, and start it again on the same port and data."""
        self.stop()
        return self.start()

    # --- from the shell ------------------------------------------------------------------------

    def manage(self, *arguments: str, stdin: str | None = None) -> str:
        """Standard output of `manage.py ARGUMENTS` with this hub's settings."""
        done = subprocess.run(
            python("manage.py", *arguments),
            cwd=ROOT,
            env=environment.for_process(**self.variables),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        assert done.returncode == 0, f"manage.py {' '.join(arguments)}:\n{done.stderr}"
        return done.stdout

    def create_key(self, team: str = "Tests", *, name: str = "test", **options: Any) -> str:
        """A new API key that the hub accepts already.

        `options` are those of `manage.py create_key`: `models=["fast"]`, `rpm=5`, `max_budget=1`.
        """
        arguments = ["create_key", "--team", team, "--name", name]
        for option, value in options.items():
            text = ",".join(value) if isinstance(value, (list, tuple)) else str(value)
            arguments += [f"--{option.replace('_', '-')}", text]
        key = self.manage(*arguments).strip()
        self.wait_for_key(key)
        return key

    def wait_for_key(self, key: str) -> None:
        """Return when this process knows the key (it was made in another one)."""
        eventually(lambda: self.models(key).status_code != 401, "a key that is accepted")

    def import_config(self, toml: str) -> None:
        """Apply a config file; the running process follows within a second or so."""
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write(toml)
            file.flush()
            self.manage("import_config", file.name)

    def python(self, code: str) -> str:
        """Standard output of `code`, run with Django set up and this hub's settings."""
        return self.manage("shell", "--verbosity", "0", "-c", code)

    # --- over HTTP -----------------------------------------------------------------------------

    def models(self, key: str) -> httpx.Response:
        """`GET /v1/models` with a key."""
        return httpx.get(f"{self.url}/v1/models", headers=bearer(key), timeout=10)

    def chat(self, key: str, model: str, prompt: str = "Hello", **body: Any) -> httpx.Response:
        """`POST /v1/chat/completions` with one user message, not streamed unless `body` says so."""
        return httpx.post(
            f"{self.url}/v1/chat/completions",
            headers=bearer(key),
            json={"model": model, "messages": [{"role": "user", "content": prompt}], **body},
            timeout=60,
        )

    def admin_cookies(self) -> httpx.Cookies:
        """The cookies of the first admin, signed in once per hub."""
        if self._cookies is None:
            with self._browser() as client:
                page = client.get("/accounts/login/")
                token = _CSRF_FIELD.search(page.text)
                assert token, page.text
                answer = client.post(
                    "/accounts/login/",
                    data={
                        "login": ADMIN_EMAIL,
                        "password": ADMIN_PASSWORD,
                        "csrfmiddlewaretoken": token[1],
                    },
                )
                assert answer.status_code == 302, answer.text
                client.get("/")  # shows "signed in" once, so that no test sees it
                self._cookies = client.cookies
        return self._cookies

    def admin_login(self) -> httpx.Client:
        """A client signed in as the first admin, with the CSRF header set. `stop` closes it."""
        cookies = self.admin_cookies()
        client = self._browser()
        self._clients.append(client)
        client.cookies.update(cookies)
        client.headers["X-CSRFToken"] = cookies["llmhub_csrf"]
        return client

    def _browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Referer": f"{self.url}/"}, timeout=30)

    # --- in the database -----------------------------------------------------------------------

    def remember_models(self) -> None:
        """The models that there are now stay when `switch_off_models` is called."""
        ids = [str(row["id"]) for row in self.query("select id from providers_modelmap")]
        self._models_at_first = ", ".join(ids)

    def switch_off_models(self) -> None:
        """Switch off the models made since `remember_models`; return when pages offer them no more.

        An import of the config file that made them brings them back.
        """
        made = f"enabled and id not in ({self._models_at_first})"
        names = [
            row["name"] for row in self.query(f"select name from providers_modelmap where {made}")
        ]
        if not names:
            return
        rows.change(
            self.database,
            f"update providers_modelmap set enabled = false where {made}",
            "update core_configversion set value = value + 1",
        )
        client = self.admin_login()
        eventually(
            lambda: not any(f'"{name}"' in client.get("/").text for name in names),
            "pages without the models that were switched off",
        )

    def query(self, sql: str, *parameters: Any) -> list[rows.Row]:
        """The rows of a query, straight from the database; `%s` stands for a parameter."""
        return rows.select(self.database, sql, *parameters)

    def calls(self, **equals: Any) -> list[rows.Row]:
        """The recorded calls whose columns have these values, oldest first."""
        where = " and ".join(f"{column} = %s" for column in equals) or "1 = 1"
        return self.query(
            f"select * from usage_requestlog where {where} order by created_at, id",
            *equals.values(),
        )


def bearer(key: str) -> dict[str, str]:
    """The header by which a program sends its key."""
    return {"Authorization": f"Bearer {key}"}


def stop_all(hubs: Iterable[Hub]) -> None:
    """Stop every hub, also when stopping one of them fails."""
    problems = []
    for hub in hubs:
        try:
            hub.stop()
        except AssertionError as error:
            problems.append(str(error))
    assert not problems, "\n".join(problems)
