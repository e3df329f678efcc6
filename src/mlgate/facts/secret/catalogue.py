"""The detectors and the gate as data: made once with detect-secrets, kept in a cache, used without it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mlgate.facts.secret.forms import BORROWED, NAMED, OURS, Borrowed, Form
from mlgate.gate import KEY_CHARACTERS, MIN_KEY
from mlgate.patterns import Word, bounded, cover, literals, telling

MAX_BORROWED = 128
"""Upper bound of an open repeat in a pattern of detect-secrets, in code points."""


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
