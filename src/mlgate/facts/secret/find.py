"""Where secrets stand in a text, and whether each may be real."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from msgspec import Struct

from mlgate import placeholders
from mlgate.detectors import MAX_NEAR, Detector, Detectors
from mlgate.model import Confidence
from mlgate.regex import regex


class Hit(Struct, frozen=True):
    """One value in one text: where it stands and what it is. It holds no part of the value."""

    start: int
    """0-based offset in the text, in code points."""
    end: int
    id: str
    confidence: Confidence
    placeholder: str
    """Why it is an example; empty where it may be real."""
    why: str
    """Why confidence is not high."""
    preview: str


ESCAPED = regex(r"(?:\\[nrtbfv0]|\x1b\[[0-9;]{0,8}m|\\(?:x1b|u001b|033)\[[0-9;]{0,8}m|%[0-9A-Fa-f]{2})$")
"""What may touch a key from the left although it ends in a letter: an escape in a string, a colour, URL encoding."""
BASE64 = re.compile(r"[A-Za-z0-9+/=]{0,80}")
MAX_BLOB = 40
"""More base64 than this around a match, in code points, makes it a stretch of an image or archive."""
IDENTIFIER = regex(r"[A-Za-z0-9_.-]{0,60}$")
NOT_SECRET = regex(
    r"(?:next|page|pagination|continuation|sync|start|end|pad|eos|bos|unk|sep|cls|mask|special|image|video|audio|"
    r"prefix|suffix|stop|trigger|initializer|placeholder|csrf|idempotency|client_?request|resume|cursor|speech|"
    r"delimiter|class|instance|modifier|split|each|new|per|skip|client|creation|update|lock|upload|download|nonce|"
    r"request)[_-]?tokens?$|"
    r"(?:public|primary|foreign|partition|sort|cache|object|row|route)[_-]?key$|"
    r"(?:has|is|no|use|show|hide|forgot|reset)[_-]",
    re.IGNORECASE,
)
"""Names that end like a secret's and hold none."""
NAME = regex(r"[^A-Za-z0-9_-]")
BY_NAME = "known by its name only"


def find(text: str, detectors: Sequence[Detector]) -> tuple[Hit, ...]:
    """Every value in `text` that some detector takes for a secret or for an example of one, in order, without overlaps.

    Where two detectors claim the same text, the surer one has it, then the one that stands first in the table.
    """
    hits = []
    several = detectors.for_text(text) if isinstance(detectors, Detectors) else Detectors(detectors).for_text(text)
    for detector in several:
        for match in detector.pattern.finditer(text):
            hit = _judge(detector, match)
            if hit is not None:
                hits.append(hit)
    return tuple(apart(sorted(hits, key=lambda hit: (-hit.confidence, bool(hit.placeholder)))))


def apart(hits: Iterable[Hit]) -> list[Hit]:
    """The hits, best first, without those that overlap an earlier one; in the order of the text."""
    chosen: list[Hit] = []
    for hit in hits:
        place = bisect_right(chosen, hit.start, key=lambda one: one.start)
        before, after = chosen[place - 1 : place] if place else [], chosen[place : place + 1]
        if all(one.end <= hit.start for one in before) and all(hit.end <= one.start for one in after):
            chosen.insert(place, hit)
    return chosen


def _judge(detector: Detector, match: re.Match[str]) -> Hit | None:
    """The match as a hit; None where it is something else altogether."""
    text, (start, end) = match.string, match.span(detector.group)
    if start < 0 or start == end:
        return None
    value = text[start:end]
    if detector.group == 0 and not _stands_alone(text, start, end):
        return None
    around = text[max(0, start - MAX_NEAR) : end + MAX_NEAR]
    if detector.near is not None and not detector.near.search(around):
        return None
    preview = next((prefix for prefix in detector.shown if value.startswith(prefix)), "")
    if detector.judge in ("token", "password"):
        judged = _assigned(detector, match, value)
        if judged is None:
            return None
        placeholder, confidence, why = judged
    elif detector.judge == "url":
        user = text[match.start() : start].rpartition("://")[2].rstrip(":")
        placeholder, confidence, why = (
            placeholders.made_up(value, user),
            detector.confidence,
            "a password by its place only",
        )
    else:
        body = value[len(preview) :]
        placeholder = placeholders.example(body, detector.floor) if detector.judge == "key" else ""
        if detector.judge == "block" and placeholders.WORDS.search(body):
            placeholder = "holds a word of examples"
        confidence, why = detector.confidence, "known by what stands beside it"
    if detector.milder is not None and confidence > Confidence.MEDIUM and detector.milder.search(around):
        confidence, why = Confidence.MEDIUM, detector.because
    return Hit(
        start, end, detector.id, confidence, placeholder, "" if confidence is Confidence.HIGH else why, preview + "***"
    )


def _assigned(detector: Detector, match: re.Match[str], value: str) -> tuple[str, Confidence, str] | None:
    """Placeholder, confidence and reason of a value that only its name makes a secret; None where it is none."""
    text, start = match.string, match.start()
    name = IDENTIFIER.search(text[max(0, start - 60) : start])
    binding = text[start : match.start(detector.group)]
    named = (name[0] if name else "") + NAME.split(binding, maxsplit=1)[0]
    if NOT_SECRET.search(named) or placeholders.reference(value):
        return None
    if detector.judge == "password":
        placeholder = placeholders.made_up(value)
        # `["user", "password", "host"]` is a list of names.
        return None if placeholder and "," in binding else (placeholder, detector.confidence, BY_NAME)
    if not placeholders.random(value):
        return None
    if placeholders.UUID.match(value):
        return placeholders.example(value, 0.0), Confidence.LOW, "a UUID, known by its name only"
    return placeholders.example(value, 0.0), detector.confidence, BY_NAME


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether the match is neither part of a longer word nor a stretch of something encoded."""
    if end < len(text) and (text[end].isalnum() or text[end] == "_") and text[end].isascii():
        return False
    if start and (text[start - 1].isalnum() or text[start - 1] == "_") and text[start - 1].isascii():
        return ESCAPED.search(text, max(0, start - 14), start) is not None
    left = BASE64.match(text[max(0, start - 80) : start][::-1])
    right = BASE64.match(text, end)
    return (left.end() if left else 0) + (right.end() - end if right else 0) <= MAX_BLOB
