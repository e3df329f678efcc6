"""How a notebook's JSON is read; loading and locating must agree on it."""

from __future__ import annotations

import json

_LONGEST_INTEGER = 4_000
"""In digits. Python refuses longer ones than 4,300 (CVE-2020-10735), which must not lose the notebook."""


def _integer(digits: str) -> int:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else 0


DECODER = json.JSONDecoder(parse_int=_integer)
