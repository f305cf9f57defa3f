"""When a message may go out: soon, seldom, and the last one always."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable

A_SECOND = 10            # messages in any second
PAUSE = 0.125            # seconds between ordinary messages, so that urgent ones still find room in that second


def later(seconds: float, function: Callable[[], None]) -> None:
    """Call it once in a thread that exists until then."""
    timer = threading.Timer(seconds, function)
    timer.daemon = True
    timer.start()


class Pace:
    """Sends the latest state of each topic, at most ten in any second; its owner holds `lock` at every call.

    send       called with a topic, while the lock is held, so that no older state overtakes a newer one
    wanted     whether anybody hears it; what nobody wants is forgotten
    clock      seconds, ever growing
    later      calls a function after so many seconds, in another thread; used only while something is pending
    """

    def __init__(self, send: Callable[[str], None], wanted: Callable[[], bool], clock: Callable[[], float],
                 later: Callable[..., None], lock: threading.RLock) -> None:
        self._send, self._wanted, self._clock, self._later, self._lock = send, wanted, clock, later, lock
        self._pending: OrderedDict[str, None] = OrderedDict()
        self._sent: deque[float] = deque(maxlen=A_SECOND)
        self._timer = False

    def tell(self, topic: str, urgent: bool = False) -> None:
        """Send the topic's state now if that is allowed, and as soon as it is if not; what is urgent need not pause."""
        if not self._wanted():
            self._pending.clear()
            return
        self._pending[topic] = None
        if urgent:
            self._pending.move_to_end(topic, last=False)
        if urgent and self._wait(0.0) <= 0 or not self._timer and self._wait(PAUSE) <= 0:
            self._send_next()
        self._set_timer()

    def forget(self, topic: str) -> None:
        """Send no more of it."""
        self._pending.pop(topic, None)

    def _wait(self, pause: float) -> float:
        """Seconds until the next message may go out, that many after the last one at least."""
        if not self._sent:
            return 0.0
        now, full = self._clock(), len(self._sent) == A_SECOND
        return max(self._sent[-1] + pause - now, self._sent[0] + 1.0 - now if full else 0.0)

    def _send_next(self) -> None:
        topic, _ = self._pending.popitem(last=False)
        self._sent.append(self._clock())
        self._send(topic)

    def _set_timer(self) -> None:
        if self._pending and not self._timer:
            self._timer = True
            self._later(max(self._wait(PAUSE), 0.001), self._trail)

    def _trail(self) -> None:
        """Called by the timer: send what has waited."""
        with self._lock:
            self._timer = False
            if not self._wanted():
                self._pending.clear()
            if self._pending and self._wait(PAUSE) <= 0:
                self._send_next()
            self._set_timer()
