"""What the machine is asked and told, here and nowhere below: date, streams, colours, folders, processes."""

from __future__ import annotations

import argparse
import datetime
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlgate.errors import MlgateError

NOTHING_BLOCKS = 0
BLOCKS = 1
CANNOT_JUDGE = 2
INTERRUPTED = 130

EXIT_CODES = """\
exit codes:  0 nothing blocks · 1 something blocks · 2 mlgate could not judge · 130 interrupted
"""

if TYPE_CHECKING:
    from mlgate import report
    from mlgate.policy import Pins

    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]


def formats(given: Sequence[str]) -> list[tuple[str, str | None]]:
    """(format, file) pairs, one without file for stdout. Raises MlgateError for an unknown format or two on stdout."""
    from mlgate import report

    found: list[tuple[str, str | None]] = []
    for one in given or ["text"]:
        name, separator, file = one.partition("=")
        if name not in report.FORMATS:
            raise MlgateError(f"--format {name}: no such format; take one of {', '.join(report.FORMATS)}")
        if separator and not file:
            raise MlgateError(
                f"--format {one}: no file after '='; write {name}=FILE, or {name} alone for standard output"
            )
        found.append((name, file or None))
    if sum(file is None for _, file in found) > 1:
        raise MlgateError(
            "--format: only one report can go to standard output; give the others a file, e.g. sarif=mlgate.sarif"
        )
    return found


def stdin(options: argparse.Namespace) -> tuple[str, bytes] | None:
    if "-" not in options.paths:
        if options.stdin_filename:
            raise MlgateError("--stdin-filename: names what `-` reads; add - as the path")
        return None
    if options.paths != ["-"]:
        raise MlgateError("-: standard input is judged alone; leave the other paths out")
    if not options.stdin_filename:
        raise MlgateError("-: say what it is called, e.g. --stdin-filename notebook.ipynb")
    return options.stdin_filename, sys.stdin.buffer.read()


def here() -> Path:
    """The current folder. Raises MlgateError where it was deleted."""
    try:
        return Path.cwd()
    except OSError as error:
        raise MlgateError("the current folder is gone; change to one that exists") from error


def date(given: str | None) -> str:
    if given is None:
        return datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    try:
        return datetime.date.fromisoformat(given).isoformat()
    except ValueError as error:
        raise MlgateError(f"--as-of {given}: not a date; write YYYY-MM-DD") from error


def cache(*, wanted: bool = True) -> Path | None:
    """The user's cache folder, made where it is not there yet."""
    from mlgate import cache_folder

    place = cache_folder.find(dict(os.environ), make=True) if wanted else None
    return Path(place) if place else None


def pins() -> Pins:
    """How policies of other repositories are had."""
    from mlgate.policy import Pins

    return Pins(cache(), dict(os.environ), documents=cache())


def cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def root(options: argparse.Namespace) -> Path:
    from mlgate.git.processes import find_root

    return Path(options.repo or find_root(str(here())) or here())


def looks(options: argparse.Namespace) -> report.Options:
    """How reports look on the terminal at hand."""
    from mlgate import report

    return report.Options(
        width=shutil.get_terminal_size((80, 24)).columns or 80,
        colour=colour(options.color, os.environ),
        quiet=options.quiet,
        verbose=options.verbose,
        ascii=not can_encode(sys.stdout, "·…“"),
    )


def colour(choice: str, environment: Mapping[str, str]) -> bool:
    """`--color` first, then NO_COLOR and FORCE_COLOR, then whether a terminal is there. Source: no-color.org."""
    if choice != "auto":
        return choice == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and environment.get("TERM") != "dumb"


def can_encode(stream: object, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def write(text: str) -> None:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(text)
        return
    sys.stdout.flush()
    buffer.write(text.encode(encoding, "backslashreplace"))
    buffer.flush()


def write_file(file: Path, text: str) -> None:
    """`write_bytes` of a text as UTF-8."""
    write_bytes(file, text.encode("utf-8"))


def write_bytes(file: Path, data: bytes) -> None:
    """Whole or not at all: a file that was cut short must not look like a short file."""
    target = Path(os.path.realpath(file))
    beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    # A device or a pipe is written to; a file put in its place would take /dev/stdout from the machine.
    is_device = target.exists() and not target.is_file()
    try:
        (target if is_device else beside).write_bytes(data)
        if not is_device:
            if target.exists():
                shutil.copymode(target, beside)
            beside.replace(target)
    except OSError as error:
        if not is_device:
            beside.unlink(missing_ok=True)
        raise MlgateError(f"{file}: it cannot be written: {error.strerror}; check folder and permissions") from error


MIN_SECONDS = 0.1
"""Between two lines of progress: a terminal far away is not flooded."""


def progress(
    environment: Mapping[str, str], options: argparse.Namespace, things: str = "files", least: int = 50
) -> Callable[[int, int], None] | None:
    """A counter on a terminal, nothing in a pipe or a hook, nor for fewer than `least` things."""
    if options.quiet or environment.get("PRE_COMMIT") or not sys.stderr.isatty():
        return None
    start = time.monotonic()
    shown = start - MIN_SECONDS

    def show(done: int, total: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if total < least:
            return
        if done == total:
            sys.stderr.write("\r\x1b[K")
        elif now - shown >= MIN_SECONDS:
            shown = now
            sys.stderr.write(f"\r\x1b[K{so_far(done, total, now - start, things)}")
        sys.stderr.flush()

    return show


def so_far(done: int, total: int, seconds: float, things: str) -> str:
    """How much is done, how fast, and how long the rest takes at that pace: it begins with 1 done at least."""
    rate = done / max(seconds, 0.001)
    left = round((total - done) / rate)
    time_left = f"{left} s" if left < 100 else f"{round(left / 60)} min"
    pace = f"{rate:,.0f} a second" if rate >= 1 else f"{1 / rate:.0f} s each"
    return f"{done:,} of {total:,} {things}, {pace}, {time_left} left"
