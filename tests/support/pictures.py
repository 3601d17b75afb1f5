"""Small pictures for tests."""

import struct
import zlib


def png(width: int, height: int) -> bytes:
    """A grey PNG of this size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + b"\x80" * width for _ in range(height))
    signature = b"\x89PNG\r\n\x1a\n"
    body = chunk(b"IDAT", zlib.compress(rows))
    return signature + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")
