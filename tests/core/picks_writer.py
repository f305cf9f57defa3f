"""Records picks in processes that are killed, for test_picks_faults.py; started in a process of its own.

It imports the library once and forks, so that fifty writers take a second and not minutes. What it prints is JSON.
"""

from __future__ import annotations

import json
import os
import random
import resource
import select
import signal
import sys
import time

import torch

from prism_core.picks.errors import StoreFull
from prism_core.picks.pick import Pick
from prism_core.picks.store import PickStore

LIMIT = 10**9


def noisy(writer: int, number: int) -> torch.Tensor:
    """Latents that only this pick has, of several pages: a kill often falls into the middle of a record."""
    return torch.full((2, 6000), float(writer * 1000 + number))


def record(store: PickStore, writer: int, number: int) -> int:
    """One pick; its id."""
    return store.add(Pick("prune-step", f"{writer}-{number}", 5, 20, 0.9, shown=(0, 1), kept=(1,),
                          tensors={"noisy": noisy(writer, number)}))


def fork(path: str, writer: int, most: int) -> tuple[int, int]:
    """A process that records picks and says so after each; its id, and the pipe to read that from."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    try:
        store = PickStore(path, LIMIT)
        for number in range(most):
            os.write(writing, f"{record(store, writer, number)}\n".encode())
    finally:
        os._exit(0)


def told(pipe: int) -> list[int]:
    """Ids in the order in which they were said to be recorded, once the writer is gone."""
    with os.fdopen(pipe) as lines:
        return [int(line) for line in lines if line.endswith("\n")]


def kills(path: str, rounds: int, seed: int) -> dict:
    """Kill that many writers at random moments, each after at least its first record in every other round."""
    moments, said = random.Random(seed), []
    for writer in range(rounds):
        pid, pipe = fork(path, writer, 1000)
        if writer % 2:
            select.select([pipe], [], [], 20)
        time.sleep(moments.uniform(0, 0.02))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        said.append(told(pipe))
    return {"said": said}


def births(folder: str, rounds: int, seed: int) -> dict:
    """Kill writers while they make a store, each one of its own; then record a pick in each of these."""
    moments, said = random.Random(seed), []
    for writer in range(rounds):
        path = os.path.join(folder, f"{writer}.sqlite3")
        pid, pipe = fork(path, writer, 2)
        time.sleep(moments.uniform(0, 0.01))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        said.append([*told(pipe), record(PickStore(path, LIMIT), writer, 2)])
    return {"said": said}


def together(path: str, most: int) -> dict:
    """Two writers at once, from the making of the store on."""
    writers = [fork(path, writer, most) for writer in range(2)]
    said = [told(pipe) for _, pipe in writers]
    for pid, _ in writers:
        os.waitpid(pid, 0)
    return {"said": said}


def full(path: str, room: int) -> dict:
    """Record until files may not grow any further, as on a full disk; `room` in bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    store, said = PickStore(path, LIMIT), []
    try:
        while True:
            said.append(record(store, 0, len(said)))
    except StoreFull as error:
        return {"said": [said], "error": str(error), "readable": sum(1 for _ in store.picks())}


if __name__ == "__main__":
    torch.set_num_threads(1)
    command, path, *numbers = sys.argv[1:]
    sys.stdout.write(json.dumps(globals()[command](path, *map(int, numbers))))
