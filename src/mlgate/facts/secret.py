"""Secrets in the decoded text of cells: found, judged, and never handed on."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from mlgate import placeholders
from mlgate.detectors import BORROWED, MAX_NEAR, NAMED, OURS, Borrowed, Detector, Form, restore
from mlgate.gate import KEY_CHARACTERS, MIN_KEY
from mlgate.model import (
    Atom,
    Cell,
    Confidence,
    Entries,
    Extraction,
    Fact,
    Items,
    Local,
    Span,
    Template,
    Value,
)
from mlgate.patterns import Word, bounded, cover, literals, telling

MAX_BORROWED = 128
"""Upper bound of an open repeat in a pattern of detect-secrets, in code points."""
MIN_REDACTED = 6
"""Shortest value that any detector takes, in code points."""
MIN_ECHO = 16
"""Shortest value that is looked for again elsewhere in the document, in code points."""

# --- the catalogue, when it is compiled ------------------------------------------------------------------------------


def compile_detectors() -> dict[str, Any]:
    """Every detector as JSON-able data, and the words of the gate. Imports detect_secrets: 140 ms, so keep the result.

    `gate` is for `mlgate.gate.opened`: where `admits` says no, no detector matches.
    """
    plugins = _denylists()
    borrowed = [form for taken in BORROWED for form in _borrow(taken, plugins)]
    # Of two equally sure detectors the first has the text: a name alone comes last.
    entries = [_entry(form) for form in (*OURS, *borrowed, *NAMED)]
    keys = [Word(*word) for entry in entries for word in entry["exact"] if _is_key(*word)]
    exact = [Word(text) for entry in entries for text, tail in entry["exact"] if not _is_key(text, tail)]
    folded = [Word(text) for entry in entries for text, _ in entry["folded"]]
    gate = {"keys": cover(keys), "exact": cover(_raw(exact)), "folded": cover(_raw(folded))}
    return {
        "detectors": entries,
        "gate": {
            "keys": [list(word) for word in gate["keys"]],
            "exact": [[word.text] for word in gate["exact"]],
            "folded": [[word.text] for word in gate["folded"]],
        },
    }


def _is_key(text: str, tail: int) -> bool:
    return len(text) + tail >= MIN_KEY and set(text.encode()) <= set(KEY_CHARACTERS) and tail > 0


def _raw(words: list[Word]) -> list[Word]:
    """With the words as raw JSON has them once its backslashes are removed."""
    return [*words, *(Word(text.replace("\\", "")) for text, _ in words)]


def _entry(form: Form) -> dict[str, Any]:
    insensitive = bool(form.flags & re.IGNORECASE)
    own = literals(form.pattern, form.flags | re.ASCII)
    near = literals(form.near, re.IGNORECASE | re.ASCII) if form.near else ()
    words, folded = (near, True) if telling(near) > telling(own) else (own, insensitive)
    userinfo = form.judge == "url"
    if not words and not userinfo:
        raise ValueError(f"detector {form.id}: its pattern promises no word")
    return {
        "id": form.id,
        "pattern": form.pattern,
        "flags": int(form.flags | re.ASCII),
        "group": form.group,
        "confidence": int(form.confidence),
        "near": form.near,
        "milder": form.milder,
        "because": form.because,
        "shown": list(form.shown),
        "floor": form.floor,
        "judge": form.judge,
        "exact": [] if folded or userinfo else [list(word) for word in words],
        "folded": [list(word) for word in words] if folded and not userinfo else [],
        "userinfo": userinfo,
    }


def _borrow(taken: Borrowed, plugins: Mapping[str, Sequence[re.Pattern[str]]]) -> list[Form]:
    return [
        Form(
            taken.id,
            bounded(pattern.pattern, MAX_BORROWED),
            taken.group,
            taken.confidence,
            pattern.flags & re.IGNORECASE,
            taken.near,
            taken.shown,
            taken.floor,
            taken.judge,
            taken.milder,
            taken.because,
        )
        for place, pattern in enumerate(plugins[taken.plugin])
        if not taken.pick or place in taken.pick
    ]


def _denylists() -> dict[str, Sequence[re.Pattern[str]]]:
    """The patterns of the detectors of detect-secrets that are used, by class.

    Classes only: its scanner skips a file with one byte of another encoding, its settings are global, and its pragma
    and baseline would let a developer wave a secret through.
    """
    from detect_secrets.plugins import (
        aws,
        azure_storage_key,
        basic_auth,
        cloudant,
        discord,
        github_token,
        gitlab_token,
        ibm_cloud_iam,
        ibm_cos_hmac,
        mailchimp,
        npm,
        openai,
        pypi_token,
        sendgrid,
        slack,
        softlayer,
        square_oauth,
        stripe,
        telegram_token,
        twilio,
    )

    used: tuple[type[Any], ...] = (
        aws.AWSKeyDetector,
        azure_storage_key.AzureStorageKeyDetector,
        basic_auth.BasicAuthDetector,
        cloudant.CloudantDetector,
        discord.DiscordBotTokenDetector,
        github_token.GitHubTokenDetector,
        gitlab_token.GitLabTokenDetector,
        ibm_cloud_iam.IbmCloudIamDetector,
        ibm_cos_hmac.IbmCosHmacDetector,
        mailchimp.MailchimpDetector,
        npm.NpmDetector,
        openai.OpenAIDetector,
        pypi_token.PypiTokenDetector,
        sendgrid.SendGridDetector,
        slack.SlackDetector,
        softlayer.SoftlayerDetector,
        square_oauth.SquareOAuthDetector,
        stripe.StripeDetector,
        telegram_token.TelegramBotTokenDetector,
        twilio.TwilioKeyDetector,
    )
    return {plugin.__name__: tuple(plugin.denylist) for plugin in used}


# --- finding ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hit:
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


ESCAPED = re.compile(r"(?:\\[nrtbfv0]|\x1b\[[0-9;]{0,8}m|\\(?:x1b|u001b|033)\[[0-9;]{0,8}m|%[0-9A-Fa-f]{2})$")
"""What may touch a key from the left although it ends in a letter: an escape in a string, a colour, URL encoding."""
BASE64 = re.compile(r"[A-Za-z0-9+/=]{0,80}")
MAX_BLOB = 40
"""More base64 than this around a match, in code points, makes it a stretch of an image or archive."""
IDENTIFIER = re.compile(r"[A-Za-z0-9_.-]{0,60}$")
NOT_SECRET = re.compile(
    r"(?:next|page|pagination|continuation|sync|start|end|pad|eos|bos|unk|sep|cls|mask|special|image|video|audio|prefix|"
    r"suffix|stop|trigger|initializer|placeholder|csrf|idempotency|client_?request|resume|cursor|speech|delimiter|"
    r"class|instance|modifier|split|each|new|per|skip|client|creation|update|lock|upload|download|nonce|request)[_-]?tokens?$|"
    r"(?:public|primary|foreign|partition|sort|cache|object|row|route)[_-]?key$|(?:has|is|no|use|show|hide|forgot|reset)[_-]",
    re.IGNORECASE,
)
"""Names that end like a secret's and hold none."""
NAME = re.compile(r"[^A-Za-z0-9_-]")
BY_NAME = "known by its name only"
PROSE = re.compile(
    r"example|e\.g\.|sample|dummy|fake|placeholder|for instance|something like|looks like|such as|default", re.IGNORECASE
)
MADE_FOR_TESTS = frozenset({"generic-password", "basic-auth-url", "database-url", "presigned-url", "jwt", "jupyter-token"})
"""Kinds that tests make up or record all the time; the others keep their confidence there."""
TEST_PATH = re.compile(r"(?:^|/)(?:tests?|testing|fixtures?|mocks?)/|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.\w+$")


