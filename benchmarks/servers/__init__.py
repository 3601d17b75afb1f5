"""The servers that are measured, in the order in which the tables name them."""

from benchmarks.servers.base import LostRecordsError, Server, Stage, UnavailableError
from benchmarks.servers.direct import Direct
from benchmarks.servers.hub import Hub
from benchmarks.servers.litellm_proxy import LiteLLM
from benchmarks.servers.pass_through import PassThrough
from benchmarks.servers.portkey import Portkey
from benchmarks.servers.tensorzero_gateway import TensorZero

PEERS: dict[str, type[Server]] = {
    "litellm": LiteLLM,
    "portkey": Portkey,
    "tensorzero": TensorZero,
}

__all__ = ["PEERS", "LostRecordsError", "Server", "Stage", "UnavailableError", "chosen"]


def chosen(peers: list[str], database_url: str = "") -> list[Server]:
    """Our servers and the named peers; with a database URL the hub runs on PostgreSQL too."""
    ours: list[Server] = [Direct(), PassThrough(), Hub()]
    if database_url:
        ours.append(Hub(database_url))
    return ours + [PEERS[name]() for name in peers]
