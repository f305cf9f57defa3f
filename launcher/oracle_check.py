"""Judges finished clips with the exact oracle of Shapes. Run by the demo with the Python that has torch.

Reads JSON {"prompt": text, "clips": [[frame file, ...], ...]} from standard input and writes a list with one quality
in [0, 1] for each clip to standard output.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    # Only the repository itself: beside this script lie modules with the names of common packages.
    sys.path[0] = str(ROOT)
    import numpy
    import torch
    from PIL import Image

    from prism_core.shapes.oracle import judge

    task = json.load(sys.stdin)
    clips = [[numpy.asarray(Image.open(frame).convert("RGB")) for frame in clip] for clip in task["clips"]]
    frames = torch.from_numpy(numpy.array(clips)).float() / 255
    json.dump(judge(frames, task["prompt"]).overall.tolist(), sys.stdout)


if __name__ == "__main__":
    main()
