"""A provider's API for tests that decide every answer of it: a real HTTP server in a thread."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered at a path. `body` is sent as JSON unless it is text."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


@dataclass(slots=True)
class ProviderApi:
    """Give `answers` by path; `requests` are the (path, headers) that came."""

    url: str
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        """What a credential takes."""
        return f"{self.url}/v1"

    def lists(self, *models: Any) -> None:
        """Answer with a list of these models (names, or whole rows) at /v1/models."""
        rows = [model if isinstance(model, dict) else {"id": model} for model in models]
        self.answers["/v1/models"] = Answer(body={"object": "list", "data": rows})


@contextmanager
def provider_api() -> Iterator[ProviderApi]:
    """A running API that answers 404 until it is told otherwise."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            api.requests.append((self.path, dict(self.headers)))
            self._send(api.answers.get(path, Answer(404, {"error": {"message": "Not Found"}})))

        def _send(self, answer: Answer) -> None:
            time.sleep(answer.delay_s)
            is_text = isinstance(answer.body, str)
            content = (answer.body if is_text else json.dumps(answer.body)).encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "text/html" if is_text else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            try:
                self.wfile.write(content)
            except BrokenPipeError:
                pass

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api = ProviderApi(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
