"""The page's own modules in Node, without a browser, and a made-up run for those of the chart."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from launcher import layout

CHART = layout.ROOT / "web" / "prism" / "chart"
MODULES = ("readout", "schedule", "curves", "words", "details", "pace", "joint", "suggest")
CURVES = {"candidates": 4, "sigmas": [1.0, 0.9, 0.6, 0.3, 0.0], "share": 0.5, "depth": 0.4, "cost": None,
          "watches": [{"step": 1, "rows": [0, 1, 2, 3], "scores": [0.1, 0.9, 0.5, 0.5]},
                      {"step": 2, "rows": [1, 2, 3], "scores": [0.2, 0.4, 0.9]}],
          "retention": [None, [[0.5, 0.4, 0.6], [0.7, 0.6, 0.8], [0.9, 0.8, 1.0]], None, None, None],
          "accuracy": [None, [0.7, 0.65, 0.75], None, None, None], "correlation": [None, [0.55] * 3, None, None, None],
          "loras": [], "pace": None}
COST = {"seconds": 30.0, "spent": 14.0, "probes": 1.0, "plain": 16.0}
PACE = {"setup": 4.0, "calls": [[1, 2, 3.0], [4, 1, 6.0]], "probes": [[4, 2.0]]}
KNOBS = {"candidates": 4, "pruneStep": 1, "keep": 1, "schedule": "", "policy": "top-k", "settable": True}


def evaluate(expression: str, value: Any = None) -> Any:
    """What JavaScript makes of a value, with the page's modules at hand."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node on this machine (Debian: apt install nodejs)")
    modules = "\n".join(f'import * as {name} from "{(CHART / f"{name}.mjs").as_uri()}";' for name in MODULES)
    script = f"{modules}\nconst value = {json.dumps(value)};\nconsole.log(JSON.stringify({expression}));"
    done = subprocess.run([node, "--input-type=module", "-"], input=script, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
