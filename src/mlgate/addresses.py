"""Addresses that stand as values outside of code: in configuration, `.env` files and Dockerfiles."""

from __future__ import annotations

import re
from functools import lru_cache

from mlgate.model import HOLE, Confidence, Fact, Span, Value
from mlgate.regex import regex

_ADDRESS = regex(r"(?:[A-Za-z][A-Za-z0-9+._-]{0,40}:|/dbfs/)\S+")
"""A scheme and no blank: a sentence that mentions an address is none."""
_VARIABLE = regex(r"\$?\{\{[^{}\n]*\}\}|\$?\{[^{}\n]*\}|\$\w+|<[A-Za-z][\w -]*>")
"""`${NAME}`, `{{ name }}`, `{name}`, `$NAME` and `<name>`, of which the text is not known here."""
_PASSWORD = regex(r"(?<=://)([^/@\s:]*):[^/@\s]+@")
_FOR_READERS = regex(
    r"(?i)(?:.*[_-])?(?:descriptions?|titles?|summary|comments?|notes?|help|hint|message|docs?|documentation|doc_?urls?|"
    r"homepage|website|references?|examples?|placeholder|license|citation|citations|bibtex|readme|changelog|\$schema|"
    r"\$id|\$ref|schema|xmlns|pattern|regex)"
)
"""Keys whose texts people or tools read; nothing is taken from the addresses there."""
_LINK = regex(r"(?i)https?://")
_DATA = regex(
    r"(?i)data|path|files?(?![a-z])|uri|source|input|output|train|valid|eval|bucket|store|model|weights|checkpoint"
)
"""Keys under which a web address is something that is read; elsewhere it may be a page, a picture or an endpoint."""


def address(text: str, key: str, span: Span, searches: tuple[str, ...]) -> Fact | None:
    """The fact `string` that `key` holds an address that one of `searches` is met in; None where it holds none.

    `use` is `configuration`, `link`, or `message` where the address is for readers. Passwords are left out.
    Medium at most: what a file of settings says is a default.
    """
    text = text.strip()
    if _ADDRESS.fullmatch(text) is None:
        return None
    text = _PASSWORD.sub(r"\1:***@", _VARIABLE.sub(HOLE, text))
    if not any(search.search(text) for search in _compiled(searches)):
        return None
    attributes = {"use": Value((_use(text, key),)), "keyword": Value((key,))}
    why = f"default of `{key}`" if key else "default of a configuration file"
    return Fact("string", text, span, attributes=attributes, confidence=Confidence.MEDIUM, why=why)


def _use(text: str, key: str) -> str:
    if _FOR_READERS.fullmatch(key) is not None:
        return "message"
    return "link" if _LINK.match(text) is not None and _DATA.search(key) is None else "configuration"


@lru_cache(maxsize=8)
def _compiled(searches: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(map(re.compile, searches))
