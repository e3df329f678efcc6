"""Laws of new and existing."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from mlgate.model import CellLocation, Confidence, Finding, Location, Severity
from mlgate.newness import statuses, to_look_up, union, unpinned

CELL = CellLocation(1, None, "code", 1, 1, 1, 2, None, None, None, None)


def finding(
    rule: str, path: str, canonical: str, asset: str | None = None, *, line: int = 1, cell: CellLocation | None = None
) -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        reason="",
        location=Location(path, line, 1, line, 2, cell),
        subject=canonical,
        canonical=canonical,
        fingerprint="",
        subject_digest="",
        asset=asset,
        origin=None,
        message="",
        fix="",
        line_text="",
    )


LOAD = "unsafe-load/torch-load"
MODEL = "unpinned/model-revision"


def test_a_second_identical_call_is_one_new_finding() -> None:
    one, two = finding(LOAD, "a.py", "load(f)"), finding(LOAD, "a.py", "load(f)", line=9)
    assert statuses([one, two], [one], {}) == ("existing", "new")


def test_lines_and_messages_do_not_count() -> None:
    assert statuses([finding(LOAD, "a.py", "load(f)", line=90)], [finding(LOAD, "a.py", "load(f)")], {}) == (
        "existing",
    )


def test_a_renamed_file_keeps_its_findings() -> None:
    base = [finding(LOAD, "old.py", "load(f)"), finding("input/unparsed", "old.py", "unparsed")]
    head = [finding(LOAD, "new.py", "load(f)"), finding("input/unparsed", "new.py", "unparsed")]
    assert statuses(head, base, {"old.py": "new.py"}) == ("existing", "existing")
    assert statuses(head, base, {}) == ("existing", "new")


def test_a_moved_cell_is_existing_and_a_copied_one_is_new() -> None:
    base = [finding(LOAD, "a.ipynb", "load(f)")]
    assert statuses([finding(LOAD, "b.ipynb", "load(f)")], base, {}) == ("existing",)
    copied = [finding(LOAD, "b.ipynb", "load(f)"), finding(LOAD, "a.ipynb", "load(f)")]
    assert statuses(copied, base, {}) == ("new", "existing")


def test_another_constant_or_another_rule_is_new() -> None:
    base = [finding(LOAD, "a.py", "load(m)[acme/good]")]
    assert statuses([finding(LOAD, "a.py", "load(m)[evil/x]")], base, {}) == ("new",)
    assert statuses([finding("unsafe-load/pickle", "a.py", "load(m)[acme/good]")], base, {}) == ("new",)


def test_repairing_one_unreadable_file_does_not_excuse_another() -> None:
    base = [finding("input/unparsed", "a.py", "unparsed")]
    assert statuses([finding("input/unparsed", "b.py", "unparsed")], base, {}) == ("new",)
    assert statuses([finding("input/unparsed", "a.py", "unparsed")], base, {}) == ("existing",)


def test_an_unparsed_cell_may_move() -> None:
    base = [finding("input/unparsed-cell", "a.ipynb", "x = = 1", cell=CELL)]
    assert statuses([finding("input/unparsed-cell", "b.ipynb", "x = = 1", cell=CELL)], base, {}) == ("existing",)


def test_an_unpinned_asset_is_new_once_per_repository() -> None:
    base = [finding(MODEL, "a.ipynb", "load('bert')", "bert")]
    copies = [finding(MODEL, "b.ipynb", f"load('bert', {n})", "bert") for n in range(3)]
    other = [finding(MODEL, "b.ipynb", "load('evil/x')", "evil/x")] * 2
    assert statuses(copies + other, base, {}) == ("existing",) * 3 + ("new",) * 2
    assert statuses(other, base, {}, {(MODEL, "evil/x")}) == ("existing", "existing")


def test_a_model_does_not_excuse_a_dataset_of_the_same_name() -> None:
    base = [finding(MODEL, "a.py", "m", "acme/x")]
    head = [finding("unpinned/dataset-revision", "a.py", "d", "acme/x")]
    assert statuses(head, base, {}) == ("new",)
    assert to_look_up(head, base) == {("unpinned/dataset-revision", "acme/x")}
    assert to_look_up(head, head) == frozenset()


def test_an_unpinned_reference_without_a_known_asset_is_counted_like_any_other() -> None:
    one = finding(MODEL, "a.py", "load(?)")
    assert statuses([one, one], [one], {}) == ("existing", "new")


def test_a_merge_adds_what_no_parent_has() -> None:
    ours = [finding(LOAD, "a.py", "ours"), finding(LOAD, "a.py", "both")]
    theirs = [finding(LOAD, "a.py", "both"), finding(LOAD, "b.py", "theirs"), finding(LOAD, "b.py", "theirs", line=2)]
    merged = union([ours, theirs])
    assert Counter(f.canonical for f in merged) == {"ours": 1, "both": 1, "theirs": 2}
    assert statuses([*merged, finding(LOAD, "b.py", "theirs", line=3)], merged, {}) == ("existing",) * 4 + ("new",)


# --- laws -----------------------------------------------------------------------------------------------------------

RULES = [LOAD, "unsafe-load/pickle", "input/unparsed", "input/unparsed-cell", MODEL, "unpinned/package"]
PATHS = ["a.py", "b.py", "c.ipynb"]
FINDINGS = st.builds(
    finding,
    st.sampled_from(RULES),
    st.sampled_from(PATHS),
    st.sampled_from(["x", "y"]),
    st.sampled_from([None, "m", "n"]),
    line=st.integers(1, 3),
    cell=st.sampled_from([None, CELL]),
)
LISTS = st.lists(FINDINGS, max_size=12)
RENAMES = st.dictionaries(st.sampled_from(PATHS), st.sampled_from(["c.ipynb", "d.py"]), max_size=2)


def counts(head: list[Finding], base: list[Finding], renames: dict[str, str]) -> Counter[tuple[str, ...]]:
    judged = zip(head, statuses(head, base, renames), strict=True)
    # Equal findings are told apart by nothing; an asset counts for the rules that are judged by it alone.
    return Counter((f.rule, f.canonical, str(f.asset) if f.rule == MODEL else "", status) for f, status in judged)


@given(LISTS, LISTS, RENAMES, st.randoms(use_true_random=False))
def test_the_order_of_findings_does_not_change_the_counts(head, base, renames, random) -> None:  # type: ignore[no-untyped-def]
    before = counts(head, base, renames)
    random.shuffle(head)
    random.shuffle(base)
    assert counts(head, base, renames) == before


@given(LISTS)
def test_an_unchanged_repository_has_nothing_new(findings) -> None:  # type: ignore[no-untyped-def]
    assert set(statuses(findings, findings, {})) <= {"existing"}


@given(LISTS)
def test_without_a_base_finding_everything_is_new(findings) -> None:  # type: ignore[no-untyped-def]
    assert set(statuses(findings, [], {})) <= {"new"}


@given(LISTS, LISTS, RENAMES)
def test_new_is_the_multiset_difference(head, base, renames) -> None:  # type: ignore[no-untyped-def]
    free = [f for f in head if not f.rule.startswith(("unpinned/", "input/"))]
    old = [f for f in base if not f.rule.startswith(("unpinned/", "input/"))]
    difference = Counter((f.rule, f.canonical) for f in free) - Counter((f.rule, f.canonical) for f in old)
    assert statuses(free, old, renames).count("new") == difference.total()


@given(LISTS, LISTS)
def test_an_unpinned_asset_is_new_exactly_where_the_base_does_not_use_it(head, base) -> None:  # type: ignore[no-untyped-def]
    at_base = unpinned(base)
    for f, status in zip(head, statuses(head, base, {}), strict=True):
        if f.rule.startswith("unpinned/") and f.asset is not None:
            assert (status == "existing") == ((f.rule, f.asset) in at_base)


@given(LISTS, LISTS, FINDINGS)
def test_one_more_finding_is_at_most_one_more_new_one(head, base, extra) -> None:  # type: ignore[no-untyped-def]
    before = statuses(head, base, {}).count("new")
    assert before <= statuses([*head, extra], base, {}).count("new") <= before + 1


def test_another_possible_model_is_new_whatever_stands_first() -> None:
    """`MODEL = "evil/x"` added in a cell above or below `MODEL = "acme/good"`: it may be loaded now."""
    old = finding(MODEL, "a.ipynb", "f(MODEL)", "acme/good")
    for asset in ("acme/good or evil/x", "a/x or acme/good"):
        one = finding(MODEL, "a.ipynb", "f(MODEL)", asset)
        assert statuses([one], [old], {}) == ("new",)
    both = finding(MODEL, "a.ipynb", "f(MODEL)", "acme/good or evil/x")
    assert statuses([both], [old], {}, {(MODEL, "evil/x")}) == ("existing",)
