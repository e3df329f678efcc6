"""References of rules as people write them (`CWE-502`, `AML.T0010`, `LLM03:2025`), as links and tags."""

from __future__ import annotations

import re

from mlgate.regex import regex

_URL = regex(r"https?://[^\s<>\"]+")
_CWE = regex(r"\bCWE-(\d+)\b")
_CVE = regex(r"\bCVE-\d{4}-\d{4,}\b")
_ADVISORY = regex(r"\bGHSA(?:-[23456789cfghjmpqrvwx]{4}){3}\b")
_ATLAS = regex(r"\bAML\.[A-Z]{1,2}\d{4}(?:\.\d{3})?\b")
_OWASP_LLM = regex(r"\bLLM(0[1-9]|10)(?::\d{4})?\b")
_OWASP_ML = regex(r"\bML(0[1-9]|10)(?::\d{4})?\b")

_ATLAS_FOLDER = {"T": "techniques", "TA": "tactics", "M": "mitigations", "CS": "studies"}


def link(reference: str) -> str | None:
    """Where to read more; None where the reference is words only."""
    if found := _URL.search(reference):
        return found.group().rstrip(".,;)")
    if found := _CVE.search(reference):
        return f"https://nvd.nist.gov/vuln/detail/{found.group()}"
    if found := _ADVISORY.search(reference):
        return f"https://github.com/advisories/{found.group()}"
    if found := _CWE.search(reference):
        return f"https://cwe.mitre.org/data/definitions/{found.group(1)}.html"
    if found := _ATLAS.search(reference):
        kind = re.sub(r"[^A-Z]", "", found.group().split(".")[1])
        return f"https://atlas.mitre.org/{_ATLAS_FOLDER.get(kind, 'techniques')}/{found.group()}"
    if _OWASP_LLM.search(reference):
        return "https://genai.owasp.org/llm-top-10/"
    if _OWASP_ML.search(reference):
        return "https://owasp.org/www-project-machine-learning-security-top-10/"
    return None


def tag(reference: str) -> str | None:
    """Tag for SARIF, in the form CodeQL uses: `external/cwe/cwe-502`; None where the reference names no catalogue."""
    if found := _CWE.search(reference):
        return f"external/cwe/cwe-{int(found.group(1)):03d}"
    for name, pattern in (("cve", _CVE), ("atlas", _ATLAS), ("owasp-llm", _OWASP_LLM), ("owasp-ml", _OWASP_ML)):
        if found := pattern.search(reference):
            return f"external/{name}/{found.group().lower()}"
    return None
