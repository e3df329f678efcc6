"""What calls of libraries return, as far as their names tell: paths, texts, settings, objects."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

from mlgate.facts.python import containers, texts
from mlgate.facts.python.known import Known
from mlgate.model import Local, Made

BUILTINS = frozenset(dir(builtins))
_PATHS = frozenset(
    "pathlib.Path pathlib.PurePath pathlib.PosixPath pathlib.Path.cwd pathlib.Path.home os.getcwd tempfile.mkdtemp "
    "tempfile.mkstemp tempfile.TemporaryDirectory tempfile.NamedTemporaryFile tempfile.gettempdir "
    "os.path.expanduser os.path.abspath os.path.realpath os.path.dirname os.getcwdb glob.glob os.listdir "
    "huggingface_hub.snapshot_download huggingface_hub.hf_hub_download huggingface_hub.HfApi.snapshot_download "
    "huggingface_hub.HfApi.hf_hub_download kagglehub.dataset_download kagglehub.model_download "
    "modelscope.snapshot_download".split()
)
"""Calls that return a path on this machine."""
_SAME = frozenset("str os.fspath pathlib.PurePosixPath copy.copy copy.deepcopy typing.cast".split())
_ENVIRONMENT = frozenset(["os.getenv", "os.environ.get", "os.environ.setdefault", "environ.get", "os.environ.pop"])


def reads_arguments(name: str) -> bool:
    """Whether what a call of `name` returns depends on its arguments; else it makes an object, see `made_by`."""
    return (
        name in _ENVIRONMENT
        or name in _SAME
        or name in _PATHS
        or name == "os.path.join"
        or name.startswith(("pathlib.Path.", "str."))
        or (name in BUILTINS and name not in ("open", "__import__"))
    )


def returned(name: str, arguments: Sequence[Known], is_open: bool, shown: str, first: str) -> Known:
    """What a call of `name` with these positional arguments returns.

    `is_open`: more of them may exist. `shown` and `first` are the call and its first argument as a reason names them.
    """
    if name == "os.path.join" and arguments and not is_open:
        return texts.join_path(arguments)
    if name in _ENVIRONMENT:
        return _setting(arguments, first)
    if name in _SAME and arguments:
        return arguments[-1]
    if name in _PATHS:
        found = [texts.text_of(one) for one in arguments]
        return Known((Local("/".join(text for text in found if text)),))
    if name == "os.path.join" or name.startswith(("pathlib.Path.", "str.")):
        return Known(unknown=f"`{shown}` is computed")
    if name in BUILTINS and name not in ("open", "__import__"):
        return containers.passed_through(name, arguments[:4]) or Known(unknown=f"`{shown}` is computed")
    return Known((Made(made_by(name)),))


def _setting(arguments: Sequence[Known], name: str) -> Known:
    """A variable of the environment: evidence where a fallback is written."""
    if len(arguments) > 1:
        return Known((), f"default of environment variable {name}", (*arguments[1].options, *arguments[1].defaults))
    return Known(unknown=f"environment variable {name}")


def made_by(name: str) -> str:
    """The class whose instance a call of `name` returns, as far as habits tell: `X.from_pretrained` makes an X."""
    head, _, last = name.rpartition(".")
    makes_its_class = last.startswith(("from_", "load_from_")) or last in ("create", "get_or_create")
    return head if makes_its_class and head.rpartition(".")[2][:1].isupper() else name
