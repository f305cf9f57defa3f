#!/usr/bin/env python3
"""PRISM from a bare checkout: python3 run.py demo | serve | test | shapes | bench | pictures. Needs nothing but Python and pip.

Kept in syntax that Python 3.6 reads, see launcher/python_version.py.
"""

import argparse
import pathlib
import signal
import sys

from launcher.python_version import complaint

DESCRIPTION = """\
PRISM: score video candidates while they are still noise, finish only the best.

The first run makes a Python environment in .venv and unpacks a ComfyUI into .comfyui (about 7 GB in all); later runs
start at once. Nothing outside this folder is written, apart from the package installer's own cache."""

COMFYUI_HELP = ("an existing ComfyUI to use instead of the launcher's own, with its own Python where one is found "
                "beside it; nothing is written into it")
PASSED_ON = {"test": "run_tests", "shapes": "run_shapes", "bench": "run_bench",
             "pictures": "run_pictures"}  # they read their own arguments


def parser():
    """The command line. Those commands that read their own arguments are listed for --help only."""
    top = argparse.ArgumentParser(prog="run.py", description=DESCRIPTION,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    commands.required = True
    demo = commands.add_parser("demo", help="run the bundled workflow and show what was kept, and why",
                               description="Runs workflows/prism_prune_shapes.json in a real ComfyUI and leaves clips, "
                                           "chart and summary.json in output/demo.")
    demo.add_argument("--comfyui", type=pathlib.Path, metavar="PATH", help=COMFYUI_HELP)
    demo.add_argument("--port", type=port, metavar="NUMBER", help="port on 127.0.0.1 (default: any free one)")
    serve = commands.add_parser("serve", help="start ComfyUI with PRISM and leave it running",
                                description="Starts ComfyUI with the PRISM nodes, the Shapes models and the example "
                                            "workflows, prints its address and runs until Ctrl-C.")
    serve.add_argument("--comfyui", type=pathlib.Path, metavar="PATH", help=COMFYUI_HELP)
    serve.add_argument("--port", type=port, metavar="NUMBER", default=8188,
                       help="port on 127.0.0.1 (default: %(default)s)")
    commands.add_parser("test", help="run the tests; arguments go to pytest",
                        usage="run.py test [pytest arguments]",
                        description="Runs every test with the environment's Python. All arguments go to pytest, for "
                                    "example: run.py test tests/core -k head")
    commands.add_parser("shapes", help="train and measure the Shapes models; arguments go to that program",
                        usage="run.py shapes COMMAND ... (run.py shapes --help lists them)")
    commands.add_parser("bench", help="measure what PRISM costs and saves",
                        usage="run.py bench live | page [--json FILE] (run.py bench live --help says more)")
    commands.add_parser("pictures", help="film the pictures of the help pages, the README and the templates anew",
                        usage="run.py pictures [NAME ...] (run.py pictures --help lists them)")
    return top


def port(text):
    """A port number as argparse wants it."""
    number = int(text)
    if not 1 <= number <= 65535:
        raise argparse.ArgumentTypeError("%d is not a port; ports are 1 to 65535" % number)
    return number


def run(arguments):
    """Carry out a command line; the exit code."""
    from launcher import commands
    command, rest = arguments[:1], arguments[1:]
    if command and command[0] in PASSED_ON and not (command == ["test"] and rest in (["-h"], ["--help"])):
        return getattr(commands, PASSED_ON[command[0]])(rest)
    chosen = parser().parse_args(arguments or ["--help"])
    return getattr(commands, "run_" + chosen.command)(chosen.comfyui, chosen.port)


def end(number, frame):
    """Treat a request to end like Ctrl-C, so that the server that was started is ended too."""
    raise KeyboardInterrupt("asked to end by signal %d" % number)


def main(arguments):
    """Run a command; errors that a person can mend are shown without a traceback."""
    problem = complaint(sys.version_info, installing=False)
    if problem:
        print(problem, file=sys.stderr)
        return 2
    from launcher.errors import LauncherError
    signal.signal(signal.SIGTERM, end)
    try:
        return run(arguments)
    except LauncherError as error:
        print("\n%s" % error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nEnded.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
