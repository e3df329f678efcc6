"""mlgate with the policy that this repository holds as its root."""

from __future__ import annotations

import sys
from pathlib import Path

from mlgate.quick import main as mlgate

BUNDLE = Path(__file__).parent / "bundle"


def main() -> int:
    """`acme-mlgate VERB …` is `mlgate VERB --policy BUNDLE …`. Exit code."""
    sys.argv[2:2] = ["--policy", str(BUNDLE)]
    return mlgate()
