"""What tells a credential from an example of one: why a value cannot be somebody's secret."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from itertools import pairwise

from mlgate.regex import regex

WORDS = regex(
    r"exampl|sample|mock|dec0ded|placeholder|your|dummy|fake|change[-_]?me|redacted|replace|insert|not[-_]?a?[-_]?real|"
    r"xxxx|secret|token|p[a@][s5$]{2}w|api[-_]?key|abcdef|qwerty|foobar|foo[-_]|todo|deadbeef|goes[-_]?here|test|<|>|"
    r"\*{3}|\.{3}|…|"
    r"IOSFODNN7|wJalrXUtn|pvaG4gRG9l",  # AWS's documented pair, and base64 of the John Doe of jwt.io
    re.IGNORECASE,
)
"""Words of which a random key of 40 base-62 characters holds one by chance in less than one case of 10,000."""

DOCUMENTED = frozenset(
    {
        "7827ebc8733e7111",  # huggingface_hub, tests/testing_constants.py: users of hub-ci
        "501dda00fdbe42e0",
        "0011cc25eb432071",  # Azurite and the Azure storage emulator: devstoreaccount1
        "aa6547439583c3a2",  # the Azure Cosmos DB emulator
    }
)
"""First 16 hex digits of the SHA-256 of keys that vendors print in their documentation."""

WEAK = frozenset(
    [
        "admin",
        "administrator",
        "airflow",
        "changeit",
        "changeme",
        "default",
        "demo",
        "docker",
        "guest",
        "hello",
        "letmein",
        "minio",
        "minioadmin",
        "mongo",
        "mysql",
        "neo4j",
        "none",
        "null",
        "pass",
        "password",
        "postgres",
        "postgresql",
        "pw",
        "pwd",
        "rabbitmq",
        "redis",
        "root",
        "secret",
        "superset",
        "sys",
        "system",
        "test",
        "user",
        "username",
        "welcome",
    ]
)
"""Passwords that containers are started with, and words that stand for one."""

FILE = regex(
    r"^[~.]{0,2}/|://|\\|"
    r"\.(?:json|pem|key|txt|ya?ml|cfg|ini|py|ipynb|env|crt|cer|p12|bin|csv|md|sh|html?|com|org|net|io)\b",
    re.I,
)
VARIABLE = regex(
    r"^\$|^%|^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$|\$\{|\{\{|^os\.|^env\b|^ENV\b|getenv|environ|"
    r"^self\.|^args?\.|^cfg\.|^config\.|^settings\."
)
SPECIAL = regex(r"^(?:<[^>]*>|\[\w+\(.*|\[[A-Za-z_ ]*\]|</?s>|\|.*\|)$")
ARN = regex(r"^arn:|^sha(?:1|256|384|512)[:-]|^urn:|^uuid:|^projects/|^secret(?:s|manager)[:/]|^vault:|^op://|^ssm:")
UUID = regex(r"^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$", re.I)
HOLE = regex(r"[{}<>]|^\$|\$[({]|%\(|%s|\.\.\.|…")
"""Where a template is filled in later."""
NUCLEOTIDES = frozenset("ACGTNU")


def entropy(text: str) -> float:
    """Shannon entropy in bits per character; 0.0 for the empty text."""
    total = len(text)
    return -sum(n / total * math.log2(n / total) for n in Counter(text).values()) if text else 0.0


def example(body: str, floor: float) -> str:
    """Why `body`, a key without its vendor's prefix, is made up; empty where it may be real.

    `floor` is in bits per character.
    """
    if hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()[:16] in DOCUMENTED:
        return "printed in the vendor's documentation"
    if WORDS.search(body):
        return "holds a word of examples"
    if re.search(r"(.)\1{4}", body):
        return "repeats one character"
    if _longest_sequence(body.lower()) >= 6 or _longest_sequence(body.lower()[::2]) >= 5 <= _longest_sequence(
        body.lower()[1::2]
    ):
        return "counts up or down"
    if any(body[period:] == body[:-period] for period in range(1, len(body) // 2 + 1)):
        return "repeats itself"
    if set(body.upper()) <= NUCLEOTIDES:
        return "a sequence of nucleotides"
    return "too regular" if entropy(body) < floor else ""


def _longest_sequence(text: str) -> int:
    """Characters of the longest run such as `3456` or `dcba`; 0 follows 9."""
    longest = run = 1
    step = 0
    for one, other in pairwise(text):
        difference = 1 if one + other == "90" else ord(other) - ord(one)
        if difference in (1, -1) and one.isalnum() and other.isalnum():
            run = run + 1 if difference == step else 2
            step = difference
        else:
            run, step = 1, 0
        longest = max(longest, run)
    return longest


def reference(value: str) -> bool:
    """Whether `value` only says where a secret is kept, or is none at all: variable, file, URL, special token."""
    return any(pattern.search(value) for pattern in (FILE, VARIABLE, SPECIAL, ARN))


def random(value: str) -> bool:
    """Whether `value` looks drawn by a machine: letters and digits in turns, which words and dotted names are not."""
    plain = re.sub(r"[^A-Za-z0-9]", "", value)
    if len(plain) < 14 or not re.search(r"[0-9]", plain) or not re.search(r"[A-Za-z]", plain):
        return False
    turns = sum(_turns(one, other) for one, other in pairwise(plain))
    return turns >= 0.25 * len(plain) and entropy(plain) >= 3.0


def _turns(one: str, other: str) -> bool:
    """From letter to digit or back, or from small to capital; not from capital to small, as every Word does."""
    return one.isdigit() != other.isdigit() or (one.islower() and other.isupper())


def made_up(password: str, user: str = "") -> str:
    """Why a password is none that protects anything; empty where it may."""
    lower = password.lower()
    if HOLE.search(password):
        return "a template"
    if lower in WEAK or lower == user.lower() or lower.rstrip("0123456789!") in WEAK:
        return "a default password"
    if len(password) < 8 or re.fullmatch(
        r"[a-z]+|[A-Z]+|[0-9]+|[A-Za-z][a-z]+(?:[-_ .][A-Za-z]+)*|[A-Za-z_.-]+", password
    ):
        return "a word"
    if WORDS.search(password) or re.search(r"(.)\1{4}", password) or _longest_sequence(lower) >= 6:
        return "holds a word of examples"
    return ""
