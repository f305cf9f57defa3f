"""The server's event stream: the receiving half of a websocket (RFC 6455), as much of it as ComfyUI uses."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
from types import TracebackType
from typing import Any

from .errors import LauncherError

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class EventStream:
    """JSON events of one client. Binary frames (preview pictures) are skipped."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self.socket = socket.create_connection((host, port), timeout=30)
        self.buffer = bytearray()
        self.shake_hands(f"{host}:{port}", path)

    def __enter__(self) -> EventStream:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.socket.close()

    def shake_hands(self, host: str, path: str) -> None:
        """Turn the HTTP connection into a websocket."""
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.buffer:
            self.fill()
        head, _, rest = bytes(self.buffer).partition(b"\r\n\r\n")
        self.buffer = bytearray(rest)
        if b" 101 " not in head.split(b"\r\n", 1)[0]:
            raise LauncherError(f"The server refused its event stream: {head[:100].decode(errors='replace')}")

    def receive(self, timeout: float) -> dict[str, Any] | None:
        """The next event, or None if `timeout` seconds pass without one. ConnectionError once the server is gone."""
        self.socket.settimeout(timeout)
        try:
            while True:
                opcode, payload = self.frame()
                if opcode == TEXT:
                    return json.loads(payload)
                if opcode == PING:
                    self.send(PONG, payload)
                if opcode == CLOSE:
                    raise ConnectionError("the server closed the event stream")
        except TimeoutError:
            return None

    def frame(self) -> tuple[int, bytes]:
        """One whole frame. A timeout in the middle loses nothing: what has come stays in the buffer."""
        self.need(2)
        opcode, size, start = self.buffer[0] & 0x0F, self.buffer[1] & 0x7F, 2
        if size >= 126:
            start = 4 if size == 126 else 10
            self.need(start)
            size = int.from_bytes(self.buffer[2:start], "big")
        self.need(start + size)
        payload = bytes(self.buffer[start:start + size])
        del self.buffer[:start + size]
        return opcode, payload

    def need(self, count: int) -> None:
        """Read until the buffer holds `count` bytes."""
        while len(self.buffer) < count:
            self.fill()

    def fill(self) -> None:
        """Read whatever has come, at least one byte."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the server closed the event stream")
        self.buffer += data

    def send(self, opcode: int, payload: bytes) -> None:
        """Send a short frame; a client's frames must be masked."""
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self.socket.sendall(struct.pack("!BB", 0x80 | opcode, 0x80 | len(payload)) + mask + masked)
