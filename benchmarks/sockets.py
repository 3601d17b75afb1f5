"""`python -m benchmarks.sockets`: many people stream in the playground of one web process.

60 sockets with 5 columns each, 50 tokens a second in each column. Each token is the time at which
the upstream sent it, so the delay from the upstream's chunk to the socket's frame is read off the
answer. Prints the percentiles; exits with 1 if a token is lost or out of order, or if p99 is over
100 ms. (The hub sends the text of 50 ms in one frame, so the median can't be below 25 ms.)
"""

import argparse
import asyncio
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import uvloop

from benchmarks import cores, upstream
from benchmarks.figures import percentile
from benchmarks.processes import (
    PYTHON,
    Process,
    cpu_seconds,
    resident_bytes,
    wait_for_line,
)
from benchmarks.servers.base import Stage
from benchmarks.servers.hub import Hub

LIMIT_MS = 100.0
PATIENCE_S = 300.0
MODEL = "ticker/clock"


@dataclass(slots=True)
class Column:
    """What came of one answer."""

    text: str = ""
    seq: int = -1
    gaps: int = 0
    delays_ms: list[float] = field(default_factory=list)
    ending: str = ""


def main() -> int:
    """Do it all, print what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sockets", description=__doc__)
    parser.add_argument("--sockets", type=int, default=60)
    parser.add_argument("--columns", type=int, default=5)
    parser.add_argument("--rate", type=float, default=50, help="tokens a second in each column")
    parser.add_argument("--seconds", type=float, default=15)
    options = parser.parse_args()
    tokens = int(options.rate * options.seconds)
    with tempfile.TemporaryDirectory(prefix="llmhub-bench-") as name:
        folder = Path(name)
        where = cores.assign()
        simulator, there = upstream.start(folder / "simulator.log", where.upstream)
        command = [
            PYTHON,
            "-m",
            "benchmarks.ticker",
            f"--rate={options.rate}",
            f"--tokens={tokens}",
        ]
        ticker = Process(command, log=folder / "ticker.log", cores=where.upstream)
        hub = Hub()
        try:
            port = wait_for_line(ticker, "listening on", 10).split()[-1]
            process, address = hub.start(Stage(where.server, folder, there, simulator))
            try:
                hub.data("upstream", "ticker", f"http://127.0.0.1:{port}/v1")
                session = str(hub.data("comparison", MODEL, "1")["session"])
                time.sleep(2)  # the running hub hears of what is new within a second
                pids = (process.pid, ticker.pid)
                began = [*map(cpu_seconds, pids), time.process_time()]
                work = _all(address.port, session, options.sockets, options.columns)
                columns, seconds = uvloop.run(work)
                process.check()
                ended = [*map(cpu_seconds, pids), time.process_time()]
                used = [(b - a) / seconds for a, b in zip(began, ended, strict=True)]
                print(
                    "hub {:.2f} cores, upstream {:.2f}, clients {:.2f};".format(*used),
                    f"the hub has {resident_bytes(process.pid) / 1e6:.0f} MB",
                )
            finally:
                process.stop()
        finally:
            ticker.stop()
            simulator.stop()
    return _conclude(columns, tokens)


async def _all(port: int, session: str, sockets: int, columns: int) -> tuple[list[Column], float]:
    headers = {"Origin": f"http://127.0.0.1:{port}", "Cookie": f"llmhub_session={session}"}
    started = time.monotonic()
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        asyncio.timeout(PATIENCE_S),
        aiohttp.ClientSession(headers=headers, connector=connector) as client,
    ):
        url = f"http://127.0.0.1:{port}/ws/playground/"
        pages = [_page(client, url, columns, number * 0.02) for number in range(sockets)]
        found = await asyncio.gather(*pages)
    return [column for page in found for column in page], time.monotonic() - started


async def _page(client: aiohttp.ClientSession, url: str, count: int, pause: float) -> list[Column]:
    await asyncio.sleep(pause)
    runs: dict[str, Column] = {}
    specs = [
        {"id": str(uuid.uuid4()), "model": MODEL, "system_prompt": "", "parameters": {}}
        for _ in range(count)
    ]
    async with client.ws_connect(url, max_msg_size=0, compress=0) as socket:
        run = {
            "type": "run",
            "request": str(uuid.uuid4()),
            "comparison": None,
            "parent": None,
            "prompt": "tick",
            "columns": specs,
        }
        await socket.send_str(orjson.dumps(run).decode())
        async for message in socket:
            now = time.monotonic_ns() // 1000
            for frame in orjson.loads(message.data):
                _take(runs, frame, now)
            if len(runs) == count and all(column.ending for column in runs.values()):
                return list(runs.values())
    raise SystemExit(f"the hub closed a socket: {socket.close_code}")


def _take(runs: dict[str, Column], frame: dict[str, Any], now: int) -> None:
    if frame["type"] == "refused":
        raise SystemExit(f"refused: {frame}")
    if "run" not in frame:
        return
    column = runs.setdefault(frame["run"], Column())
    column.gaps += frame["seq"] != column.seq + 1
    column.seq = frame["seq"]
    if frame["type"] == "delta":
        column.text += frame["text"]
        column.delays_ms += [(now - int(sent)) / 1000 for sent in frame["text"].split()]
    elif frame["type"] in {"finished", "error"}:
        column.ending = frame["status"]


def _conclude(columns: list[Column], tokens: int) -> int:
    delays = sorted(delay for column in columns for delay in column.delays_ms)
    p50, p95, p99 = (percentile(delays, share) for share in (0.5, 0.95, 0.99))
    print(
        f"{len(columns)} streams, {len(delays):,} tokens; from upstream chunk to socket "
        f"frame: p50 {p50:.0f}, p95 {p95:.0f}, p99 {p99:.0f}, longest {delays[-1]:.0f} ms"
    )
    wrong = [column for column in columns if not _is_whole(column, tokens)]
    endings = {column.ending for column in columns}
    print(f"{len(wrong)} streams with a token lost or out of order; endings: {endings}")
    return 1 if wrong or p99 > LIMIT_MS else 0


def _is_whole(column: Column, tokens: int) -> bool:
    times = [int(sent) for sent in column.text.split()]
    return not column.gaps and len(times) == tokens and times == sorted(times)


if __name__ == "__main__":
    sys.exit(main())
