"""Changes to policies, rules and waivers."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence

from mlgate.cascade import Bundle
from mlgate.governance import Change
from mlgate.loosening import Loosening, longer_waivers, loosenings
from mlgate.model import WaiverCount
from mlgate.waiving import State

STALE = {
    State.INVALID: "does not count",
    State.EXPIRED: "has ended",
    State.GRACE: "has ended",
    State.OVER_LIMIT: "covers none",
}
"""What is to be said of a waiver that somebody has to look at, beside those that nothing needs."""


def loosened(
    before: Bundle, after: Bundle, today: str, released: str, own: Container[str], home: str
) -> Iterator[Change]:
    """What the head's policy admits and the base's does not.

    `released`: how many findings it lets go, in words. `own`: the repository's files; what is said elsewhere (a pin
    that moved) is told in `home`, the file that points there.
    """
    for one in loosenings(before, after, today):
        path, line = _split(one.source)
        words = (("what", one.what), ("was", one.was), ("now", one.now), ("released", released), ("rules", _rules(one)))
        if path in own:
            yield Change(path, line, "policy-loosened", words, one.is_gone)
        else:
            yield Change(home, 1, "policy-loosened", words)


def proposed(before: Bundle, after: Bundle) -> Iterator[Change]:
    """Waivers that the head adds, or lets cover more."""
    known = {waiver.id for waiver in before.waivers}
    for waiver in longer_waivers(before, after):
        path, line = _split(waiver.source)
        verb = "extends" if waiver.id in known else "adds"
        words = (
            ("verb", verb),
            ("id", waiver.id),
            ("waives", waiver.rule),
            ("type", waiver.type),
            ("until", waiver.expires),
            ("owner", waiver.owner),
            ("reason", waiver.reason),
        )
        yield Change(path, line, "waiver-added", words)


def stale(
    waivers: Iterable[WaiverCount], own: Container[str], home: str, *, is_whole: bool
) -> Iterator[tuple[Change, WaiverCount]]:
    """Waivers that somebody has to renew or to clear away.

    `own`: the repository's policy files. A waiver of an organisation is told here only where it covers something here,
    in the file `home`: whether it is needed elsewhere no single repository knows.
    `is_whole`: the findings are those of the whole repository; without them nobody knows that a waiver is not needed.
    """
    for one in waivers:
        path, line = _split(one.waiver.source)
        is_own = path in own
        if one.waiver.proposed or not (is_own or one.covers):
            continue
        state = State(one.state)
        why = STALE.get(state, "")
        if not why and is_whole and not one.covers and state in (State.IN_FORCE, State.EXPIRING):
            why = "is not needed any more"
        if why:
            if not is_own:
                path, line = home, 1
            words = (
                ("id", one.waiver.id),
                ("waives", one.waiver.rule),
                ("why", why),
                ("detail", _detail(one, state)),
                ("owner", one.waiver.owner),
            )
            yield Change(path, line, "waiver-stale", words), one


def _detail(one: WaiverCount, state: State) -> str:
    match state:
        case State.OVER_LIMIT:
            return f"it was written for {one.waiver.limit} findings, and {one.covers} are there"
        case State.EXPIRED | State.GRACE:
            return f"its last day was {one.until}"
        case State.INVALID:
            return "it lacks what the policy requires, such as a ticket"
        case _:
            return "nothing that it names is found"


def _rules(one: Loosening) -> str:
    if not one.rules:
        return ""
    more = len(one.rules) - 3
    return ", ".join(one.rules[:3]) + (f" and {more} more" if more > 0 else "")


def _split(source: str) -> tuple[str, int]:
    path, _, line = source.rpartition(":")
    return path, int(line) if line.isdigit() else 1


def home_of(files: Sequence[str]) -> str:
    """The file of the repository that stands for its policy."""
    return files[0] if files else ".mlgate.yaml"
