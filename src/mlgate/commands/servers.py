"""Which programs serve, and what their words say of host, port, login and origin."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from mlgate.commands.options import parse
from mlgate.commands.programs import Invocation
from mlgate.commands.script import Word
from mlgate.commands.tables import names
from mlgate.regex import regex

ANYWHERE = "0.0.0.0"  # noqa: S104 - looked for, not bound
"""The address that means every interface of the machine."""

ON = "on"
"""Stands for a login whose secret is not repeated."""


class Server(Struct, frozen=True):
    """One start of a program that serves. Values are text, a truth value, or a word whose variable is not known."""

    name: str
    attributes: Mapping[str, str | bool | Word] = field(default_factory=dict)
    implied: bool = False
    """The host is not written: it is the program's own default."""


class Program(Struct, frozen=True):
    """How a serving program is called."""

    name: str
    verbs: tuple[str, ...] = ()
    """One of these must be its first operand; empty: none is needed."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Option with a value, without its dashes and lower case, and the attribute it makes."""
    switches: Mapping[str, tuple[str, str | bool]] = field(default_factory=dict)
    """Option without a value, and the attribute it makes."""
    defaults: Mapping[str, str | bool] = field(default_factory=dict)
    """What holds where nothing is said, if that is not harmless."""
    skips: frozenset[str] = frozenset()
    """Further options that take a value."""
    bind: str = ""
    """Option that holds `host:port`."""


_HOST = {"host": "host", "port": "port"}

_JUPYTER = Program(
    "jupyter",
    ("lab", "notebook", "server", "nbclassic", "console", "voila"),
    {
        "ip": "host",
        "port": "port",
        "token": "token",
        "password": "password",
        "hashed_password": "password",
        "allow_origin": "allow-origin",
        "allow_origin_pat": "allow-origin",
        "allow_root": "root",
        "disable_check_xsrf": "xsrf-off",
    },
    {"allow-root": ("root", True)},
    skips=frozenset({"notebook-dir", "config", "log-level", "certfile", "keyfile", "client-ca", "browser"}),
)

_JUPYTER_IMAGE = Program(  # Source: jupyter/docker-stacks, images/base-notebook/jupyter_server_config.py
    "jupyter", (), _JUPYTER.values, _JUPYTER.switches, {"host": ANYWHERE}, _JUPYTER.skips
)

