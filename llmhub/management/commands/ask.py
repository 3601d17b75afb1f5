"""One call from the shell."""

import asyncio
import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from llmhub.api.python import Hub
from llmhub.core.errors import LLMHubError
from providers import registry

LISTED = 20


class Command(BaseCommand):
    help = "Ask a model: manage.py ask 'Name three rivers' --model fast --stream"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("prompt", help="the prompt, or - to read it from standard input")
        parser.add_argument("--model", default="", help="default: the hub's default model")
        parser.add_argument("--team", default="Default")
        parser.add_argument("--stream", action="store_true", help="print the answer as it comes")
        parser.add_argument("--json-schema", type=Path, help="a file with a JSON schema")
        parser.add_argument(
            "--search",
            nargs="?",
            const="on",
            default="off",
            metavar="N",
            help="put N results of a web search (5 if no number is given) before the prompt",
        )
        parser.add_argument("--temperature", type=float)
        parser.add_argument("--max-tokens", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            asyncio.run(self._ask(options))
        except LLMHubError as error:
            raise CommandError(_at_a_shell(error.message)) from None

    async def _ask(self, options: dict[str, Any]) -> None:
        prompt = options["prompt"]
        if prompt == "-":
            prompt = sys.stdin.read()
        parameters = _parameters(options)
        async with Hub(team=options["team"]) as hub:
            if options["stream"]:
                pieces = hub.stream(prompt, model=options["model"], **parameters)
                async for piece in pieces:
                    self.stdout.write(piece, ending="")
                    self.stdout.flush()
                self.stdout.write("")
                return
            reply = await hub.generate(prompt, model=options["model"], **parameters)
            self.stdout.write(reply.text)


def _at_a_shell(message: str) -> str:
    """An error's message with the models' names where API callers are told how to ask for them."""
    if not message.endswith(registry.WHERE_TO_LOOK):
        return message
    return message.removesuffix(registry.WHERE_TO_LOOK) + _names()


def _names() -> str:
    names = registry.current().names()
    if not names:
        return "The hub has no models yet; --model CREDENTIAL/MODEL goes without one."
    if len(names) <= LISTED:
        return f"There are {', '.join(names)}."
    return (
        f"There are {', '.join(names[:LISTED])} and {len(names) - LISTED} more; "
        "manage.py export_config shows all."
    )


def _parameters(options: dict[str, Any]) -> dict[str, Any]:
    parameters = {
        name: options[name] for name in ("temperature", "max_tokens") if options[name] is not None
    }
    if options["search"] != "off":
        parameters["search"] = options["search"]
    if path := options["json_schema"]:
        parameters["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": path.stem, "schema": _schema(path)},
        }
    return parameters


def _schema(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}.") from None
    except json.JSONDecodeError as error:
        raise CommandError(f"{path} is not JSON: {error}.") from None