def find(text: str, detectors: Sequence[Detector]) -> tuple[Hit, ...]:
    """Every value in `text` that some detector takes for a secret or for an example of one, in order, without overlaps.

    Where two detectors claim the same text, the surer one has it, then the one that stands first in the table.
    """
    lowered = text.lower()
    hits = []
    for detector in detectors:
        if not present(detector, text, lowered):
            continue
        for match in detector.pattern.finditer(text):
            hit = _judge(detector, match)
            if hit is not None:
                hits.append(hit)
    chosen: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (-hit.confidence, bool(hit.placeholder))):
        if all(hit.end <= other.start or other.end <= hit.start for other in chosen):
            chosen.append(hit)
    return tuple(sorted(chosen, key=lambda hit: hit.start))


def present(detector: Detector, text: str, lowered: str) -> bool:
    """False: `detector` cannot match in `text`."""
    if detector.userinfo:
        return "://" in text and "@" in text
    return any(word in text for word in detector.exact) or any(word in lowered for word in detector.folded)


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
        placeholder, confidence, why = placeholders.made_up(value, user), detector.confidence, "a password by its place only"
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


# --- facts -----------------------------------------------------------------------------------------------------------


def extract(cells: Sequence[tuple[int, Cell]], detectors: Sequence[Detector], path: str) -> Extraction:
    """One `secret` fact for every hit in `cells`, given with their 0-based places in the document.

    A value found in one cell is found again wherever else it stands: an output echoes what a cell defines.
    Facts say kind, length, 16 bits of a hash and whether it looks like an example; never the value.
    """
    facts: list[Fact] = []
    seen: dict[str, Hit] = {}
    taken: dict[int, list[tuple[int, int]]] = {}
    for place, cell in cells:
        for hit in find(cell.text, detectors):
            facts.append(_fact(place, cell, hit, path))
            taken.setdefault(place, []).append((hit.start, hit.end))
            if hit.end - hit.start >= MIN_ECHO and not hit.placeholder and "\n" not in cell.text[hit.start : hit.end]:
                seen.setdefault(cell.text[hit.start : hit.end], hit)
    for value, hit in seen.items():
        for place, cell in cells:
            start = cell.text.find(value)
            while start >= 0:
                end = start + len(value)
                if not any(one < end and start < other for one, other in taken.get(place, ())):
                    facts.append(_fact(place, cell, replace(hit, start=start, end=end), path))
                    taken.setdefault(place, []).append((start, end))
                start = cell.text.find(value, end)
    return Extraction(tuple(sorted(facts, key=lambda fact: fact.span)))


