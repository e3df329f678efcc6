"""Where the files that travel with mlgate are: policies and schemas."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """The shipped file or folder `name`, such as `policies` or `schemas/policy.schema.json`.

    In an installed wheel they stand inside the package, in a source checkout beside `src`.
    """
    installed = _HERE / name
    return installed if installed.exists() else _HERE.parents[1] / name
