"""`python -m benchmarks.ticker --rate 50`: an upstream whose tokens say when they left.

It answers chat completions as streams. Each token is the time of its sending, in microseconds of
the machine's monotonic clock, so whoever reads it knows how long it was on its way. Prints
`listening on PORT` when it is ready.
"""

import argparse
import asyncio
import time

import uvloop

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = '{"index":0,"delta":{},"finish_reason":"stop"}'


def chunk(choice: str) -> bytes:
    """One event in one piece of a chunked body."""
    event = (
        'data: {"id":"chatcmpl-tick","object":"chat.completion.chunk","created":1,"model":"ticker",'
        f'"choices":[{choice}]}}\n\n'
    ).encode()
    return b"%x\r\n%b\r\n" % (len(event), event)


class Upstream:
    """All streams of one rate."""

    def __init__(self, rate: float, tokens: int) -> None:
        self._pause = 1 / rate
        self._tokens = tokens

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request after the other."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length:")
                )
                await reader.readexactly(length)
                await self._stream(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        loop = asyncio.get_running_loop()
        due = loop.time()
        for _ in range(self._tokens):
            content = f'{{"content":"{time.monotonic_ns() // 1000} "}}'
            writer.write(chunk(f'{{"index":0,"delta":{content},"finish_reason":null}}'))
            due += self._pause
            await asyncio.sleep(max(0.0, due - loop.time()))
        done = b"data: [DONE]\n\n"
        writer.write(chunk(END) + b"%x\r\n%b\r\n0\r\n\r\n" % (len(done), done))
        await writer.drain()


async def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ticker", description=__doc__)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--tokens", type=int, default=500)
    options = parser.parse_args()
    upstream = Upstream(options.rate, options.tokens)
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0, backlog=1024)
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
