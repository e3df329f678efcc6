"""Which program a command runs, once sudo, env, python -m and their like are taken away."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from mlgate.commands.script import Command, Word
from mlgate.commands.tables import names
from mlgate.regex import regex

SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh", "ash", "fish"})
PYTHONS = regex(r"(python|pypy|py)(w)?(\d+(\.\d+)*)?")

# Options that take the next word, of the programs that run another program.
_RUNNERS: Mapping[str, frozenset[str]] = {
    "sudo": names("-u -g -h -p -C -r -t -U -D -R -T --user --group --host --prompt --chdir"),
    "doas": frozenset({"-u", "-C"}),
    "env": frozenset({"-u", "-C", "--unset", "--chdir"}),
    "time": frozenset({"-f", "-o"}),
    "nohup": frozenset(),
    "nice": frozenset({"-n"}),
    "ionice": frozenset({"-c", "-n", "-p"}),
    "timeout": frozenset({"-s", "-k", "--signal", "--kill-after"}),
    "stdbuf": frozenset({"-i", "-o", "-e"}),
    "xargs": names("-n -P -I -L -d -a -s -E --max-args --max-procs --replace --delimiter --arg-file"),
    "exec": frozenset({"-a"}),
    "command": frozenset(),
    "builtin": frozenset(),
    "setsid": frozenset(),
    "unbuffer": frozenset(),
    "chronic": frozenset(),
    "catchsegv": frozenset(),
    "watch": frozenset({"-n", "--interval"}),
    "xvfb-run": frozenset({"-s", "-n", "-e", "-f"}),
    "gosu": frozenset(),
    "su-exec": frozenset(),
    "tini": frozenset({"-p"}),
    "dumb-init": frozenset(),
    "srun": frozenset({"-n", "-N", "-p", "-c", "-t", "-w", "-J", "-A"}),
    "start": frozenset(),
}
_POSITIONAL = {"timeout": 1, "gosu": 1, "su-exec": 1}
"""Words of its own that stand between the runner and the program."""

_RUN_VERBS: Mapping[str, frozenset[str]] = {
    "conda": frozenset({"-n", "-p", "--name", "--prefix", "--cwd"}),
    "mamba": frozenset({"-n", "-p", "--name", "--prefix", "--cwd"}),
    "micromamba": frozenset({"-n", "-p", "--name", "--prefix", "--cwd"}),
    "uv": frozenset({"-p", "--python", "--with", "--extra", "--group", "--directory", "--project", "--env-file"}),
    "poetry": frozenset({"-C", "--directory", "-P", "--project"}),
    "pipenv": frozenset(),
    "pdm": frozenset({"-p", "--project"}),
    "rye": frozenset(),
    "hatch": frozenset({"-e", "--env"}),
}
"""Programs whose verb `run` starts another program in an environment."""

_PYTHON_VALUES = frozenset({"-W", "-X", "--check-hash-based-pycs"})


class Invocation(Struct, frozen=True):
    """One program and its words."""

    program: str
    """Basename, lower case, without `.exe`; `python -m X` is `X` where X is a program too, else `python`."""
    words: tuple[Word, ...]
    """From the program on; of `python -m X a b` they are `X a b`."""
    settings: tuple[tuple[str, Word], ...]
    """`NAME=value` before the program."""
    module: str = ""
    """X of `python -m X`."""

    @property
    def arguments(self) -> tuple[Word, ...]:
        return self.words[1:]


def invocation(command: Command) -> Invocation | None:
    """The program that `command` really starts; None for an assignment or a subshell."""
    words = command.words
    settings = list(command.assignments)
    for _ in range(12):
        if not words:
            return None
        program = name_of(words[0])
        if program in _RUNNERS:
            rest, found = _behind_runner(program, words)
            settings += found
            if not rest:
                return Invocation(program, words, tuple(settings))
            words = rest
        elif program in _RUN_VERBS and len(words) > 1 and words[1].text == "run":
            rest = _behind_options(words[2:], _RUN_VERBS[program])
            if not rest:
                return Invocation(program, words, tuple(settings))
            words = rest
        elif words[0].opaque and _is_variable(words[0].text, ("sudo",)) and len(words) > 1:
            words = words[1:]
        elif program == "python":
            module = _module(words)
            if module is None:
                return Invocation(program, words, tuple(settings))
            name = words[module].text
            return Invocation(_MODULES.get(name, "python"), words[module:], tuple(settings), name)
        else:
            return Invocation(program, words, tuple(settings))
    return None


_MODULES: Mapping[str, str] = {
    "pip": "pip",
    "uv": "uv",
    "conda": "conda",
    "jupyter": "jupyter",
    "jupyterlab": "jupyter-lab",
    "notebook": "jupyter-notebook",
    "jupyter_server": "jupyter-server",
    "tensorboard": "tensorboard",
    "tensorboard.main": "tensorboard",
    "mlflow": "mlflow",
    "streamlit": "streamlit",
    "uvicorn": "uvicorn",
    "gunicorn": "gunicorn",
    "hypercorn": "hypercorn",
    "flask": "flask",
    "gradio": "gradio",
    "panel": "panel",
    "voila": "voila",
    "bokeh": "bokeh",
    "ray": "ray",
    "dask": "dask",
    "distributed.cli.dask_scheduler": "dask-scheduler",
    "optuna_dashboard": "optuna-dashboard",
    "label_studio": "label-studio",
    "gdown": "gdown",
    "wget": "wget",
    "dvc": "dvc",
    "kaggle": "kaggle",
    "awscli": "aws",
    "huggingface_hub.commands.huggingface_cli": "huggingface-cli",
    "vllm.entrypoints.openai.api_server": "vllm",
    "vllm.entrypoints.api_server": "vllm",
    "vllm": "vllm",
    "sglang.launch_server": "sglang",
    "llama_cpp.server": "llama_cpp",
    "lmdeploy": "lmdeploy",
    "http.server": "http.server",
    "SimpleHTTPServer": "http.server",
    "debugpy": "debugpy",
    "marimo": "marimo",
}
"""Modules that are programs of their own when run with `python -m`."""


def name_of(word: Word) -> str:
    """Basename of a program word; `{sys.executable}` and `$(which python)` are python."""
    text = word.text
    if word.opaque or (text.startswith(("$(", "`")) and word.inner):
        if _is_variable(text, ("python", "executable")):
            return "python"
        if _is_variable(text, ("pip",)):
            return "pip"
        if _is_variable(text, ("conda",)):
            return "conda"
        return text
    name = re.split(r"[/\\]", text)[-1].removesuffix(".exe").removesuffix(".EXE")
    if PYTHONS.fullmatch(name):
        return "python"
    if re.fullmatch(r"pip\d*(\.\d+)*", name):
        return "pip"
    return name


def script_of(found: Invocation) -> Word | None:
    """The word that holds shell code: of `sh -c`, `bash -lc`, `su -c`, `eval`."""
    arguments = found.arguments
    if found.program in SHELLS or found.program == "su":
        for index, word in enumerate(arguments):
            if re.fullmatch(r"-[a-z]*c", word.text) or word.text == "--command":
                return arguments[index + 1] if index + 1 < len(arguments) else None
            if not word.text.startswith(("-", "+")) and found.program in SHELLS:
                return None
    if found.program == "eval" and len(arguments) == 1:
        return arguments[0]
    return None


def python_of(found: Invocation) -> Word | None:
    """The word that holds Python code: of `python -c`."""
    if found.program != "python" or found.module:
        return None
    arguments = found.arguments
    index = 0
    while index < len(arguments):
        text = arguments[index].text
        if re.fullmatch(r"-[a-zA-Z]*c", text):
            return arguments[index + 1] if index + 1 < len(arguments) else None
        if not text.startswith("-") or text == "-":
            return None
        index += 2 if text in _PYTHON_VALUES else 1
    return None


def reads_stdin(found: Invocation) -> bool:
    """Whether an interpreter called like this runs what it is piped."""
    arguments = list(found.arguments)
    if found.module or script_of(found) is not None or python_of(found) is not None:
        return False
    if found.program in SHELLS:
        if any(re.fullmatch(r"-[a-z]*s[a-z]*", w.text) for w in arguments if not w.text.startswith("--")):
            return True
        skip = False
        for word in arguments:
            if skip:
                skip = False
                continue
            if word.text in ("-o", "+o", "-O", "+O", "--rcfile", "--init-file"):
                skip = True
            elif word.text in ("-", "/dev/stdin"):
                return True
            elif word.text == "--":
                continue
            elif not word.text.startswith(("-", "+")):
                return False
        return True
    if found.program in ("python", "perl", "ruby", "node", "php", "Rscript", "R"):
        rest = [w.text for w in arguments]
        if any(re.fullmatch(r"-[a-zA-Z]*[enpc]", text) for text in rest if text != "-"):
            return False
        return all(text.startswith("-") or text == "/dev/stdin" for text in rest[:1])
    return found.program in ("iex", "Invoke-Expression", "source", ".", "pwsh", "powershell")


def _is_variable(text: str, hints: Sequence[str]) -> bool:
    lowered = text.lower()
    return any(hint in lowered for hint in hints)


def _behind_runner(program: str, words: tuple[Word, ...]) -> tuple[tuple[Word, ...], list[tuple[str, Word]]]:
    rest = _behind_options(words[1:], _RUNNERS[program])
    rest = rest[_POSITIONAL.get(program, 0) :]
    settings: list[tuple[str, Word]] = []
    while rest and program in ("env", "sudo", "exec", "time", "nohup"):
        match = re.match(r"([A-Za-z_]\w*)=", rest[0].text)
        if match is None:
            break
        settings.append((match.group(1), tail(rest[0], match.end())))
        rest = rest[1:]
    return rest, settings


def tail(word: Word, index: int) -> Word:
    """The part of a word from `index` on."""
    holes = tuple((max(a - index, 0), b - index) for a, b in word.holes if b > index)
    return Word(word.text[index:], word.offset(index), word.end, (), holes, word.inner, word.quoted)


def _behind_options(words: tuple[Word, ...], values: frozenset[str]) -> tuple[Word, ...]:
    index = 0
    while index < len(words):
        text = words[index].text
        if text == "--":
            return words[index + 1 :]
        if not text.startswith("-") or text == "-":
            break
        index += 2 if text in values else 1
    return words[index:]


def _module(words: tuple[Word, ...]) -> int | None:
    """Index of X in `python -m X`."""
    index = 1
    while index < len(words):
        text = words[index].text
        if re.fullmatch(r"-[a-zA-Z]*m", text):
            return index + 1 if index + 1 < len(words) else None
        if not text.startswith("-") or text == "-" or re.fullmatch(r"-[a-zA-Z]*c", text):
            return None
        index += 2 if text in _PYTHON_VALUES else 1
    return None
