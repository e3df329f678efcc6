"""Tables of BigQuery that are named outside SQL: `TABLE = "project.dataset.table"` in code that has a client."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mlgate.facts.python.scopes import Outline, Site
from mlgate.facts.python.texts import plain
from mlgate.facts.python.values import Evaluator
from mlgate.model import Ref
from mlgate.regex import regex

_NAMED = regex(r"(?:^|[_.])(?:bq|bigquery|tables?)(?:[_.]|$)", re.IGNORECASE)
_TABLE = regex(r"`?((?:[A-Za-z0-9]|\{…\})(?:[\w-]|\{…\})*(?:\.(?:\w|\{…\})+){1,2}\.(?:\w|\{…\}|\$)*\w)`?")


def tables(found: Outline, evaluator: Evaluator) -> Iterator[tuple[Site, str]]:
    """Texts that a name such as `table_id` is given, as the address `bq://project.dataset.table`."""
    if not any(map(_is_table, found.strings)) or not _has_client(found, evaluator):
        return
    for site in found.strings:
        if _is_table(site):
            assert isinstance(site.node, ast.expr)
            for option in evaluator.known(site.node, site.here).options:
                table = _TABLE.fullmatch(plain(option) or "")
                if table is not None:
                    yield site, f"bq://{table[1]}"


def _is_table(site: Site) -> bool:
    return site.use in ("other", "argument") and _NAMED.search(site.keyword) is not None


def _has_client(found: Outline, evaluator: Evaluator) -> bool:
    return "google" in found.libraries and any(
        option == Ref("google.cloud.bigquery.Client")
        for site in found.calls_of("Client")
        if isinstance(site.node, ast.Call)
        for option in evaluator.known(site.node.func, site.here).options
    )
