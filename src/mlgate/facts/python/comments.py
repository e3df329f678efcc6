"""Addresses of databases that stand in comments: whoever reads the code learns where the data is, and as whom."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator

from mlgate.regex import regex

_ADDRESS = regex(
    r"(?<![\w.+-])(?:postgres|postgresql|redshift|mysql|mariadb|mssql|oracle|mongodb|snowflake|clickhouse)"
    r"(?:\+\w+)?://[^\s\"'`<>]+@[^\s\"'`<>]+"
)
_USERINFO = regex(r"://[^\s\"'`<>]+@")
"""A part of an address that is found sooner than its beginning."""


def addresses(text: str) -> Iterator[tuple[int, int, str]]:
    """(Line, column, address), both from 1; nothing where the text is no Python."""
    if "#" not in text or _USERINFO.search(text) is None or _ADDRESS.search(text) is None:
        return
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                for found in _ADDRESS.finditer(token.string):
                    yield token.start[0], token.start[1] + found.start() + 1, found.group()
    except (tokenize.TokenError, SyntaxError):
        return  # What was found before the fault stands.
