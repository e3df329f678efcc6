"""CODEOWNERS: the documentation's own examples, and what would make mlgate believe in an owner nobody asks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgate.codeowners import MAX_BYTES, load, parse

DOCUMENTED = """\
# The last matching pattern takes the most precedence.
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/* docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat
/apps/ @octocat
/apps/github
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("README.md", ("@global-owner1", "@global-owner2")),
        ("src/a.js", ("@js-owner",)),
        ("a/b/c.go", ("docs@example.com",)),
        ("x.txt", ("@octo-org/octocats",)),
        ("build/logs/a/b.md", ("@octocat",)),
        ("docs/a.md", ("@doctocat",)),
        ("docs/a/b.md", ("@doctocat",)),
        ("lib/apps/x.py", ("@octocat",)),
        ("scripts/x.sh", ("@doctocat", "@octocat")),
        ("deep/er/logs/x", ("@octocat",)),
        ("apps/other/x", ("@octocat",)),
        ("apps/github/x", ()),
        ("apps/github", ()),
    ],
)
def test_the_documentation_s_examples(path: str, owners: tuple[str, ...]) -> None:
    assert parse(DOCUMENTED).owners(path) == owners


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("docs/*", "docs/a.md", True),
        ("docs/*", "docs/a/b.md", False),
        ("docs/*", "x/docs/a.md", False),
        ("docs/**", "docs/a/b.md", True),
        ("/docs", "docs/a/b.md", True),
        ("/docs", "x/docs/a", False),
        ("docs", "x/docs/a", True),
        ("docs/", "docs", False),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("*.md", "x/a.md", True),
        ("*.md", "x/a.mdx", False),
        ("Docs/", "docs/a", False),
        (".mlgate.yaml", ".mlgate.yaml", True),
        (".mlgate.yaml", "xmlgate.yaml", False),
        (".mlgate/", ".mlgate/waivers.yaml", True),
        ("a?.py", "ab.py", True),
        ("a\\ b.py", "a b.py", True),
        ("/*", "a.py", True),
        ("/*", "a/b.py", False),
    ],
)
def test_what_a_pattern_fits(pattern: str, path: str, fits: bool) -> None:
    assert (parse(f"{pattern} @a").owners(path) == ("@a",)) is fits


@pytest.mark.parametrize("line", ["!a.py @b", "a[12].py @b", "\\#a @b", "a.py b", "a.py @b c", "a.py @"])
def test_a_line_that_github_passes_over_owns_nothing(line: str) -> None:
    found = parse(f"* @all\n{line}\n")
    assert (found.owners("a.py"), found.invalid) == (("@all",), (2,))


def test_an_owner_in_a_comment_is_none() -> None:
    assert parse("a.py @a # and @b\n").owners("a.py") == ("@a",)


def test_the_first_place_counts_and_a_file_that_github_does_not_load_owns_nothing() -> None:
    files = {"CODEOWNERS": b"* @root", "docs/CODEOWNERS": b"* @docs"}
    assert load(files.get).owners("a") == ("@root",)
    files[".github/CODEOWNERS"] = b"#" * (MAX_BYTES + 1)
    assert load(files.get).owners("a") == ()
    assert load({}.get).owners("a") == ()


words = st.text("ab/*?.", min_size=1, max_size=8)
paths = st.lists(st.text("ab.", min_size=1, max_size=3), min_size=1, max_size=4).map("/".join)


@given(st.lists(st.tuples(words, st.sampled_from(["@x", "@y", ""]))), words, st.sampled_from(["@x", "@y", ""]), paths)
def test_the_last_line_that_fits_decides(lines: list[tuple[str, str]], pattern: str, owner: str, path: str) -> None:
    above = "".join(f"{one} {who}\n" for one, who in lines)
    alone, both = parse(f"{pattern} {owner}\n"), parse(f"{above}{pattern} {owner}\n")
    if alone.line(path) is not None:
        assert both.owners(path) == alone.owners(path)
    else:
        assert both.owners(path) == parse(above).owners(path)
