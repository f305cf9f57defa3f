"""Runs a Python program that ends when the one who started it is gone: python guarded.py PROGRAM ARGUMENTS.

Standard input must be a pipe that the starter holds open and never writes to. The system closes it however the
starter ends, so a killed launcher or test run leaves no server behind. Runs under any Python, imports only this.
"""

import os
import runpy
import signal
import sys
import threading
import time

GRACE_SECONDS = 10


def end_with_starter():
    """Wait for the end of standard input, then end this process as Ctrl-C does, or by force."""
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(GRACE_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    # A shell starts background jobs with Ctrl-C ignored, and that is inherited.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=end_with_starter, daemon=True).start()
    program = os.path.abspath(sys.argv[1])
    sys.argv = sys.argv[1:]
    # As if Python had been given the program itself: its folder is on the path, this script's is not.
    sys.path[0] = os.path.dirname(program)
    runpy.run_path(program, run_name="__main__")
