"""What IPython's magics, and those of its common extensions, take and do.

Sources: IPython 8 and 9 (core/magics), memory_profiler, line_profiler, sparkmagic, JupySQL, Databricks' notebook docs.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STATEMENTS = {
    "time": "",
    "timeit": "n:r:p:tcqov",
    "prun": "D:l:s:T:rq",
    "memit": "r:t:i:co",
    "mprun": "f:T:rc",
    "lprun": "f:m:D:T:u:z:rs",
    "snakeviz": "f:tH:p:",
    "heat": "o:",
    "px": "",
    "pyinstrument": "",
    "scalene": "",
    "debug": "b:",
}
"""Magics that run the Python behind them on the line, and their options in the manner of getopt."""

SHELL = frozenset({"sx", "system", "!"})
"""What follows on the line is given to a shell."""

PROGRAMS = _words("pip pip3 conda mamba micromamba uv tensorboard")
"""The whole line, name included, is a command line."""

ALIASES = _words("cat cp ldir less ll ls lx man mkdir more mv rm rmdir")
"""Shell commands that IPython defines as magics."""

SHELL_CELLS = _words("bash sh zsh shell system sx ! cmd powershell pwsh")

PYTHON_PROCESSES = _words("python python2 python3 pypy pypy3")
"""Cells that another Python runs."""

WRITERS = _words("writefile file")

SQL = _words("sql bigquery sparksql bq_sql snowflake duckdb read_sql")

TEXTS = _words(
    "HTML html svg SVG javascript js typescript ts node deno css latex markdown md md-sandbox ai configure "
    "R r julia perl ruby lua cpp c c++ cu cuda nvcc nvcc_plugin rust go scala java kotlin octave matlab stata sas "
    "fortran mermaid dot graphviz plantuml cypher sparql"
)
"""Cells in a language that is none of ours."""

DATABRICKS = _words("sh md md-sandbox scala r fs python sql")
"""In Databricks these magics have one percent sign and take the whole cell."""

INSTALLS = {
    "pip": "install download uninstall freeze list show config wheel",
    "pip3": "install download uninstall freeze list show config wheel",
    "conda": "install create update env config remove activate uninstall",
    "mamba": "install create update env config remove activate uninstall",
    "micromamba": "install create update env config remove activate uninstall",
    "uv": "pip add sync run venv tool",
}
"""Bare commands, without `%`, and their verbs. IPython runs them (automagic) where they are a whole cell."""

AUTOMAGIC = frozenset(STATEMENTS) | _words("run load load_ext reload_ext env set_env cd matplotlib sx system")
"""Bare magics of a cell that has one line."""

MAX_STACKED = 20
"""Most cell magics above each other that are read; no cell of 3,200 public notebooks has more than two."""
