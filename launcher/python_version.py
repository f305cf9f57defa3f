"""Which Pythons can run the launcher and install the pinned torch.

Kept in syntax that Python 3.6 reads (no future annotations): an interpreter that is too old must get
as far as the sentence that says so.
"""

import os
import shutil
import subprocess
import sys

TORCH = "2.11.0"  # as pinned in requirements/run.in; a test compares the two
OLDEST = (3, 10)
NEWEST = (3, 14)


def complaint(version, installing):
    """Why `version` (a tuple such as sys.version_info) cannot be used, or None if it can.

    A Python that is too new matters only when torch has to be installed.
    """
    found = ".".join(str(part) for part in version[:3])
    if tuple(version[:2]) < OLDEST:
        reason = "is too old: PRISM needs Python %d.%d or newer" % OLDEST
    elif installing and tuple(version[:2]) > NEWEST:
        reason = "is too new: torch %s has no build for it yet" % TORCH
    else:
        return None
    return "Python %s (%s) %s.\n%s" % (found, sys.executable, reason, remedy())


def platform_complaint(system, machine, pointer_bits):
    """Why torch cannot be installed on this machine, or None. Arguments as `platform` and `struct` give them."""
    if pointer_bits != 64:
        found = "a %d-bit Python" % pointer_bits
        advice = "Install a 64-bit Python."
    elif system == "Darwin" and machine == "x86_64":
        found = "Python for Intel Macs"
        advice = ("On Apple silicon install the arm64 Python; on an Intel Mac use an existing ComfyUI: "
                  "python3 run.py demo --comfyui PATH")
    else:
        return None
    return "This is %s, and torch %s has no build for it.\n%s" % (found, TORCH, advice)


def remedy():
    """How to start with a Python that works, naming one that is already installed if there is one."""
    for minor in range(NEWEST[1] - 1, OLDEST[1] - 1, -1):
        name = "python3.%d" % minor
        # Version managers put a command in the path for every version, whether it can be used here or not.
        if shutil.which(name) and subprocess.call([name, "--version"], stdout=subprocess.DEVNULL,
                                                  stderr=subprocess.DEVNULL) == 0:
            return "%s is installed here; use it:  %s run.py ..." % (name, name)
    start = "py -3.12 run.py ..." if os.name == "nt" else "python3.12 run.py ..."
    return "Install Python %d.%d to %d.%d and start with it, for example:  %s" % (OLDEST + NEWEST + (start,))
