"""The ASGI application: a request comes in, is read, answered and counted."""

from typing import Final

from .asgi_types import Receive, Scope, Send
from .connection import Connection
from .faults import Fault, FaultTimes, refusal_for, slowed
from .introspection import PREFIX, Introspection
from .ledger import Ledger
from .pacing import play
from .problems import ClientGoneError, Problem, RequestRefusedError, invalid
from .request import Call, JsonObject, Request, Wire
from .request_settings import (
    REQUIRED_KEY_HEADER,
    SESSION_HEADER,
    Target,
    resolve_target,
    simulator_headers,
)
from .responses import (
    Response,
    answer_response,
    json_response,
    nonsense_response,
    refusal_response,
)
from .routes import Route, document_at, operation_at, wire_of

WRONG_KEYS: Final = frozenset({"bad-key", "sk-bad"})
_KEY_HEADERS: Final = ("authorization", "x-api-key", "x-goog-api-key", "x-subscription-token")


class Simulator:
    """The simulated provider. All its state is the ledger and the count of faults."""

    def __init__(self) -> None:
        self._ledger = Ledger()
        self._fault_times = FaultTimes()
        self._introspection = Introspection(self._ledger, self._fault_times)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        match scope["type"]:
            case "http":
                await self._serve(scope, Connection(receive, send))
            case "lifespan":
                await _live(receive, send)
            case _:
                await send({"type": "websocket.close"})

    async def _serve(self, scope: Scope, connection: Connection) -> None:
        try:
            request = await _read(scope, connection)
            if request.method == "POST" and not request.path.startswith(PREFIX):
                await self._serve_operation(request, connection)
            else:
                await _send(connection, await self._document(request))
        except ClientGoneError:
            pass
        finally:
            connection.close()

    async def _serve_operation(self, request: Request, connection: Connection) -> None:
        model, response = self._response_to(request)
        with self._ledger.entry(model, request):
            await _send(connection, response)

    async def _document(self, request: Request) -> Response:
        wire = wire_of(request)
        try:
            if request.path.startswith(PREFIX):
                status, body = await self._introspection.answer(
                    request.method, request.path, request.query
                )
                return json_response(wire, body, status)
            _check_key(request)
            return json_response(wire, document_at(request))
        except RequestRefusedError as refused:
            return refusal_response(wire, refused.problem)

    def _response_to(self, request: Request) -> tuple[str, Response]:
        """The model's name as the request has it, empty if it has none, and the response."""
        model = ""
        try:
            route = operation_at(request)
            body = request.json()
            model = _model_name(route, body)
            _check_key(request)
            return model, self._answer(request, route, body, model)
        except RequestRefusedError as refused:
            return model, refusal_response(wire_of(request), refused.problem)

    def _answer(self, request: Request, route: Route, body: JsonObject, model: str) -> Response:
        target = resolve_target(model, simulator_headers(request.headers.items()))
        fault = self._striking_fault(target, request.headers.get(SESSION_HEADER, model))
        instead = _instead_of_answer(route.wire, fault)
        if instead is not None:
            return instead
        answer = route.operation(Call(target, body, request.query, fault))
        return answer_response(route.wire, answer, fault, slowed(fault, target.pace))

    def _striking_fault(self, target: Target, who: str) -> Fault | None:
        fault = target.fault
        return fault if fault and self._fault_times.strikes(fault, who) else None


def _instead_of_answer(wire: Wire, fault: Fault | None) -> Response | None:
    if fault is None:
        return None
    if fault.name == "nonsense":
        return nonsense_response(wire)
    problem = refusal_for(fault)
    return refusal_response(wire, problem) if problem else None


async def _read(scope: Scope, connection: Connection) -> Request:
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers={
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        },
        body=await connection.read_body(),
    )


async def _send(connection: Connection, response: Response) -> None:
    connection.respond_with(response.status, response.headers)
    await play(connection, response.steps, response.pace)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _model_name(route: Route, body: JsonObject) -> str:
    model = body.get("model") if route.model is None else route.model
    if not isinstance(model, str) or not model:
        raise invalid("you must provide a model parameter", "model")
    return model


def _check_key(request: Request) -> None:
    """Any key will do, but for a wrong one or one other than `x-sim-require-key` names."""
    headers = request.headers
    given = next((headers[name] for name in _KEY_HEADERS if name in headers), "")
    key = given.removeprefix("Bearer ")
    if key in WRONG_KEYS or key != headers.get(REQUIRED_KEY_HEADER, key):
        raise RequestRefusedError(Problem("authentication", "Incorrect API key provided."))


app: Final = Simulator()
