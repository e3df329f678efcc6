"""One requirement as installers write it: `torch[x]>=2; python_version < "3.12"`, `git+https://…@ref`, a URL."""

from __future__ import annotations

import re

from msgspec import Struct

from mlgate.regex import regex

_NAME = regex(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_EXTRAS = regex(r"\s*\[[^\]]*\]")
_SPECIFIER = regex(r"\s*\(?\s*((?:===|==|~=|!=|<=|>=|<|>|=)[^;#]*?)\s*\)?\s*(?:;|#|$)", re.DOTALL)
_VCS = regex(r"(git|hg|svn|bzr)\+", re.IGNORECASE)
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".egg")
_HASH = regex(r"[#&](?:sha256|sha384|sha512)=[0-9a-fA-F]{64,}")
COMMIT = regex(r"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])")


class Requirement(Struct, frozen=True):
    name: str
    """PEP 503 normalised; empty where nothing says it."""
    specifier: str = ""
    """As written, without blanks; empty where there is none."""
    source: str = "pypi"
    """`pypi`, `git`, `url` or `path`."""
    url: str = ""
    """Without user, password and fragment."""
    revision: str = ""
    """The git ref, or the commit that an archive's address holds."""
    hashed: bool = False


def requirement(text: str) -> Requirement | None:
    """What one requirement asks for; None where the text is none (an option, an unknown variable)."""
    text = text.strip()
    direct = re.match(r"([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*@\s*(\S+)", text)
    if direct is not None and (_VCS.match(direct.group(2)) or "://" in direct.group(2) or direct.group(2)[:1] in "./"):
        if is_path(direct.group(2)) and "://" not in direct.group(2):
            return Requirement(normalise(direct.group(1)), source="path")
        found = _address(direct.group(2))
        return Requirement(
            normalise(direct.group(1)), "", found.source, found.url, found.revision, found.hashed or "--hash=" in text
        )
    if _VCS.match(text) or "://" in text.split(";")[0]:
        return _address(text.split()[0].split(";")[0] if " ;" in text else text.split()[0])
    if is_path(text):
        return Requirement(_from_file(text), source="path", url="")
    match = _NAME.match(text)
    if match is None:
        return None
    rest = text[match.end() :]
    extras = _EXTRAS.match(rest)
    rest = rest[extras.end() :] if extras is not None else rest
    if rest.strip() and not rest.strip().startswith(("=", "<", ">", "~", "!", ";", "#", "(", "--", "@", "^")):
        return None
    specifier = _SPECIFIER.match(rest)
    stated = re.sub(r"\s+", "", specifier.group(1).split(" --")[0]) if specifier is not None else ""
    return Requirement(normalise(match.group()), stated.rstrip(",)"), hashed="--hash=" in rest)


def normalise(name: str) -> str:
    """Source: PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_path(text: str) -> bool:
    bare = text.split("[")[0].split(";")[0].strip()
    return (
        bare in (".", "..")
        or bare.startswith(("./", "../", "/", "~", ".\\", "file:"))
        or re.match(r"[A-Za-z]:[\\/]", bare) is not None
        or "/" in re.split(r"[@=<>~!]", bare)[0]
        or "\\" in bare
        or bare.lower().endswith(_ARCHIVES)
    )


def without_password(url: str) -> str:
    """The address with `***` for user and password, and for the values of query keys that carry secrets."""
    url = re.sub(r"(?<=://)[^/@\s]+@", "***@", url)
    return re.sub(
        r"([?&][^=&\s]*(?:token|key|secret|sig|signature|password|credential)[^=&\s]*=)[^&#\s]+",
        r"\1***",
        url,
        flags=re.IGNORECASE,
    )


def _address(text: str) -> Requirement:
    hashed = _HASH.search(text) is not None
    base, _, fragment = text.partition("#")
    egg = re.search(r"(?:^|&)egg=([A-Za-z0-9][\w.-]*)", fragment)
    vcs = _VCS.match(base)
    if vcs is None:
        if base.startswith("file:"):
            return Requirement(_from_file(base), source="path")
        commit = COMMIT.search(base)
        name = normalise(egg.group(1)) if egg is not None else _from_file(base) or _from_forge(base)
        return Requirement(name, "", "url", without_password(base), commit.group() if commit else "", hashed)
    scheme, separator, rest = base[vcs.end() :].partition("://")
    if not separator:
        scheme, rest = "ssh", base[vcs.end() :]
    host, slash, path = rest.partition("/")
    path, _, revision = path.partition("@")
    name = egg.group(1) if egg is not None else re.sub(r"\.git/?$", "", path.rstrip("/")).split("/")[-1]
    return Requirement(normalise(name), "", "git", f"{scheme}://{host.split('@')[-1]}{slash}{path}", revision, hashed)


def _from_file(path: str) -> str:
    """Name of the package in a wheel's or sdist's file name; empty for another path."""
    name = re.split(r"[/\\]", re.split(r"[?\[]", path)[0].rstrip("/"))[-1]
    if name.lower().endswith(".whl"):
        return normalise(name.split("-")[0])
    match = re.fullmatch(r"([A-Za-z][\w.]*(?:-[A-Za-z][\w.]*)*?)-v?\d[\w.+!-]*?\.(?:tar\.(?:gz|bz2|xz)|zip|tgz)", name)
    return normalise(match.group(1)) if match is not None else ""


def _from_forge(url: str) -> str:
    match = re.match(r"https?://(?:www\.)?(?:github\.com|gitlab\.com)/[^/]+/([^/]+)/", url)
    if match is not None:
        return normalise(match.group(1))
    last = re.split(r"[/?#]", url.split("://", 1)[-1].rstrip("/"))[-1]
    return normalise(re.sub(r"\.(?:zip|tar\.gz|tgz)$", "", last))
