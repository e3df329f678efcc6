"""What a setting is judged by besides its value: the revision that belongs to it, and other keys that rules ask for."""

from __future__ import annotations

from collections.abc import Mapping

from mlgate.model import Entries, Value
from mlgate.regex import regex

_WORD = regex(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
_OF = frozenset({"of", "revision"})


def described(
    key: str, value: Value, said: Mapping[str, Value], asked: frozenset[str], elsewhere: str = ""
) -> dict[str, Value]:
    """The attributes of the setting `key`: `value`, `beside`, and `revision` where one belongs to it.

    `said`: what the same mapping, environment or file says, by key. `asked`: keys that rules want to see in `beside`.
    `elsewhere`: the key that brings in more than is written here (`env_file`).
    """
    others = tuple((name, one) for name, one in said.items() if name in asked and name != key)
    attributes = {"value": value, "beside": Value((Entries(others, bool(elsewhere)),))}
    revision = revision_of(key, said)
    if revision is not None:
        attributes["revision"] = revision
    elif elsewhere:
        attributes["revision"] = Value((), f"`{elsewhere}` may hold a revision")
    return attributes


def revision_of(key: str, said: Mapping[str, Value]) -> Value | None:
    """`model_revision` or `revision_of_model` for `model_name_or_path`, `HF_MODEL_REVISION` for `HF_MODEL_ID`.

    A plain `revision` belongs to every key that has none of its own.
    """
    own = _words(key)
    fitting = [
        (len(rest), value)
        for name, value in said.items()
        if "revision" in name.lower() and name != key and _belongs(rest := _words(name), own, key)
    ]
    return max(fitting, key=lambda one: one[0])[1] if fitting else None


def _belongs(rest: tuple[str, ...], own: tuple[str, ...], key: str) -> bool:
    """Variables of an environment name their owner first: `MODEL_REVISION` says nothing of `HF_MODEL_ID`."""
    return own[: len(rest)] == rest if key.isupper() else set(rest) <= set(own)


def _words(key: str) -> tuple[str, ...]:
    """The words of a key but for those that say that it is a revision."""
    return tuple(word.lower() for word in _WORD.findall(key) if word.lower() not in _OF)
