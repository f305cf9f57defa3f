"""The store of picks: one SQLite file that only grows.

A record is in the file as a whole or not at all, whatever kills the process; several processes take turns. Every
operation opens a connection of its own, so that threads share nothing and no file stays open.
"""

from __future__ import annotations

import os
import sqlite3
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from torch import Tensor

from . import blobs, schema
from .errors import StoreBusy, StoreError, StoreFull, explained
from .pick import Pick, as_json, read

PATIENCE = 15.0          # seconds to wait for another process
PAGE = 64                # picks that are read at a time
LOG_BYTES = 64 << 20     # of the write-ahead log, once it is written back


class PickStore:
    """Picks in a file at `path`, made when the first one comes; `limit_bytes` is how large it may become."""

    def __init__(self, path: Path | str, limit_bytes: int) -> None:
        self.path, self.limit_bytes = Path(path), limit_bytes

    # Writing

    def add(self, pick: Pick) -> int:
        """Record a pick with its tensors; the id by which the store knows it.

        Raises:
            StoreFull: the limit is reached, or the disk is full. Nothing is recorded, nothing is lost.
            StoreError: the file cannot be used.
        """
        facts, workflow = pick.facts(), as_json(pick.workflow).encode()
        tensors = {name: blobs.packed(tensor) for name, tensor in pick.tensors.items()}
        with self._writing(len(workflow) + sum(map(len, tensors.values()))) as connection:
            row = connection.execute("INSERT INTO picks (facts, workflow) VALUES (?, ?)",
                                     (facts, blobs.put(connection, workflow)))
            for name, data in tensors.items():
                connection.execute("INSERT INTO pick_tensors VALUES (?, ?, ?)",
                                   (row.lastrowid, name, blobs.put(connection, data)))
            if pick.kind == "trial":
                connection.execute("INSERT INTO trials VALUES (?, ?, ?, ?)",
                                   (row.lastrowid, _judge(pick.head), len(pick.shown), len(pick.verdict)))
            return row.lastrowid

    def finish(self, pick_id: int, tensors: Mapping[str, Tensor]) -> None:
        """Record what came of a pick later, such as "finished" (K, ...), the latents of the kept.

        Raises:
            ValueError: no such pick. StoreError, StoreFull: as for `add`.
        """
        packed = {name: blobs.packed(tensor) for name, tensor in tensors.items()}
        with self._writing(sum(map(len, packed.values()))) as connection:
            if connection.execute("SELECT 1 FROM picks WHERE id = ?", (pick_id,)).fetchone() is None:
                raise ValueError(f"There is no pick {pick_id} in {self.path}; it may have been deleted meanwhile.")
            row = connection.execute("INSERT INTO finished (pick, time) VALUES (?, ?)", (pick_id, time.time()))
            for name, data in packed.items():
                connection.execute("INSERT INTO finished_tensors VALUES (?, ?, ?)",
                                   (row.lastrowid, name, blobs.put(connection, data)))

    def delete_everything(self) -> None:
        """Remove every record: only ever the person's own act.

        Raises:
            StoreBusy: another program has the file in use.
        """
        if not self.path.exists():
            return
        try:
            with self._connected() as connection:
                with _transaction(connection, "EXCLUSIVE"):
                    schema.empty(connection)
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except StoreBusy:
            raise
        except StoreError:    # a damaged file, one of a newer version, or a disk too full to write to
            for ending in ("-wal", "-shm", ""):
                with suppress(FileNotFoundError):
                    os.unlink(f"{self.path}{ending}")

    # Reading

    @property
    def count(self) -> int:
        """How many picks there are."""
        if not self.path.exists():
            return 0
        with self._connected() as connection:
            return connection.execute("SELECT count(*) FROM picks").fetchone()[0]

    @property
    def size_bytes(self) -> int:
        """What the store holds, in bytes; its log takes a little more until it is written back."""
        if not self.path.exists():
            return 0
        with self._connected() as connection:
            return _size(connection)

    def picks(self) -> Iterator[Pick]:
        """Every pick, the oldest first, without tensors. Some may be added meanwhile."""
        last = 0
        while self.path.exists():
            with self._connected() as connection:
                rows = connection.execute("SELECT id, facts, workflow FROM picks WHERE id > ? ORDER BY id LIMIT ?",
                                          (last, PAGE)).fetchall()
                found = [read(facts, blobs.get(connection, workflow).decode(), id) for id, facts, workflow in rows]
            if not found:
                return
            yield from found
            last = rows[-1][0]

    def trials(self, head: Mapping[str, Any] | None, candidates: int, kept: int) -> list[Pick]:
        """The blind trials of a head with so many clips of which it keeps so many, the oldest first, without tensors."""
        return self._trials("head = ? AND candidates = ? AND trials.kept = ?", _judge(head), candidates, kept)

    def rankings(self, candidates: int) -> list[Pick]:
        """The blind trials of so many clips with whatever head, the oldest first, without tensors."""
        return self._trials("candidates = ?", candidates)

    def _trials(self, which: str, *values: Any) -> list[Pick]:
        if not self.path.exists():
            return []
        with self._connected() as connection:
            rows = connection.execute(
                f"SELECT id, facts FROM trials JOIN picks ON id = pick WHERE {which} ORDER BY id", values).fetchall()
            return [read(facts, "{}", id) for id, facts in rows]

    def tensors(self, pick: Pick | int) -> dict[str, Tensor]:
        """The tensors of a pick, and the latest of what was recorded of it later, by name.

        Raises:
            StoreError: they are damaged.
        """
        id = pick if isinstance(pick, int) else pick.id
        with self._connected() as connection:
            names = connection.execute(
                "SELECT name, blob FROM pick_tensors WHERE pick = ?1 UNION ALL SELECT * FROM (SELECT name, blob FROM "
                "finished_tensors JOIN finished ON finished.id = finished WHERE pick = ?1 ORDER BY finished)",
                (id,)).fetchall()
            return {name: blobs.unpacked(blobs.get(connection, blob)) for name, blob in names}

    def export(self, path: Path | str) -> None:
        """Write the whole store as one file that stands by itself, in place of what may be there.

        Raises:
            StoreError: the file cannot be written, or the store cannot be read.
        """
        part = Path(f"{path}.{uuid.uuid4().hex}.part")
        try:
            with self._connected() as connection:
                connection.execute("VACUUM INTO ?", (str(part),))
            with _closed(sqlite3.connect(part)) as copy:
                copy.execute("PRAGMA journal_mode = DELETE")    # no log beside it, even to read
            os.replace(part, path)
        finally:
            with suppress(FileNotFoundError):
                part.unlink()

    # Connections

    @contextmanager
    def _writing(self, size: int) -> Iterator[sqlite3.Connection]:
        """One transaction that adds about so many bytes."""
        with self._connected() as connection, _transaction(connection, "IMMEDIATE"):
            held = _size(connection)
            if held + size > self.limit_bytes:
                raise StoreFull(
                    f"This pick was not recorded: with it, the recorded picks would take {(held + size) / 1e6:.0f} MB, "
                    f"and {self.limit_bytes / 1e6:.0f} MB are allowed. Raise the limit, or export and delete them, in "
                    "PRISM's settings.")
            yield connection

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """A connection to a store that is there and that this version can read."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _closed(self._open()) as connection:
                with _transaction(connection, "DEFERRED"):    # one moment of a file that another process may be making
                    ready = schema.check(connection, self.path)
                if not ready:
                    self._create(connection)
                yield connection
        except sqlite3.Error as error:
            raise explained(error, self.path) from error
        except OSError as error:
            raise StoreError(f"The folder of {self.path} cannot be used: {error}. Check its permissions.") from error

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "recursive_triggers = ON",
                       f"journal_size_limit = {LOG_BYTES}"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _create(self, connection: sqlite3.Connection) -> None:
        """Make the tables, unless another process was quicker."""
        _patiently(connection, "PRAGMA journal_mode = WAL")
        with _transaction(connection, "IMMEDIATE"):
            if not schema.check(connection, self.path):
                schema.create(connection)


def _judge(head: Mapping[str, Any] | None) -> str:
    """By what a head is known: its file's hash, or its name where that is not known."""
    return str((head or {}).get("sha256") or (head or {}).get("name") or "")


@contextmanager
def _closed(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _transaction(connection: sqlite3.Connection, kind: str) -> Iterator[None]:
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:    # SQLite has rolled back by itself where the disk was full
            connection.execute("ROLLBACK")
        raise


def _patiently(connection: sqlite3.Connection, statement: str) -> None:
    """Execute what SQLite gives up at once when another process does the same."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _size(connection: sqlite3.Connection) -> int:
    pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return pages * size
