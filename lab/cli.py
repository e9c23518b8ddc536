"""The commands. Whatever is heavy is imported by the command that needs it."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lab.errors import UsageError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code: 0, 1 (a claim contradicted), 2 (bad usage)."""
    parser = argparse.ArgumentParser(
        prog="gil-lab", description="Does this call release the GIL?"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser(
        "bench",
        help="race every kernel and judge the claims (needs a checkout)",
        epilog="Other options go to pytest: -k mandelbrot runs those experiments. "
        "THREADS=1,2,4 in the environment sets the numbers of threads.",
    )
    report = commands.add_parser("report", help="print the table of a kept run")
    report.add_argument("file", type=Path, help="such as results/latest.json")
    known, rest = parser.parse_known_args(arguments)
    if rest and known.command != "bench":
        parser.error(f"unknown arguments: {' '.join(rest)}")
    try:
        if known.command == "bench":
            from lab.bench import bench

            return bench(rest)
        return _report(known.file)
    except UsageError as error:
        print(f"gil-lab: {error}", file=sys.stderr)
        return 2


def _report(path: Path) -> int:
    from lab.renderers.console import console
    from lab.renderers.terminal import header, report
    from lab.results import load
    from lab.verdicts import contradicted

    try:
        run = load(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    out = console()
    header(run.machine, out)
    findings = report(run, out)
    return int(contradicted(findings))
