from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator

import pytest

from launcher.client import PromptRejected, finished
from launcher.events import EventStream


@pytest.fixture
def wire() -> Iterator[tuple[EventStream, socket.socket]]:
    """An event stream whose handshake is over, and the server's end of it."""
    ours, theirs = socket.socketpair()
    stream = EventStream.__new__(EventStream)
    stream.socket, stream.buffer = ours, bytearray()
    with ours, theirs:
        yield stream, theirs


def frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, size)
    elif size < 65536:
        head = struct.pack("!BBH", 0x80 | opcode, 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 127, size)
    return head + payload


@pytest.mark.parametrize("size", [1, 200, 70_000])
def test_events_of_every_size(wire: tuple[EventStream, socket.socket], size: int) -> None:
    stream, server = wire
    event = {"type": "progress", "data": {"text": "x" * size}}
    server.sendall(frame(1, json.dumps(event).encode()))
    assert stream.receive(5) == event


def test_pause_in_the_middle_of_a_frame_loses_nothing(wire: tuple[EventStream, socket.socket]) -> None:
    stream, server = wire
    data = frame(1, b'{"type": "executing", "data": {}}')
    server.sendall(data[:7])
    assert stream.receive(0.05) is None
    server.sendall(data[7:] + data)
    assert stream.receive(5) == stream.receive(5) == {"type": "executing", "data": {}}


def test_pictures_are_skipped_and_pings_answered(wire: tuple[EventStream, socket.socket]) -> None:
    stream, server = wire
    server.sendall(frame(2, b"\x00" * 300) + frame(9, b"hello") + frame(1, b'{"type": "status"}'))
    assert stream.receive(5) == {"type": "status"}
    head, mask, masked = server.recv(2), server.recv(4), server.recv(5)
    assert head == bytes([0x8A, 0x85]) and bytes(byte ^ mask[i % 4] for i, byte in enumerate(masked)) == b"hello"


def test_server_that_goes_away_is_a_connection_error(wire: tuple[EventStream, socket.socket]) -> None:
    stream, server = wire
    server.sendall(frame(8, b""))
    with pytest.raises(ConnectionError):
        stream.receive(5)


def test_history_tells_error_interrupt_and_cache() -> None:
    failed = finished("1", {"outputs": {}, "status": {"status_str": "error", "messages": [
        ["execution_cached", {"nodes": ["4", "5"]}],
        ["execution_error", {"node_type": "PrismPruneLatents", "exception_message": "keep is 9\n"}]]}})
    assert failed.status == "error" and failed.error == "PrismPruneLatents: keep is 9" and failed.cached == {"4", "5"}
    stopped = finished("2", {"status": {"status_str": "error", "messages": [["execution_interrupted", {}]]}})
    assert stopped.status == "interrupted" and stopped.error is None


def test_files_of_a_run() -> None:
    run = finished("1", {"status": {"status_str": "success"}, "outputs": {
        "8": {"images": [{"filename": "a.webp"}, {"filename": "b.webp"}], "animated": [True]}, "9": {"text": ["hi"]}}})
    assert [file["filename"] for file in run.files()] == ["a.webp", "b.webp"] and list(run.files("9")) == []


def test_refusal_names_node_and_input() -> None:
    refused = PromptRejected({"error": {"message": "Prompt outputs failed validation"}, "node_errors": {"7": {
        "class_type": "PrismPruneLatents", "errors": [{"message": "Value smaller than min", "details": "keep"}]}}})
    assert "node 7 (PrismPruneLatents): Value smaller than min keep" in str(refused)
    assert "no prompt" in str(PromptRejected({"error": {"message": "no prompt", "details": ""}}))
