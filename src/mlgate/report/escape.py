"""Text that others wrote, made safe to show: it cannot move the cursor, hide or reorder text, or forge a line."""

from __future__ import annotations

import json
import re
import unicodedata

from mlgate.regex import regex

MAX_COMBINING = 4
"""Most combining marks kept on one letter; Vietnamese and Hebrew need three, a stack of fifty covers other lines."""

JOINER = "\u200d"

_SHORT = {"\n": r"\n", "\r": r"\r", "\x1b": r"\x1b"}

# NOTE: build services run what they find in a log. GitHub's runner takes `##[name]` anywhere in a line and `::name::`
# at its start (src/Runner.Common/ActionCommand.cs), Azure Pipelines `##vso[…]`, TeamCity `##teamcity[…]`.
_COMMAND = regex(r"##(?=\w*\[)")
_BEYOND_ASCII = regex(r"[^\x00-~]")
_COMMAND_LINE = regex(r"^(\s*):(?=:)")

_ASCII = str.maketrans(
    {
        "·": "-", "…": "...", "–": "-", "—": "--", "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'",
        "×": "x", "→": "->", "←": "<-", "≥": ">=", "≤": "<=", "≠": "!=", "•": "*", "−": "-", "«": '"', "»": '"',
    }
)  # fmt: skip


def visible(text: str) -> str:
    """`text` as one line without control, format, bidi, private or unassigned characters.

    Those become escapes such as `\\x1b` or `\\u202e`. Blanks of any kind become a plain blank, a joiner between emoji
    stays. Backslashes are left alone: the result is for eyes, not for reading back.
    """
    if not text.isprintable() or not text.isascii():
        text = "".join(_visible(text))
    return _COMMAND.sub(r"#\\x23", text)


def _visible(text: str) -> list[str]:
    shown: list[str] = []
    marks = MAX_COMBINING
    for place, sign in enumerate(text):
        category = unicodedata.category(sign)
        if category in ("Mn", "Me"):
            marks += 1
            shown.append(sign if marks <= MAX_COMBINING else _escaped(sign))
            continue
        marks = 0
        if sign == "\t" or category == "Zs":
            shown.append(" ")
        elif sign.isprintable() or (sign == JOINER and _joins(text, place)):
            shown.append(sign)
        else:
            shown.append(_escaped(sign))
            marks = MAX_COMBINING
    return shown


def _joins(text: str, place: int) -> bool:
    before, after = text[:place].rstrip("\ufe0f")[-1:], text[place + 1 : place + 2]
    return bool(before and after) and all(unicodedata.category(sign) in ("So", "Sk") for sign in (before, after))


def _escaped(sign: str) -> str:
    code = ord(sign)
    if code <= 0xFF:
        return _SHORT.get(sign, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def in_ascii(text: str) -> str:
    """`text` with typographic signs spelled out and other letters as escapes."""
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def no_command(line: str) -> str:
    """`line` that no build service takes for a workflow command, one column longer where it would have been one."""
    return _COMMAND_LINE.sub(r"\1: ", line)


def json_text(data: object) -> str:
    """`data` as indented JSON with a newline at its end, readable and safe to print.

    Letters stay as they are; what `visible` would escape is written as JSON escape, so the value is the same. Lone
    surrogates, which UTF-8 cannot carry and strict readers refuse, become the six characters `\\udc80`.
    """
    text = json.dumps(data, ensure_ascii=False, indent=2)
    text = _COMMAND.sub(r"\\u0023#", text)
    return _BEYOND_ASCII.sub(_json_safe, text) + "\n"


def _json_safe(found: re.Match[str]) -> str:
    sign = found.group()
    category = unicodedata.category(sign)
    if category == "Cs":
        return f"\\\\u{ord(sign):04x}"
    if category in ("Cc", "Cf", "Zl", "Zp"):
        return json.dumps(sign)[1:-1] if sign != "\x7f" else r"\u007f"
    return sign
