"""`run.py pictures`: makes the pictures of the help pages, the README and the templates anew."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from launcher import layout
from launcher.errors import LauncherError
from recorder.scenes import PICTURES
from recorder.studio import open_studio


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the pictures that are named, or all; the exit code says whether all could be made."""
    parser = argparse.ArgumentParser(
        prog="run.py pictures", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Runs the Shapes model in a real ComfyUI, works on its page in Chromium as a person does, and\n"
                    "films it. Without names all pictures are made, which takes some minutes.",
        epilog="names:\n  " + "\n  ".join(PICTURES))
    parser.add_argument("names", nargs="*", choices=[[], *PICTURES], metavar="NAME", help="a picture, see below")
    names = parser.parse_args(arguments).names or [*PICTURES]
    failed: list[str] = []
    try:
        with open_studio() as studio:
            for name in names:
                print(f"{name} ...", flush=True)
                try:
                    file = PICTURES[name](studio)
                    print(f"    {file.relative_to(layout.ROOT)}, {file.stat().st_size:,} bytes", flush=True)
                except Exception as problem:  # the others can still be made
                    failed.append(name)
                    print(f"{name} failed: {type(problem).__name__}: {problem}", file=sys.stderr)
    except LauncherError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print(f"Not made: {', '.join(failed)}" if failed else "All made.")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
