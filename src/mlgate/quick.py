"""The path of a clean commit: bytes in, the screen from the cache, exit code out; at the first doubt, `cli`."""

from __future__ import annotations

import os
import sys

from mlgate.screen_key import content, screen_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SAYS_NOTHING = ("-q", "--quiet", "-v", "--verbose", "--no-cache")
MAX_COMPARED = 4
"""Most files that are compared with what the base has, each by a process of git."""


def main() -> int:
    """Exit code of `mlgate`; see `cli`."""
    try:
        if is_clean(sys.argv[1:], os.environ):
            return 0
        import gc

        # To start makes many objects and no circles: to look for them every 700 takes a thirtieth of a short run.
        gc.set_threshold(50_000)
        from mlgate.cli import main as whole

        return whole()
    except KeyboardInterrupt:
        sys.stderr.write("mlgate: interrupted\n")
        return 130


def is_clean(arguments: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether this is a silent check of Python files that cannot have a finding. False is any doubt."""
    asked = _asked(arguments, environment)
    if asked is None:
        return False
    policy, base, paths = asked
    try:
        folder = os.getcwd()
    except OSError:
        return False
    root = _root(folder)
    if root is None:
        return False
    screen = _screen(root, policy, environment)
    if screen is None:
        return False
    from mlgate.reexports import Reexports
    from mlgate.screen import admits_python

    modules = Reexports(lambda path: content(os.path.join(root, path)), screen)
    places: dict[str, bytes] = {}
    for path in paths:
        if not path.endswith(".py") or os.path.islink(path):
            return False
        data = content(path)
        place = os.path.relpath(os.path.join(folder, path), root).replace(os.sep, "/")
        if data is None or place.startswith("../") or admits_python(data, screen, place, modules):
            return False
        places[place] = data
    return not base or _stands_alone(root, environment, base, places)


def _asked(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[str, str, list[str]] | None:
    """(policy, base, paths) of a check that prints nothing when nothing is found."""
    if not arguments or arguments[0] != "check":
        return None
    quiet = bool(environment.get("PRE_COMMIT"))
    policy = base = ""
    paths: list[str] = []
    rest = iter(arguments[1:])
    for argument in rest:
        name, separator, value = argument.partition("=")
        if argument == "--":
            paths.extend(rest)
        elif argument in _SAYS_NOTHING:
            quiet = quiet or argument in ("-q", "--quiet")
        elif name in ("--policy", "--base", "--color"):
            value = value if separator else next(rest, "")
            if not value or (name == "--color" and value not in ("auto", "always", "never")):
                return None
            policy, base = (value if name == "--policy" else policy), (value if name == "--base" else base)
        elif argument.startswith("-"):
            return None
        else:
            paths.append(argument)
    if not paths or not quiet:
        return None
    from mlgate.ci import is_ci

    if is_ci(environment):
        return None
    return policy, base, paths


def _root(folder: str) -> str | None:
    while not os.path.lexists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return folder


def _stands_alone(root: str, environment: Mapping[str, str], base: str, files: Mapping[str, bytes]) -> bool:
    """Whether `files`, by place, are all that differs from the base, and nobody asks them for what they changed.

    Else a file that nobody touched may be judged differently. A base that is not there is an error all the same.
    """
    from mlgate.git.processes import is_committing, spawn

    commit: tuple[str, ...] = ("--merge-base", base)
    if base == "auto":
        if environment.get("PRE_COMMIT_FROM_REF"):
            return False
        if not is_committing(root, environment):
            return True
        commit = ("HEAD",)
    elif base.startswith("-"):
        return False
    printed = spawn(root, environment, "diff-index", "--name-only", "--no-renames", "-z", *commit, "--")
    if printed is None:
        return False
    changed = set(os.fsdecode(printed).split("\0")) - {""}
    if not changed <= files.keys():
        return False
    names = set()
    for place in changed:
        # A process of git for each file: where there are many, asking who mentions them is cheaper.
        was = None
        if base == "auto" and len(changed) <= MAX_COMPARED:
            was = spawn(root, environment, "cat-file", "blob", f"HEAD:{place}")
        if was is None or outline(was) is None or outline(was) != outline(files[place]):
            stem = place.rpartition("/")[2].removesuffix(".py")
            names.add(place.split("/")[-2] if stem == "__init__" and "/" in place else stem)
    if not names:
        return True
    wanted = [part for name in sorted(names) for part in ("-e", name)]
    options = ("-F", "-w", "-l", "-z", "--no-color", "--no-textconv", "--no-recurse-submodules")
    found = spawn(root, environment, "grep", *options, *wanted, "--", fine=(0, 1))
    return found is not None and set(os.fsdecode(found).split("\0")) - {""} <= changed


def outline(data: bytes) -> list[bytes] | None:
    """The lines of a module that can bind a name for others: all but comments and the bodies of functions and classes.

    None where lines do not tell.
    """
    data = data.replace(b"\r\n", b"\n")
    if b"\r" in data or b"\f" in data or b"global" in data:
        return None
    kept = []
    is_body = False
    for line in data.split(b"\n"):
        if not line.strip() or line.startswith(b"#") or (is_body and line[:1] in b" \t)"):
            continue
        is_body = line.startswith((b"def ", b"async def ", b"class "))
        if is_body:
            line = line.partition(b"(")[0].partition(b":")[0]
        elif b"=" in line and (b'"""' in line or b"'''" in line or line.endswith(b"\\")):
            return None
        kept.append(line)
    return kept


def _screen(root: str, policy: str, environment: Mapping[str, str]) -> Mapping[str, object] | None:
    from mlgate import cache_folder

    place = cache_folder.find(environment)
    key = screen_key(root, policy)
    if place is None or key is None:
        return None
    data = content(os.path.join(place, f"screen-{key}.json"))
    if data is None:
        return None
    import json

    from mlgate.screen import ready

    try:
        return ready(json.loads(data))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


if __name__ == "__main__":
    sys.exit(main())
