"""Code in strings: shell commands that Python starts, and Python that it executes."""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterator, Sequence

from mlgate.facts.python.names import Names
from mlgate.facts.python.relevance import Relevance
from mlgate.facts.python.scopes import Here, Outline
from mlgate.facts.python.texts import plain
from mlgate.facts.python.values import Evaluator
from mlgate.model import Embedded, Items, Kind, LineMap, Local, Ref, Template, Unit, Value

_SHELLS = frozenset(
    "os.system os.popen subprocess.run subprocess.call subprocess.check_call subprocess.check_output subprocess.Popen "
    "subprocess.getoutput subprocess.getstatusoutput asyncio.create_subprocess_shell asyncio.create_subprocess_exec "
    "commands.getoutput get_ipython.system get_ipython.getoutput get_ipython.system_raw os.execvp sh.bash "
    "IPython.get_ipython.system IPython.get_ipython.getoutput google.colab._system_commands._shell_line_magic".split()
)
_LASTS = frozenset(name.rpartition(".")[2] for name in _SHELLS) | {"run_line_magic", "run_cell_magic", "magic"}
_PIP = frozenset(["pip.main", "pip._internal.main", "pip._internal.cli.main.main"])
_EXEC = frozenset(["exec", "eval"])


SHELLS = Names(
    (*_SHELLS, *_PIP, *_EXEC, "get_ipython.run_line_magic", "get_ipython.run_cell_magic", "get_ipython.magic")
)
"""What starts commands, for `Relevance`."""


def embedded(found: Outline, evaluator: Evaluator, relevance: Relevance, units: Sequence[Unit]) -> Iterator[Embedded]:
    """What calls hand to a shell or to `exec`, with its place; parts that are not known stand as `{…}`.

    A list that reads like a command and that no call here starts is the command of a container or job (`arguments`).
    """
    started: set[str] = set()
    for one in _called(found, evaluator, relevance, units):
        started.add(one.unit.text)
        yield one
    for site in found.command_lists:
        assert isinstance(site.node, (ast.List, ast.Tuple))
        for option in evaluator.known(site.node, site.here).options:
            if isinstance(option, Items) and _is_program(_word(option.items[0])):
                text = " ".join(map(_word, option.items))
                if text not in started:
                    started.add(text)
                    yield _listed(option.items, site.node, units[site.here.unit])


def _listed(items: Sequence[Value], node: ast.List | ast.Tuple, unit: Unit) -> Embedded:
    """A command whose words stand where the list has them."""
    words = list(map(_word, items))
    places = node.elts if len(node.elts) == len(items) else [node] * len(items)
    lines = tuple((one.lineno, one.col_offset) for one in places)
    text = " \\\n".join(word.replace("\n", " ") for word in words)
    return Embedded(Kind.SHELL, Unit(unit.cell, text, LineMap(lines)), origin="arguments")


def _is_program(word: str) -> bool:
    """Of whatever name: which programs matter is for the reader of commands to say."""
    return word[:1].isalpha() or word.startswith(("/", "./"))


def _called(found: Outline, evaluator: Evaluator, relevance: Relevance, units: Sequence[Unit]) -> Iterator[Embedded]:
    known = {name for name in found.called if name in _LASTS or name in _EXEC or name == "main"}
    renamed = {name for name in found.called if name in found.bound and relevance.may_end_in(name)}
    for site in found.calls_of(*known, *(renamed - known)):
        node = site.node
        assert isinstance(node, ast.Call)
        if not node.args and not node.keywords:
            continue
        last = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if last not in known and not (_renamed(node.func, site.here) and relevance.may_be(node.func)):
            continue
        for option in evaluator.known(node.func, site.here).options:
            name = option.name.replace("get_ipython.__call__", "get_ipython") if hasattr(option, "name") else ""  # type: ignore[union-attr]
            if not isinstance(option, Ref):
                continue
            yield from _of_call(name, node, site.here, evaluator, units[site.here.unit])


def _of_call(name: str, node: ast.Call, here: Here, evaluator: Evaluator, unit: Unit) -> Iterator[Embedded]:
    first = (
        node.args[0]
        if node.args
        else next((k.value for k in node.keywords if k.arg in ("args", "cmd", "command")), None)
    )
    if first is None:
        return
    if name in _PIP:
        yield from _shell(first, here, evaluator, unit, node, prefix="pip ")
    elif name in _SHELLS:
        yield from _shell(first, here, evaluator, unit, node, rest=node.args[1:] if name.endswith("_exec") else ())
    elif name.endswith(("run_line_magic", "run_cell_magic", ".magic")) and name.startswith(("get_ipython", "IPython")):
        words = [plain_text(evaluator.value(argument, here)) for argument in node.args]
        head = words[0].lstrip("%!")
        if head in ("system", "sx", "bash", "sh", "script"):
            yield _embed(Kind.SHELL, "\n".join(words[1:]), node, unit, "magic")
        elif head.split(" ")[0] in ("pip", "conda", "mamba", "uv"):
            yield _embed(Kind.SHELL, " ".join([head, *words[1:]]), node, unit, "magic")
    elif name in _EXEC and isinstance(first, (ast.Constant, ast.JoinedStr)):
        text = plain_text(evaluator.value(first, here))
        if text and "{…}" not in text:
            yield _embed(Kind.PYTHON, text, first, unit, "exec")


def _shell(
    first: ast.expr,
    here: Here,
    evaluator: Evaluator,
    unit: Unit,
    node: ast.Call,
    prefix: str = "",
    rest: Sequence[ast.expr] = (),
) -> Iterator[Embedded]:
    known = evaluator.known(first, here)
    for option in known.options:
        if isinstance(option, Items):
            words = [*option.items, *(evaluator.value(argument, here) for argument in rest)]
            yield _embed(Kind.SHELL, prefix + " ".join(_word(word) for word in words), node, unit, "subprocess")
        elif isinstance(option, (str, Template, Local)):
            words_text = [plain(option) or "", *(_word(evaluator.value(argument, here)) for argument in rest)]
            holder = first if isinstance(first, ast.Constant) else node
            yield _embed(Kind.SHELL, prefix + " ".join(words_text), holder, unit, "subprocess")


def _word(value: Value) -> str:
    for option in value.options:
        if isinstance(option, Ref):
            return "python" if option.name == "sys.executable" else "{…}"
        text = plain(option)
        if text is not None:
            return text if "{…}" in text else shlex.quote(text)
        if isinstance(option, (int, float)):
            return str(option)
    return "{…}"


def plain_text(value: Value) -> str:
    return next((text for option in value.options if (text := plain(option)) is not None), "")


def _embed(kind: Kind, text: str, holder: ast.expr, unit: Unit, origin: str) -> Embedded:
    """A literal that spans lines keeps its lines; whatever was put together stands where the call stands."""
    lines: list[tuple[int, int]] = []
    first, last = holder.lineno, holder.end_lineno or holder.lineno
    count = text.count("\n") + 1
    for number in range(count):
        line = min(first + number, last) if isinstance(holder, ast.Constant) else first
        column = holder.col_offset + 1 if number == 0 and isinstance(holder, ast.Constant) else 0
        lines.append((line, column))
    return Embedded(kind, Unit(unit.cell, text, LineMap(tuple(lines))), origin=origin)


def _renamed(function: ast.expr, here: Here) -> bool:
    return isinstance(function, ast.Name) and here.scope.lookup(function.id) is not None
