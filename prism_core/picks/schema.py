"""The tables of the store, and whether a file has them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from .errors import StoreError

VERSION = 2
APPLICATION = 0x5052534D    # "PRSM", so that a store is known from other databases

# Numbers are never given twice, not even after everything was deleted: something may still hold one.
TABLES = {
    "blobs": "sha256 TEXT PRIMARY KEY, bytes BLOB NOT NULL",
    "picks": "id INTEGER PRIMARY KEY AUTOINCREMENT, facts TEXT NOT NULL, workflow TEXT NOT NULL REFERENCES blobs",
    "finished": "id INTEGER PRIMARY KEY AUTOINCREMENT, pick INTEGER NOT NULL REFERENCES picks, time REAL NOT NULL",
    "pick_tensors": "pick INTEGER NOT NULL REFERENCES picks, name TEXT NOT NULL, blob TEXT NOT NULL REFERENCES blobs, "
                    "PRIMARY KEY (pick, name)",
    "finished_tensors": "finished INTEGER NOT NULL REFERENCES finished, name TEXT NOT NULL, "
                        "blob TEXT NOT NULL REFERENCES blobs, PRIMARY KEY (finished, name)",
    "trials": "pick INTEGER PRIMARY KEY REFERENCES picks, head TEXT NOT NULL, candidates INTEGER NOT NULL, "
              "kept INTEGER NOT NULL",
}
CAME = {2: ("trials",)}    # tables by the version that brought them
KEYS = {"picks": ("id",), "finished": ("id",), "blobs": ("sha256",), "pick_tensors": ("pick", "name"),
        "finished_tensors": ("finished", "name"), "trials": ("pick",)}
CHILDREN_FIRST = ("trials", "finished_tensors", "pick_tensors", "finished", "picks", "blobs")


def check(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the file is a store of this version; False where it is empty or older, and `create` is to make it one.

    Within a transaction of the caller's.

    Raises:
        StoreError: another kind of database, or the store of a newer version. It is left as it is.
    """
    application, version = (connection.execute(f"PRAGMA {name}").fetchone()[0]
                            for name in ("application_id", "user_version"))
    if application == 0 and version == 0 and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        return False
    if application != APPLICATION:
        raise StoreError(f"{path} is a database of another program, not a store of picks. Move it to another folder.")
    if version > VERSION:
        raise StoreError(
            f"{path} was written by a newer PRISM (store version {version}; this one reads {VERSION}). Update PRISM, or "
            "move that file to another folder to begin a new store. It was left as it is.")
    return version == VERSION


def create(connection: sqlite3.Connection) -> None:
    """Make the tables that an empty file, or the store of an older version, lacks; within a transaction of the caller's.

    What is recorded stays as it is: versions have only ever added tables.
    """
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = list(TABLES) if version == 0 else [name for came in range(version + 1, VERSION + 1) for name in CAME[came]]
    for name in tables:
        connection.execute(f"CREATE TABLE {name} ({TABLES[name]})")
    protect(connection, tables)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def protect(connection: sqlite3.Connection, tables: Iterable[str] = TABLES) -> None:
    """Let records of these tables only be added: no statement changes, removes or replaces one."""
    for name in tables:
        for act in ("UPDATE", "DELETE"):
            connection.execute(f"CREATE TRIGGER {name}_no_{act.lower()} BEFORE {act} ON {name} "
                               "BEGIN SELECT RAISE(ABORT, 'records are only added'); END")
        # INSERT OR REPLACE would remove a record without the triggers above
        same = " AND ".join(f"{column} = NEW.{column}" for column in KEYS[name])
        connection.execute(f"CREATE TRIGGER {name}_no_replace BEFORE INSERT ON {name} "
                           f"WHEN EXISTS (SELECT 1 FROM {name} WHERE {same}) "
                           "BEGIN SELECT RAISE(ABORT, 'records are only added'); END")


def empty(connection: sqlite3.Connection) -> None:
    """Remove every record; within a transaction of the caller's."""
    triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in triggers:
        connection.execute(f'DROP TRIGGER "{name}"')
    for name in CHILDREN_FIRST:
        connection.execute(f"DELETE FROM {name}")
    protect(connection)