PROGRAMS: Mapping[str, Program] = {
    "jupyter": _JUPYTER,
    "jupyter-lab": Program("jupyter", (), _JUPYTER.values, _JUPYTER.switches, skips=_JUPYTER.skips),
    "jupyter-notebook": Program("jupyter", (), _JUPYTER.values, _JUPYTER.switches, skips=_JUPYTER.skips),
    "jupyter-server": Program("jupyter", (), _JUPYTER.values, _JUPYTER.switches, skips=_JUPYTER.skips),
    "start-notebook.sh": _JUPYTER_IMAGE,
    "start-notebook.py": _JUPYTER_IMAGE,
    "start-singleuser.sh": _JUPYTER_IMAGE,
    "code-server": Program("code-server", (), {"auth": "login", "host": "host", "port": "port"}, bind="bind-addr"),
    "marimo": Program(
        "marimo",
        ("edit", "run"),
        {**_HOST, "token-password": "password", "allow-origins": "allow-origin"},
        {"no-token": ("auth", ""), "token": ("auth", ON)},
        skips=frozenset({"proxy", "base-url"}),
    ),
    "mlflow": Program(
        "mlflow",
        ("server", "ui"),
        {"host": "host", "h": "host", "port": "port", "p": "port", "app-name": "auth"},
        skips=frozenset(
            {
                "backend-store-uri",
                "default-artifact-root",
                "registry-store-uri",
                "artifacts-destination",
                "workers",
                "w",
                "gunicorn-opts",
                "expose-prometheus",
                "static-prefix",
                "env-file",
                "allowed-hosts",
                "cors-allowed-origins",
            }
        ),
    ),
    "tensorboard": Program(
        "tensorboard",
        (),
        _HOST,
        {"bind_all": ("host", ANYWHERE)},
        skips=frozenset({"logdir", "logdir_spec", "path_prefix", "window_title", "reload_interval"}),
    ),
    "ray": Program(
        "ray",
        ("start",),
        {"dashboard-host": "host", "dashboard-port": "port"},
        skips=frozenset({"address", "port", "node-ip-address", "num-cpus", "num-gpus", "resources", "temp-dir"}),
    ),
    "vllm": Program(
        "vllm",
        ("serve",),
        {**_HOST, "api-key": "auth", "allowed-origins": "allow-origin"},
        skips=frozenset({"model", "tokenizer", "revision", "dtype", "tensor-parallel-size", "served-model-name"}),
    ),
    "sglang": Program("sglang", (), {**_HOST, "api-key": "auth"}, skips=frozenset({"model-path", "model", "tp"})),
    "llama-server": Program(
        "llama.cpp",
        (),
        {**_HOST, "api-key": "auth", "api-key-file": "auth"},
        skips=frozenset({"m", "model", "c", "ngl", "hf-repo"}),
    ),
    "llama_cpp": Program("llama.cpp", (), {**_HOST, "api_key": "auth"}, skips=frozenset({"model"})),
    "lmdeploy": Program(
        "lmdeploy",
        ("serve",),
        {"server-name": "host", "server-port": "port", "api-keys": "auth"},
    ),
    "text-generation-launcher": Program(
        "text-generation-inference",
        (),
        {"hostname": "host", "port": "port", "api-key": "auth"},
        skips=frozenset({"model-id", "revision", "quantize", "num-shard", "dtype", "max-input-length"}),
    ),
    "ollama": Program("ollama", ("serve",)),
    "torchserve": Program(
        "torchserve",
        (),
        {},
        {"disable-token-auth": ("auth", ""), "disable-token": ("auth", "")},
        skips=frozenset({"model-store", "models", "ts-config", "workflow-store", "log-config"}),
    ),
    "tritonserver": Program(
        "triton",
        (),
        {"http-address": "host", "http-port": "port"},
    ),
    "litellm": Program(
        "litellm",
        (),
        _HOST,
    ),
    "xinference-local": Program("xinference", (), {**_HOST, "auth-config": "auth"}),
    "streamlit": Program(
        "streamlit",
        ("run",),
        {
            "server.address": "host",
            "server.port": "port",
            "server.enableXsrfProtection": "xsrf",
            "server.enableCORS": "cors",
        },
    ),
    "gradio": Program("gradio", ()),
    "uvicorn": Program(
        "uvicorn",
        (),
        _HOST,
        {"reload": ("debug", True)},
        skips=frozenset({"workers", "log-level", "app-dir", "env-file", "uds"}),
    ),
    "gunicorn": Program("gunicorn", (), {}, {"reload": ("debug", True)}, bind="bind"),
    "hypercorn": Program("hypercorn", (), {}, {"debug": ("debug", True)}, bind="bind"),
    "waitress-serve": Program("waitress", (), _HOST, bind="listen"),
    "flask": Program(
        "flask",
        ("run",),
        {"host": "host", "h": "host", "port": "port", "p": "port"},
        {"debug": ("debug", True)},
        skips=frozenset({"app", "a", "e", "env-file", "cert", "key"}),
    ),
    "voila": Program(
        "voila",
        (),
        {"ip": "host", "port": "port", "token": "token", "allow_origin": "allow-origin"},
        skips=frozenset({"template", "theme"}),
    ),
    "panel": Program(
        "panel",
        ("serve",),
        {
            "address": "host",
            "port": "port",
            "allow-websocket-origin": "allow-origin",
            "basic-auth": "auth",
            "oauth-provider": "auth",
        },
    ),
    "bokeh": Program(
        "bokeh", ("serve",), {"address": "host", "port": "port", "allow-websocket-origin": "allow-origin"}
    ),
    "dask-scheduler": Program(
        "dask",
        (),
        {"host": "host", "port": "port", "tls-ca-file": "auth"},
        skips=frozenset({"dashboard-address", "interface", "protocol", "scheduler-file"}),
    ),
    "dask": Program(
        "dask",
        ("scheduler",),
        {"host": "host", "port": "port", "tls-ca-file": "auth"},
        skips=frozenset({"dashboard-address", "interface", "protocol", "scheduler-file"}),
    ),
    "optuna-dashboard": Program("optuna-dashboard", (), _HOST, skips=frozenset({"artifact-dir", "server"})),
    "label-studio": Program(
        "label-studio", ("start",), {"host": "public-host", "port": "port", "internal-host": "host", "username": "auth"}
    ),
    "fiftyone": Program("fiftyone", ("app",), {"address": "host", "a": "host", "port": "port"}),
    "debugpy": Program("debugpy", (), bind="listen"),
    "http.server": Program("http.server", (), {"bind": "host", "b": "host"}, defaults={"host": ANYWHERE}),
    "ngrok": Program(
        "ngrok",
        ("http", "tcp", "tls", "start"),
        {"basic-auth": "auth", "auth": "auth", "oauth": "auth", "oidc": "auth"},
        defaults={"tunnel": True},
        skips=frozenset({"region", "hostname", "domain", "url", "subdomain", "log", "config", "authtoken"}),
    ),
    "cloudflared": Program(
        "cloudflared",
        ("tunnel",),
        {"url": "target"},
        defaults={"tunnel": True},
        skips=frozenset({"config", "token", "logfile", "protocol"}),
    ),
    "lt": Program("localtunnel", (), {"port": "port"}, defaults={"tunnel": True}),
    "localtunnel": Program("localtunnel", (), {"port": "port"}, defaults={"tunnel": True}),
    "bore": Program("bore", ("local",), {"to": "target"}, defaults={"tunnel": True}),
    "zrok": Program("zrok", ("share",), defaults={"tunnel": True}),
    "devtunnel": Program(
        "devtunnel", ("host",), {"port-numbers": "port"}, {"allow-anonymous": ("auth", "")}, defaults={"tunnel": True}
    ),
    "serveo": Program("serveo", (), defaults={"tunnel": True}),
}

