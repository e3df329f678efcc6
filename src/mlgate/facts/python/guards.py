"""What `if os.path.exists(path):` says of a path where it holds: it is there, so it is no name on a hub."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

_TESTS = frozenset("exists lexists isdir isfile is_dir is_file ismount".split())


def shape(node: ast.AST) -> str:
    """The same for two spellings of one expression; empty for what says too little."""
    if isinstance(node, (ast.Name, ast.Attribute, ast.BinOp, ast.JoinedStr, ast.Call, ast.Constant, ast.Subscript)):
        return _spelled(node)
    return ""


def _spelled(value: object) -> str:
    """Like `ast.dump`, whose inner function refers to itself: each call would leave a circle to the collector."""
    if isinstance(value, ast.AST):
        return f"{type(value).__name__}({', '.join([_spelled(getattr(value, name, None)) for name in value._fields])})"
    if isinstance(value, list):
        return f"[{', '.join(map(_spelled, value))}]"
    return repr(value)


def there(test: ast.expr, is_true: bool = True) -> frozenset[str]:
    """Shapes of the paths that exist where `test` has come out `is_true`."""
    match test:
        case ast.UnaryOp(ast.Not(), operand):
            return there(operand, not is_true)
        case ast.BoolOp(ast.And(), operands) if is_true:
            return frozenset[str]().union(*(there(one) for one in operands))
        case ast.BoolOp(ast.Or(), operands) if not is_true:
            return frozenset[str]().union(*(there(one, False) for one in operands))
        case ast.Call(ast.Attribute(base, last), arguments) if is_true and last in _TESTS:
            return _shapes([*arguments[:1], base])
        case ast.Call(ast.Name(last), [first, *_]) if is_true and last in _TESTS:
            return _shapes([first])
    return frozenset()


def leaves(body: Sequence[ast.stmt]) -> bool:
    """Whether what follows a block is not reached through it."""
    return bool(body) and isinstance(body[-1], (ast.Return, ast.Raise, ast.Continue, ast.Break))


def _shapes(nodes: Iterable[ast.expr]) -> frozenset[str]:
    """Of the paths themselves, and of what `Path(…)` and `str(…)` are given."""
    found: set[str] = set()
    for node in nodes:
        while isinstance(node, ast.Call) and node.args:
            found.add(shape(node))
            node = node.args[0]
        found.add(shape(node))
    return frozenset(found - {""})
