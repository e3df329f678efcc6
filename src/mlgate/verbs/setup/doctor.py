"""`mlgate doctor`: whether enforcement is really on, and what of it nobody can see from here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum

from msgspec import Struct

from mlgate import __version__, codeowners
from mlgate.governance.enforcement import HOOKS, hook_parts
from mlgate.model import Level
from mlgate.policy import Loaded
from mlgate.policy.sources import FILE, FOLDER
from mlgate.regex import regex
from mlgate.report.columns import wrap
from mlgate.report.look import Look, look_of
from mlgate.report.options import Options
from mlgate.yaml_strict import YamlProblem, read_foreign

Read = Callable[[str], bytes | None]

_RELEASE = regex(r"v?\d+(\.\d+)*([a-z0-9.+-]*)?|[0-9a-f]{40}")


class State(str, Enum):
    OK = "ok"
    MISSING = "missing"
    UNKNOWN = "unseen"
    """Nothing that mlgate can read says it."""


class Finding(Struct, frozen=True):
    """One thing that was looked at."""

    state: State
    what: str
    do: str = ""
    """What to do, beginning with a verb; empty where nothing is to be done."""


class Machine(Struct, frozen=True):
    """What only this clone can say."""

    hooks: Mapping[str, str]
    """Text of the hooks that git runs here, by name; without those that are not there."""
    hooks_folder: str
    attributes: Mapping[str, str]
    """Attributes of a notebook, as `git check-attr` says them: {"diff": "unset"}."""
    repository: str | None
    """`owner/name`."""
    branch: str
    """The branch that pull requests go into."""
    has_pin: Callable[[Loaded], bool]
    """Whether every pinned policy is in the cache, so that no check needs the network."""


def examine(read: Read, workflows: Mapping[str, bytes], loaded: Loaded, machine: Machine | None) -> tuple[Finding, ...]:
    """Everything that can be told; `machine` is None outside git."""
    found = [*_config(read), *_policy(loaded, machine), *_workflows(workflows), *_owners(read, loaded)]
    if machine is None:
        found.append(Finding(State.MISSING, "no git repository", "run `git init`: hooks and pull requests need it"))
        return tuple(found)
    return (*_hooks(machine), *found, *_attributes(machine), *_forge(machine, loaded))


def text(found: Sequence[Finding], options: Options) -> str:
    """One line for each, and what to do below it."""
    look = look_of(options)
    lines: list[str] = []
    for one in found:
        lines += wrap(look.show(one.what), look.columns, _lead(one.state, look), " " * 9)
        if one.do:
            first, *rest = one.do.split("\n")
            lines += wrap(look.show(first), look.columns, " " * 9, " " * 9)
            # Commands are there to be copied.
            lines += [f"{' ' * 11}{look.show(line)}" for line in rest]
    counts = {state: sum(one.state is state for one in found) for state in State}
    lines += [
        "",
        f"{counts[State.OK]} ok, {counts[State.MISSING]} missing, {counts[State.UNKNOWN]} that only the forge can tell",
    ]
    return "\n".join(lines) + "\n"


def _lead(state: State, look: Look) -> str:
    level = {State.OK: Level.RECORD, State.MISSING: Level.BLOCK, State.UNKNOWN: Level.WARN}[state]
    return look.paint(state.value, level) + " " * (9 - len(state.value))


# --- hooks ----------------------------------------------------------------------------------------------------------


def _hooks(machine: Machine) -> Iterator[Finding]:
    for name in ("pre-commit", "pre-push"):
        held = machine.hooks.get(name)
        if held is None:
            yield Finding(State.MISSING, f"git runs no {name} hook here", f"pre-commit install --hook-type {name}")
        elif "pre-commit" in held or "mlgate" in held:
            yield Finding(State.OK, f"git runs a {name} hook")
        else:
            yield Finding(
                State.MISSING,
                f"the {name} hook in {machine.hooks_folder} runs neither pre-commit nor mlgate",
                "call `pre-commit run` or `mlgate check --base auto` in it",
            )


def _config(read: Read) -> Iterator[Finding]:
    data = read(HOOKS)
    if data is None:
        yield Finding(State.MISSING, f"no {HOOKS}", "run `mlgate init`")
        return
    try:
        parts = hook_parts(read_foreign(data.decode("utf-8", "replace"), HOOKS))
    except YamlProblem as problem:
        yield Finding(
            State.MISSING, f"{HOOKS}:{problem.line}: {problem.message}", "mend it: pre-commit cannot read it either"
        )
        return
    if not parts:
        yield Finding(State.MISSING, f"{HOOKS} does not run mlgate", "run `mlgate init`")
        return
    for revision in dict.fromkeys(part.settings.get("rev", "") for part in parts):
        if not revision:
            yield Finding(State.OK, f"{HOOKS} runs mlgate as a local hook")
        elif not _RELEASE.fullmatch(revision):
            yield Finding(
                State.MISSING,
                f"{HOOKS}: rev '{revision}' is a branch",
                "run `pre-commit autoupdate`: a branch is never updated once it is installed",
            )
        elif revision.removeprefix("v") == __version__ or len(revision) == 40:
            yield Finding(State.OK, f"{HOOKS} runs mlgate {revision}")
        else:
            yield Finding(State.OK, f"{HOOKS} runs mlgate {revision}; this is {__version__}")


# --- policy ---------------------------------------------------------------------------------------------------------


def _policy(loaded: Loaded, machine: Machine | None) -> Iterator[Finding]:
    root = next(iter(loaded.bundle.policies))
    if not loaded.is_own and not loaded.pins:
        yield Finding(
            State.MISSING,
            f"the policy is {root.id}, which mlgate ships",
            f"run `mlgate init`: {FILE} says what holds here",
        )
    elif loaded.pins:
        for pin in loaded.pins:
            is_kept = machine is None or machine.has_pin(loaded)
            what = f"the policy is {root.id}, pinned to {pin.address}@{pin.commit[:7]}"
            yield (
                Finding(State.OK, what + (", and kept" if is_kept else ""))
                if is_kept
                else Finding(
                    State.MISSING, f"{what}, and not fetched yet", "run `mlgate policy show` where the network is there"
                )
            )
    else:
        yield Finding(State.OK, f"the policy is {root.id} in {root.source}")
    for slip in loaded.slips:
        yield Finding(State.MISSING, slip, "run `mlgate policy test`")


# --- pull requests --------------------------------------------------------------------------------------------------


def _workflows(workflows: Mapping[str, bytes]) -> Iterator[Finding]:
    ours = {path: data.decode("utf-8", "replace") for path, data in workflows.items() if b"mlgate" in data}
    if not ours:
        yield Finding(
            State.MISSING,
            "no workflow in .github/workflows runs mlgate",
            "run `mlgate init`, or add a job to the pipeline that you have",
        )
        return
    for path, content in sorted(ours.items()):
        problems = list(_workflow_problems(content))
        if not problems:
            yield Finding(State.OK, f"{path} runs mlgate")
        for what, do in problems:
            yield Finding(State.MISSING, f"{path}: {what}", do)


def _workflow_problems(content: str) -> Iterator[tuple[str, str]]:
    if re.search(r"^\s*[^#\n]*\bpull_request_target\b", content, re.MULTILINE):
        yield "pull_request_target runs with secrets on what anybody proposes", "use pull_request"
    if not re.search(r"^[^#\n]*\b(pull_request|merge_group)\b", content, re.MULTILINE):
        yield "no pull request starts it", "add `on: pull_request`"
    if "actions/checkout" in content and not re.search(r"fetch-depth:\s*['\"]?0", content):
        yield "the checkout has no history", "set fetch-depth: 0, else there is no base"
    if "permissions:" not in content:
        yield "no permissions are named", "add `permissions: {contents: read}`"
    if re.search(r"^\s*continue-on-error:\s*true|\|\|\s*true|--exit-zero", content, re.MULTILINE):
        yield "a failure is forgiven", "take `continue-on-error`, `|| true` and `--exit-zero` out"


def _owners(read: Read, loaded: Loaded) -> Iterator[Finding]:
    owners = codeowners.load(read)
    if not owners.path:
        yield Finding(
            State.MISSING,
            "no CODEOWNERS: nobody is asked when the checks change",
            "run `mlgate init --owner @org/team`",
        )
        return
    paths = [
        FILE if not loaded.files else loaded.files[0],
        f"{FOLDER}/waivers.yaml",
        HOOKS,
        ".github/workflows/mlgate.yml",
        owners.path,
    ]
    open_ = [path for path in dict.fromkeys(paths) if not owners.owners(path)]
    if open_:
        yield Finding(
            State.MISSING, f"{owners.path} names nobody for {', '.join(open_)}", "run `mlgate init --owner @org/team`"
        )
    else:
        yield Finding(State.OK, f"{owners.path} names who is asked when the checks change")
    if owners.invalid:
        lines = ", ".join(map(str, owners.invalid))
        yield Finding(
            State.MISSING,
            f"{owners.path}: GitHub passes over line {lines}",
            "mend it: no !, no [ranges], owners are @names or addresses",
        )


def _attributes(machine: Machine) -> Iterator[Finding]:
    hidden = [f"{name}: {value}" for name, value in machine.attributes.items() if _hides(name, value)]
    if hidden:
        yield Finding(
            State.MISSING,
            f".gitattributes hides notebooks from reviews ({', '.join(hidden)})",
            "take it out, or use a diff driver such as nbdime",
        )
    else:
        yield Finding(State.OK, "reviews show what notebooks change")


def _hides(name: str, value: str) -> bool:
    return value == "unset" if name in ("diff", "text") else value in ("set", "true")


def _forge(machine: Machine, loaded: Loaded) -> Iterator[Finding]:
    """What stands in settings of the forge, which `contents: read` does not show."""
    name = machine.repository or "OWNER/REPOSITORY"
    command = f"gh api repos/{name}/rules/branches/{machine.branch} --jq '.[].type'"
    older = f"gh api repos/{name}/branches/{machine.branch}/protection"
    yield Finding(
        State.UNKNOWN,
        f"whether {machine.branch} requires the check, and a review by code owners",
        "Look for required_status_checks and pull_request (require_code_owner_review), or classic protection:\n"
        f"{command}\n{older}",
    )
    enforced = any(
        setting.params.get("reviews-enforced") is True
        for policy in loaded.bundle.policies
        for setting in policy.settings.values()
    )
    if not enforced:
        yield Finding(
            State.UNKNOWN,
            "the policy does not say that reviews are enforced, so changes to the checks are judged by their level",
            'If the forge requires them: governance/*: {params: {reviewers: ["@org/team"], reviews-enforced: true}}',
        )