_WEBUI = ("listen", "share", "enable-insecure-extension-access")
_TUNNEL_HOSTS = regex(r"(?:^|@)(?:[\w-]+\.)*(?:serveo\.net|localhost\.run|pinggy\.io|srv\.us)$")
_SSH = names("-R -L -D -p -i -o -l -F -J -b -c -e -m -w -W -S -E -B -I -Q -O")


def server_of(found: Invocation, variables: Mapping[str, str]) -> Server | None:
    """The server that `found` starts; None where it starts none.

    `variables`: the script's, for programs that read their address from the environment.
    """
    program, words = found.program, found.words
    if program == "npx" and len(words) > 1:
        program, words = words[1].text.split("@")[0], words[1:]
    if program == "ssh":
        return _ssh(words)
    if program == "python":
        return _script(found)
    table = PROGRAMS.get(program)
    if table is None:
        return None
    if found.module.startswith("vllm.entrypoints"):
        table = Program("vllm", (), table.values, table.switches, table.defaults, table.skips)
    if found.module == "debugpy" and not any(word.text.startswith("--listen") for word in words):
        return None
    return _read(table, words, {**variables, **{name: w.text for name, w in found.settings if w.known}})


def _read(table: Program, words: Sequence[Word], variables: Mapping[str, str]) -> Server | None:
    valued = {*table.values, *table.skips, *([table.bind] if table.bind else [])}
    spelled = frozenset(f"{'-' if len(name) == 1 else '--'}{name}" for name in valued) | {"-b", "-m"}
    operands: list[str] = []
    said: dict[str, str | bool | Word] = {}
    for option in parse(words[1:], spelled):
        if not option.name:
            operands.append(option.word.text)
            continue
        name = _trait(option.name)
        if name in table.values:
            said[table.values[name]] = _value(option.value)
        elif name in table.switches and (option.value is None or option.value.text.lower() != "false"):
            attribute, value = table.switches[name]
            said[attribute] = value
        elif table.bind and name in (table.bind, table.bind[0]) and option.value is not None:
            _bind(option.value, said)
    if table.verbs and (not operands or operands[0] not in table.verbs):
        return None
    if table.name == "ollama" and "OLLAMA_HOST" in variables:
        said["host"] = re.sub(r"^\w+://", "", variables["OLLAMA_HOST"]).rsplit(":", 1)[0]
    if table.name == "debugpy" and "host" not in said:
        said["host"] = "127.0.0.1"
    implied = "host" in table.defaults and "host" not in said
    for attribute, value in table.defaults.items():
        said.setdefault(attribute, value)
    return Server(table.name, _settled(said), implied)


