"""Texts without the secrets in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from mlgate.detectors import Detector, restore
from mlgate.facts.secret.catalogue import compile_detectors
from mlgate.facts.secret.find import find


def mask(text: str, spans: Iterable[tuple[int, int, str]]) -> str:
    """`text` with each (start, end, preview) replaced by its preview; 0-based offsets, which must not overlap."""
    for start, end, preview in sorted(spans, reverse=True):
        text = text[:start] + preview + text[end:]
    return text


def mask_text(text: str, detectors: Sequence[Detector] | None = None) -> str:
    """`text` with every value masked that a detector claims, examples included; for source lines of all reports.

    Mask first, cut afterwards: half a key is no longer recognised.
    """
    hits = find(text, default_detectors() if detectors is None else detectors)
    return mask(text, ((hit.start, hit.end, hit.preview) for hit in hits)) if hits else text


@lru_cache(maxsize=1)
def default_detectors() -> tuple[Detector, ...]:
    """Compiled anew, for callers without a cache. Imports detect_secrets."""
    return restore(compile_detectors())
