"""Draws the demo's candidates with their scores. Run by the demo with the Python that has Pillow.

Reads JSON from standard input: {"clips": [[frame file, ...], ...], "scores": [...], "kept": [...], "quality": [...],
"prompt": text, "step": number, "file": where to save}.
"""

from __future__ import annotations

import json
import sys

SCALE, GAP, MARGIN, LABEL = 2, 6, 16, 40
INK, FAINT, PAPER = (28, 28, 32), (110, 110, 118), (250, 250, 248)


def main() -> None:
    sys.path.pop(0)  # beside this script lie modules with the names of common packages
    from PIL import Image, ImageDraw, ImageFont

    task = json.load(sys.stdin)
    strips = [_strip(Image, clip) for clip in task["clips"]]
    width, height = strips[0].size
    columns = 2
    rows = -(-len(strips) // columns)
    size = (MARGIN + columns * (width + MARGIN), 44 + rows * (height + LABEL))
    sheet = Image.new("RGB", size, PAPER)
    draw, font, small = ImageDraw.Draw(sheet), ImageFont.load_default(16), ImageFont.load_default(13)
    draw.text((MARGIN, 12), f'"{task["prompt"]}", scored after step {task["step"]}', INK, font)
    for row, strip in enumerate(strips):
        x, y = MARGIN + row % columns * (width + MARGIN), 44 + row // columns * (height + LABEL)
        kept = row in task["kept"]
        sheet.paste(strip if kept else Image.blend(strip, Image.new("RGB", strip.size, PAPER), 0.55), (x, y))
        if kept:
            draw.rectangle((x - 3, y - 3, x + width + 2, y + height + 2), outline=INK, width=2)
        outcome = "KEPT" if kept else "dropped"
        text = f'{outcome}   score {task["scores"][row]:+.2f}   turned out {task["quality"][row]:.2f}'
        draw.text((x, y + height + 5), text, INK if kept else FAINT, small)
    sheet.save(task["file"])


def _strip(image: object, files: list[str]) -> object:
    """First, middle and last frame side by side, enlarged."""
    frames = [image.open(files[i]).convert("RGB") for i in (0, len(files) // 2, len(files) - 1)]
    frames = [frame.resize((frame.width * SCALE, frame.height * SCALE), image.NEAREST) for frame in frames]
    width, height = frames[0].size
    strip = image.new("RGB", (3 * width + 2 * GAP, height), PAPER)
    for i, frame in enumerate(frames):
        strip.paste(frame, (i * (width + GAP), 0))
    return strip


if __name__ == "__main__":
    main()