def settled(said: Mapping[str, str | bool | Word]) -> dict[str, str | bool | Word]:
    """Attributes of one Jupyter server from its settings `token`, `password`, `host`, `xsrf-off` and the rest."""
    return _settled(dict(said))


def _settled(said: dict[str, str | bool | Word]) -> dict[str, str | bool | Word]:
    token, password = said.pop("token", None), said.pop("password", None)
    if token is not None or password is not None:
        given = [value for value in (token, password) if value is not None and value != ""]
        if any(not isinstance(value, Word) for value in given):
            said["auth"] = ON
        elif given:
            said["auth"] = given[0]
        elif token == "":
            said["auth"] = ""
    login = said.pop("login", None)
    if login is not None:
        said["auth"] = "" if login == "none" else login
    auth = said.get("auth")
    if isinstance(auth, str) and auth:
        said["auth"] = ON
    off = said.pop("xsrf-off", None)
    if isinstance(off, str | bool):
        said["xsrf"] = str(off).lower() not in ("true", "1")
    for name in ("xsrf", "root", "debug", "share", "cors"):
        value = said.get(name)
        if isinstance(value, str):
            said[name] = value.lower() in ("true", "1", "yes", "on", "")
    if said.pop("cors", None) is False:
        said["allow-origin"] = "*"
    said.pop("target", None)
    said.pop("public-host", None)
    return said


def _value(word: Word | None) -> str | bool | Word:
    if word is None:
        return ""
    if word.holes:
        return word
    # In a Dockerfile's exec form nobody takes the quotes of `--ServerApp.token=''` away; traitlets does.
    return word.text[1:-1] if len(word.text) > 1 and word.text[0] == word.text[-1] in ("'", '"') else word.text


def _trait(option: str) -> str:
    """`--ServerApp.ip` is `ip`; `--server.address` stays."""
    name = option.lstrip("-")
    head, dot, last = name.rpartition(".")
    if dot and head[:1].isupper():
        return last
    return name


def _bind(word: Word, said: dict[str, str | bool | Word]) -> None:
    if word.holes:
        said["host"] = word if word.holes[0][0] == 0 else word.text.rsplit(":", 1)[0]
        return
    host, colon, port = word.text.rpartition(":")
    if not colon:
        host, port = ("", word.text) if word.text.isdigit() else (word.text, "")
    said["host"] = host.strip("[]") or ANYWHERE
    if host == "" and colon == "" and not word.text.isdigit():
        said["host"] = word.text
    if port:
        said["port"] = port


def _ssh(words: Sequence[Word]) -> Server | None:
    """`ssh -R 80:localhost:8888 host`: a reverse tunnel."""
    options = list(parse(words[1:], _SSH))
    if not any(option.name == "-R" for option in options):
        return None
    host = next((option.word.text for option in options if not option.name), "")
    return Server("ssh", {"tunnel": True, "public": _TUNNEL_HOSTS.search(host) is not None})


def _script(found: Invocation) -> Server | None:
    """Programs that people start by their script: the Stable Diffusion and text-generation web interfaces."""
    if not found.arguments or not re.search(
        r"(?:^|/)(?:launch|webui|server|app|main|gradio_\w+)\.py$", found.arguments[0].text
    ):
        return None
    switches = {option.name.lstrip("-"): option.value for option in parse(found.arguments[1:], frozenset())}
    if not any(name in switches for name in _WEBUI):
        return None
    said: dict[str, str | bool | Word] = {}
    if "listen" in switches:
        said["host"] = ANYWHERE
    if "share" in switches:
        said["share"] = True
    if "gradio-auth" in switches or "api-auth" in switches:
        said["auth"] = ON
    return Server("webui", said)
