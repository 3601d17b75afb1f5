"""A mail server that takes everything and keeps it."""

import socketserver
import threading
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Letter:
    """What was delivered: to whom, and the message with its headers."""

    to: list[str] = field(default_factory=list)
    text: str = ""


class _Conversation(socketserver.StreamRequestHandler):
    """As much of SMTP as Django's backend speaks."""

    def handle(self) -> None:
        letters: list[Letter] = self.server.letters  # type: ignore[attr-defined]
        letter = Letter()
        self._say("220 ready")
        while line := self.rfile.readline().decode().strip():
            command = line.upper()
            if command.startswith("RCPT TO:"):
                letter.to.append(line.partition("<")[2].partition(">")[0])
            if command == "DATA":
                self._say("354 go on")
                letter.text = self._text()
                letters.append(letter)
                letter = Letter()
            self._say("221 bye" if command == "QUIT" else "250 ok")
            if command == "QUIT":
                return

    def _text(self) -> str:
        lines = iter(lambda: self.rfile.readline().decode(), ".\r\n")
        return "".join(lines)

    def _say(self, answer: str) -> None:
        self.wfile.write(f"{answer}\r\n".encode())


class MailServer:
    """It listens while it is open (`with`)."""

    def __init__(self) -> None:
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Conversation)
        self._server.daemon_threads = True
        self._server.letters = []  # type: ignore[attr-defined]

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def letters(self) -> list[Letter]:
        """What has come so far."""
        return list(self._server.letters)  # type: ignore[attr-defined]

    def __enter__(self) -> "MailServer":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()
        self._server.server_close()