def _fact(place: int, cell: Cell, hit: Hit, path: str) -> Fact:
    use = _use(cell, hit.start)
    confidence, why = hit.confidence, hit.why
    if use in ("comment", "docstring", "prose") and PROSE.search(_line_around(cell.text, hit.start, hit.end)):
        confidence, why = Confidence(max(Confidence.LOW, confidence - 1)), f"stands in a {use} that speaks of an example"
    elif hit.id in MADE_FOR_TESTS and TEST_PATH.search(path):
        confidence, why = Confidence.LOW, "stands in a test"
    value = cell.text[hit.start : hit.end]
    digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:4]
    attributes = {
        "placeholder": Value((bool(hit.placeholder),)),
        "use": Value((use,)),
        "length": Value((len(value),)),
        "digest": Value((digest,)),
        "preview": Value((hit.preview,)),
    }
    return Fact("secret", hit.id, _span(place, cell.text, hit), attributes=attributes, confidence=confidence, why=why)


def _use(cell: Cell, offset: int) -> str:
    """What the text around is: `prose`, `output`, `metadata`, `comment`, `docstring` or `code`."""
    kinds = {"markdown": "prose", "raw": "prose", "output": "output", "metadata": "metadata"}
    if cell.kind in kinds:
        return kinds[cell.kind]
    if cell.language == "markdown":
        return "prose"
    line = cell.text[cell.text.rfind("\n", 0, offset) + 1 : offset]
    if re.match(r"\s*(?:#|//|--)", line) or re.search(r"\s#\s", line):
        return "comment"
    if cell.language == "python" and (cell.text.count('"""', 0, offset) % 2 or cell.text.count("'''", 0, offset) % 2):
        return "docstring"
    return "code"


def _line_around(text: str, start: int, end: int) -> str:
    """The lines of the hit and the one above, without the hit."""
    first = text.rfind("\n", 0, max(0, text.rfind("\n", 0, start))) + 1
    last = text.find("\n", end)
    return text[max(first, start - 400) : start] + text[end : (last if last >= 0 else len(text))][:400]


def _span(place: int, text: str, hit: Hit) -> Span:
    line, column = _position(text, hit.start)
    end_line, end_column = _position(text, hit.end)
    return Span(place, line, column, end_line, end_column)


def _position(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


# --- masking ---------------------------------------------------------------------------------------------------------


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


def redactor(cells: Sequence[tuple[int, Cell]], detectors: Sequence[Detector]) -> Callable[[str], str]:
    """A function that masks, in any text, the values found in `cells` and what a detector claims in the text itself.

    A call's argument has lost the name that made it a secret, and a folded string was a key in no cell. The values
    live in the function alone.
    """
    values: dict[str, str] = {}
    for _, cell in cells:
        for hit in find(cell.text, detectors):
            if not hit.placeholder or hit.preview != "***":
                values[cell.text[hit.start : hit.end]] = hit.preview
    longest_first = sorted(values.items(), key=lambda entry: -len(entry[0]))
    known: dict[str, str] = {}

    def redact(text: str) -> str:
        if len(text) < MIN_REDACTED:
            return text
        if text not in known:
            masked = text
            for value, preview in longest_first:
                masked = masked.replace(value, preview)
            # What stands in a cell as it is has been looked at there.
            known[text] = masked if any(text in cell.text for _, cell in cells) else mask_text(masked, detectors)
        return known[text]

    return redact


def redacted(fact: Fact, redact: Callable[[str], str]) -> Fact:
    """`fact` with every string that it holds passed through `redact`: before it is cached, judged or shown."""
    if fact.kind == "secret":
        return fact
    return replace(
        fact,
        name=redact(fact.name),
        args={name: _redacted_value(value, redact) for name, value in fact.args.items()},
        attributes={name: _redacted_value(value, redact) for name, value in fact.attributes.items()},
        why=redact(fact.why),
    )


def _redacted_value(value: Value, redact: Callable[[str], str]) -> Value:
    return Value(
        tuple(_redacted_atom(atom, redact) for atom in value.options),
        redact(value.unknown),
        tuple(_redacted_atom(atom, redact) for atom in value.defaults),
    )


def _redacted_atom(atom: Atom, redact: Callable[[str], str]) -> Atom:
    match atom:
        case str():
            return redact(atom)
        case Local(text):
            return Local(redact(text))
        case Template(parts):
            return Template(tuple(part if part is None else redact(part) for part in parts))
        case Items(items):
            return Items(tuple(_redacted_value(item, redact) for item in items))
        case Entries(entries, open=more):
            return Entries(tuple((redact(key), _redacted_value(item, redact)) for key, item in entries), more)
        case _:
            return atom
