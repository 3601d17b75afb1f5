"""The upstream of every server: the simulated provider, and what it is expected to answer."""

import http.client
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import answers
from benchmarks.answers import Expected
from benchmarks.processes import PYTHON, Process, wait_for_line

MODEL = "sim-instant"
PROMPT = "Hello"
REPLY_TOKENS = 16
STREAM_TOKENS = 32
START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where and how a server takes chat completions."""

    port: int
    path: str = "/v1/chat/completions"
    headers: dict[str, str] = field(default_factory=dict)
    model: str = MODEL
    host: str = "127.0.0.1"

    def request(self, *, stream: bool) -> str:
        """The bytes of a whole request, as latin-1 text."""
        body = self.body(stream=stream)
        lines = [
            f"POST {self.path} HTTP/1.1",
            f"Host: {self.host}:{self.port}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return "\r\n".join(lines) + "\r\n\r\n" + body

    def body(self, *, stream: bool) -> str:
        """The body of a request."""
        messages = [{"role": "user", "content": PROMPT}]
        return json.dumps({"model": self.model, "messages": messages, "stream": stream})


def start(log: Path, cores: Collection[int]) -> tuple[Process, Address]:
    """A fresh simulated provider on a free port."""
    command = [PYTHON, "-m", "providers.simulator", "--port", "0"]
    process = Process(command, log=log, cores=cores)
    line = wait_for_line(process, "Simulated provider at ", START_SECONDS)
    port = int(line.rsplit(":", 1)[1].split("/", 1)[0])
    return process, Address(port)


def base_url(address: Address) -> str:
    """The upstream's base URL as an OpenAI client wants it."""
    return f"http://{address.host}:{address.port}/v1"


def expected(address: Address) -> tuple[Expected, Expected]:
    """What the upstream itself answers, plain and streamed."""
    plain = answers.text_of_reply(ask(address, stream=False))
    texts = answers.texts_of_stream(ask(address, stream=True))
    if len(texts) != STREAM_TOKENS:
        raise ValueError(f"The simulator streamed {len(texts)} tokens, not {STREAM_TOKENS}.")
    return Expected(plain), Expected("".join(texts), len(texts))


def ask(address: Address, *, stream: bool, timeout_s: float = 60.0) -> bytes:
    """The content of one answer. Raises OSError if there is none, ValueError if it is refused."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=timeout_s)
    try:
        headers = {"Content-Type": "application/json", **address.headers}
        connection.request("POST", address.path, address.body(stream=stream), headers)
        response = connection.getresponse()
        content = response.read()
    finally:
        connection.close()
    if response.status != 200:
        raise ValueError(f"status {response.status}: {content[:300].decode('utf-8', 'replace')}")
    return content
