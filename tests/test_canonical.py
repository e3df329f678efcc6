"""The spelling that `ast` tells is the one that libcst tells, wherever both can."""

from __future__ import annotations

import ast
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgate.facts.python.canonical import canonical, plain
from mlgate.facts.python.concrete import spelled

_NAMES = st.sampled_from(["a", "torch", "load", "self", "_x1"])
_TEXTS = st.text(st.characters(codec="ascii"), max_size=6).map(repr)
_QUOTED = st.sampled_from(
    ["'''a\nb'''", 'r"\\d"', 'u"x"', 'b"\\x00"', '""', '"\\d"', '"a" "b"', '"\\N{BULLET}"', "'\\\n'"]
)
_ATOMS = st.one_of(
    _NAMES,
    _TEXTS,
    _QUOTED,
    st.sampled_from(["None", "True", "...", "0x1F", "1_000", "1e5", "1e999", "2j", "0.5", "()", "[]", "{}"]),
    st.integers(0, 10**30).map(str),
)

_NUMBERS = st.sampled_from(["", "1", "-1", "load"])


def _within(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    many = st.lists(inner, max_size=3)
    argument = st.one_of(
        inner,
        inner.map("*{}".format),
        inner.map("**{}".format),
        st.builds("{}={}".format, _NAMES, inner),
        st.builds("{} for a in {}".format, inner, inner),
    )
    field = st.sampled_from(["{{{}}}", "{{{}!r}}", "{{{}=}}", "{{{}:>3}}", "b{{{{}}}}{{{}}}c"])
    operator = st.sampled_from([*"+ - * / % // ** | & < <= > >= == != is in and or if".split(), "not in", "is not"])
    place = st.one_of(inner, st.just(""))
    return st.one_of(
        st.builds("{}.{}".format, inner, _NAMES),
        st.builds(lambda function, given: f"{function}({', '.join(given)})", inner, st.lists(argument, max_size=3)),
        many.map(lambda items: f"[{', '.join(items)}]"),
        many.map(lambda items: f"({', '.join(items)},)"),
        many.map(lambda items: f"{{{', '.join(items)}}}"),
        st.lists(st.builds("{}: {}".format, inner, inner) | inner.map("**{}".format), max_size=3).map(
            lambda items: f"{{{', '.join(items)}}}"
        ),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("{}[{}:{}]".format, inner, place, place),
        st.builds("{}[{}:{}:{}]".format, inner, place, place, place),
        st.builds("{}[({}) :\n({}) :]".format, inner, inner, inner),
        st.builds("{} {} {} {} {}".format, inner, operator, inner, operator, inner),
        st.builds("({} {} {})".format, inner, operator, inner),
        st.builds("{} {} {}".format, inner, operator, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.sampled_from(["-", "not ", "~", "+", "await ", "lambda: ", "lambda a, load: "]).flatmap(
            lambda sign: inner.map(f"({sign}{{}})".format)
        ),
        st.builds(lambda form, name: f'f"{form.format(name)}"', field, _NAMES),
        st.builds(
            lambda text, one, other: f'f"""{text}{{a[{one}:{other}]}}\n{{a[{one}:]}}"""', _NAMES, _NUMBERS, _NUMBERS
        ),
        st.builds(lambda text, form, name: f'{text} f"{form.format(name)}"', _QUOTED, field, _NAMES),
        inner.map("( {} # said (here\n)".format),
    )


@given(st.recursive(_ATOMS, _within, max_leaves=12))
def test_both_spell_alike(text: str) -> None:
    found = plain(text)
    assert found is None or found == spelled(text)


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        (
            'torch.load("a" "b", map_location=None)',
            "Call(Attribute(torch;Dot()load;)Arg(str:'ab';)Arg(map_location;AssignEqual()None;))",
        ),
        ('f(*a, -1)[0]', "Subscript(Call(f;Arg*(a;)Arg(UnaryOperation(Minus()num:1;)))LeftSquareBracket()"
         "SubscriptElement(Index(num:0;))RightSquareBracket())"),
        ('f"{a}/b"', "FormattedStringExpression(a;)str:'/b';"),
        ("a or b or c", "BooleanOperation(BooleanOperation(a;Or()b;)Or()c;)"),
    ],
)  # fmt: skip
def test_what_is_frequent_needs_no_libcst(text: str, spelling: str) -> None:
    assert plain(text) == spelling == spelled(text)


@pytest.mark.parametrize(
    "text",
    [
        "a[1 # said\n:]",
        "lambda x=1: x",
        'f"{a!r}"',
        'f"{a=}"',
        'f"{a:>3}"',
        "a << b",
        "1j",
        "\ufb01le(1)",
        "import torch",
        "a b",
    ],
)
def test_what_ast_does_not_tell_is_left_to_libcst(text: str) -> None:
    assert plain(text) is None
    assert canonical(text) == spelled(text)


def test_no_warning_is_shown() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert canonical('"\\d"') == "str:'\\\\d';"
        ast.parse("1")
