"""What an expression may be: names, constants and library objects, folded without running anything."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from mlgate.facts.python.scopes import Binding, FunctionNode, Here, Outline, Scope, Site
from mlgate.limits import MAX_OPTIONS
from mlgate.model import Atom, Entries, Items, Local, Made, Project, Ref, Template, Value


@dataclass(frozen=True, slots=True, eq=False)
class Class:
    """A class statement of this document."""

    name: str
    node: ast.ClassDef
    scope: Scope
    here: Here


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    of: Class


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function of this document, bound or not."""

    node: FunctionNode


@dataclass(frozen=True, slots=True, eq=False)
class Partial:
    """`functools.partial(name, …)`: the call that made it holds arguments of the call to come."""

    name: str
    call: ast.Call
    here: Here


Inner = Atom | Class | Instance | Function | Partial

MAX_DEPTH = 40
"""Longest chain of names, calls and operators that is followed."""

_BUILTINS = frozenset(dir(builtins))
_PATHS = frozenset(
    "pathlib.Path pathlib.PurePath pathlib.PosixPath pathlib.Path.cwd pathlib.Path.home os.getcwd tempfile.mkdtemp "
    "tempfile.mkstemp tempfile.TemporaryDirectory tempfile.NamedTemporaryFile tempfile.gettempdir "
    "os.path.expanduser os.path.abspath os.path.realpath os.path.dirname os.getcwdb".split()
)
_SAME = frozenset("str os.fspath pathlib.PurePosixPath copy.copy copy.deepcopy typing.cast".split())
_ENVIRONMENT = frozenset(["os.getenv", "os.environ.get", "os.environ.setdefault", "environ.get", "os.environ.pop"])
_SETTINGS_OBJECTS = ("absl.flags.FLAGS.", "google.colab.userdata.", "os.environ.")
_TEXT_METHODS: Mapping[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "strip": str.strip,
    "rstrip": str.rstrip,
    "lstrip": str.lstrip,
    "title": str.title,
}


@dataclass(slots=True)
class Known:
    """The inner form of `Value`, with objects of this document among its options."""

    options: tuple[Inner, ...] = ()
    unknown: str = ""
    defaults: tuple[Inner, ...] = ()

    def value(self) -> Value:
        options = tuple(atom for option in self.options if (atom := _outside(option)) is not _NONE)
        unknown = self.unknown or ("an object of this file" if len(options) < len(self.options) else "")
        return Value(options, unknown, tuple(atom for one in self.defaults if (atom := _outside(one)) is not _NONE))


_NONE = object()


def _outside(atom: Inner) -> Atom:
    if isinstance(atom, (Class, Instance, Function, Partial)):
        return _NONE  # type: ignore[return-value]
    return atom


def merge(several: Iterable[Known]) -> Known:
    """One answer out of those of several possibilities."""
    known = list(several)
    if len(known) == 1:
        return known[0]
    options: dict[tuple[str, object], Inner] = {}
    defaults: dict[tuple[str, object], Inner] = {}
    unknown = ""
    for one in known:
        for option in one.options:
            options.setdefault(_identity(option), option)
        for option in one.defaults:
            defaults.setdefault(_identity(option), option)
        unknown = unknown or one.unknown
    if len(options) > MAX_OPTIONS:
        unknown = unknown or f"more than {MAX_OPTIONS} values"
    return Known(_bounded(options.values()), unknown, _bounded(defaults.values()))


def _bounded(options: Collection[Inner]) -> tuple[Inner, ...]:
    """At most `MAX_OPTIONS`: the same ones wherever in the document they stand."""
    if len(options) <= MAX_OPTIONS:
        return tuple(options)
    return tuple(sorted(options, key=_name_of)[:MAX_OPTIONS])


def _name_of(option: Inner) -> str:
    match option:
        case Class(name=name) | Instance(of=Class(name=name)) | Partial(name=name):
            return f"{type(option).__name__} {name}"
        case Function(node=node):
            return f"Function {getattr(node, 'name', '')}"
        case _:
            return repr(option)


def _identity(atom: Inner) -> tuple[str, object]:
    # NOTE: 1 == True == 1.0 in Python; they are three values here.
    return (type(atom).__name__, atom if not isinstance(atom, (Class, Instance, Function, Partial)) else id(atom))


@dataclass(slots=True)
class Evaluator:
    """Answers what names and expressions of one outline may be. One per document."""

    outline: Outline
    project: Project
    path: str
    wanted: frozenset[str] = frozenset()
    """Last segments of the names that rules ask for: what a star import may bring."""
    local_modules: frozenset[str] = frozenset()
    options: Mapping[str, Known] = field(default_factory=dict)
    """Command-line options of this document by attribute name."""
    _memo: dict[int, Known] = field(default_factory=dict)
    _active: set[int] = field(default_factory=set)
    _imports: dict[str, Known] = field(default_factory=dict)

    # -- expressions

    def known(self, node: ast.expr, here: Here, depth: int = 0) -> Known:
        key = id(node)
        if key in self._memo:
            return self._memo[key]
        if depth > MAX_DEPTH or key in self._active:
            return Known(unknown="it is built in too many steps")
        self._active.add(key)
        try:
            result = self._fold(node, here, depth + 1)
        finally:
            self._active.discard(key)
        self._memo[key] = result
        return result

    def value(self, node: ast.expr, here: Here) -> Value:
        known = self.known(node, here)
        options = tuple(atom for option in known.options for atom in self._seen_outside(option))
        return Known(options, known.unknown, known.defaults).value()

    def _seen_outside(self, option: Inner) -> tuple[Inner, ...]:
        """What rules are told of an object of this document: the library classes behind it."""
        match option:
            case Class():
                return tuple(map(Ref, self.bases(option))) or (Ref("local.Class"),)
            case Instance(of):
                return tuple(map(Made, self.bases(of))) or (Made("local.Class"),)
            case Function():
                return (Ref("local.function"),)
            case Partial(name):
                return (Ref(name),)
            case _:
                return (option,)

    def _fold(self, node: ast.expr, here: Here, depth: int) -> Known:
        match node:
            case ast.Constant(bytes() as raw):
                return Known((raw.decode("latin-1"),))
            case ast.Constant(None | bool() | int() | float() | str() as constant):
                return Known((constant,))
            case ast.Name(name):
                return self.name(name, here, depth, node)
            case ast.Attribute(base, attribute):
                return self._attribute(base, attribute, here, depth)
            case ast.Call():
                return self._call(node, here, depth)
            case ast.JoinedStr(parts):
                return self._concatenate([self._formatted(part, here, depth) for part in parts])
            case ast.BinOp(_, ast.Add() | ast.Div() | ast.Mod()):
                return self._chain(node, here, depth)
            case ast.IfExp(_, yes, no):
                return merge([self.known(yes, here, depth), self.known(no, here, depth)])
            case ast.BoolOp(ast.Or(), operands):
                known = [self.known(operand, here, depth) for operand in operands]
                return merge([_truthy(one) for one in known[:-1]] + known[-1:])
            case ast.List(elements) | ast.Tuple(elements) | ast.Set(elements):
                if any(isinstance(element, ast.Starred) for element in elements) or len(elements) > 200:
                    return Known(unknown="a list that is not written out")
                return Known((Items(tuple(self.known(element, here, depth).value() for element in elements)),))
            case ast.Dict(keys, values):
                return self._dict(keys, values, here, depth)
            case ast.Subscript(base, index):
                return self._subscript(base, index, here, depth)
            case ast.NamedExpr(_, value) | ast.Await(value) | ast.Starred(value):
                return self.known(value, here, depth)
            case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as number)):
                return Known((-number,))
            case ast.UnaryOp(ast.Not(), ast.Constant(value)):
                return Known((not value,))
            case ast.Lambda():
                return Known((Function(node),))
            case _:
                return Known(unknown=f"`{_shown(node)}` is computed")

    # -- names

    def name(self, name: str, here: Here, depth: int, node: ast.AST | None = None) -> Known:
        scope = here.scope.lookup(name)
        if scope is None:
            return self._unbound(name, here, depth)
        chosen = reaching(scope.bindings[name], scope, here, node)
        return merge(self.bound(binding, depth) for binding in chosen)

    def _unbound(self, name: str, here: Here, depth: int) -> Known:
        scope: Scope | None = here.scope
        found: list[Known] = []
        while scope is not None:
            for module in scope.stars:
                if self._is_local(module):
                    exported = self.project.module(module, self.path).get(name)
                    if exported is not None:
                        found.append(Known(exported.options, exported.unknown))
                elif name in self.wanted:
                    found.append(Known((Ref(f"{module}.{name}"),)))
            scope = scope.parent
        if found:
            return merge(found)
        if name in _BUILTINS:
            return Known((Ref(name),))
        if name in ("self", "cls"):
            return Known(unknown=f"`{name}` is the object at hand")
        if name == "get_ipython":
            return Known((Ref("get_ipython"),))
        return Known(unknown=f"`{name}` is not set in this file")

    def bound(self, binding: Binding, depth: int) -> Known:
        match binding.kind:
            case "import":
                return self.imported(binding.name)
            case "value":
                return self.known(_expr(binding.node), binding.here, depth)
            case "parameter":
                return self._parameter(binding, depth)
            case "element":
                whole = self.known(_expr(binding.node), binding.here, depth)
                return merge(
                    [_element(option, binding.path) for option in whole.options] or [_lost(whole, binding.name)]
                )
            case "unpack":
                whole = self.known(_expr(binding.node), binding.here, depth)
                return merge(
                    [_follow(option, binding.path) for option in whole.options] or [_lost(whole, binding.name)]
                )
            case "class":
                assert isinstance(binding.node, ast.ClassDef) and binding.scope is not None
                return Known((Class(binding.name, binding.node, binding.scope, binding.here),))
            case "definition":
                assert isinstance(binding.node, (ast.FunctionDef, ast.AsyncFunctionDef))
                return Known((Function(binding.node),))
            case _:
                return Known(unknown="it changes while the program runs")

    def imported(self, dotted: str) -> Known:
        """What an imported name is: a library's, or what a module of this repository holds under it."""
        if dotted not in self._imports:
            self._imports[dotted] = self._imported(dotted)
        return self._imports[dotted]

    def _imported(self, dotted: str) -> Known:
        if self._is_local(dotted):
            module, _, name = dotted.rpartition(".")
            exported = self.project.module(module or ".", self.path).get(name) if name else None
            if exported is not None:
                return Known(exported.options, exported.unknown, exported.defaults)
            if dotted.startswith("."):
                return Known(unknown=f"`{name}` comes from another file")
        return Known((Ref(dotted),))

    def _is_local(self, dotted: str) -> bool:
        return dotted.startswith(".") or dotted.partition(".")[0] in self.local_modules

    def _parameter(self, binding: Binding, depth: int) -> Known:
        reason = f"`{binding.name}` is a parameter"
        annotated: tuple[Inner, ...] = ()
        if binding.annotation is not None and not isinstance(binding.annotation, ast.Constant):
            # An annotated parameter is an instance of that class: its methods are known, its value is not.
            known = self.known(binding.annotation, binding.here, depth)
            annotated = tuple(
                Made(option.name) for option in known.options if isinstance(option, Ref) and "." in option.name
            )
            annotated += tuple(Instance(option) for option in known.options if isinstance(option, Class))
        if binding.node is None:
            return Known(annotated, reason)
        default = self.known(_expr(binding.node), binding.here, depth)
        return Known(annotated, f"default of {binding.name}", (*default.options, *default.defaults))

    # -- attributes, subscripts, calls

    def _attribute(self, base: ast.expr, attribute: str, here: Here, depth: int) -> Known:
        if isinstance(base, ast.Name) and base.id in ("self", "cls"):
            owner = here.scope.enclosing_class()
            if owner is not None:
                return self._member(_class_of(owner), attribute, depth)
        found = self.known(base, here, depth)
        if not found.options:
            if found.defaults:
                return Known(unknown=found.unknown)
            return Known(unknown=f"`{_shown(base)}.{attribute}` is not known here")
        return merge(
            [self._of(option, attribute, base, depth) for option in found.options]
            + ([Known(unknown=found.unknown)] if found.unknown else [])
        )

    def _of(self, option: Inner, attribute: str, base: ast.expr, depth: int) -> Known:
        match option:
            case Ref(name):
                return self._dotted(f"{name}.{attribute}", attribute)
            case Made(name):
                if name.endswith(("parse_args", "parse_known_args", "parse_args_into_dataclasses")) or name.startswith(
                    _SETTINGS_OBJECTS
                ):
                    return self.options.get(attribute) or Known(unknown=f"command-line option {attribute}")
                return Known((Ref(f"{name}.{attribute}"),))
            case Local(text):
                return Known(
                    (Ref(f"pathlib.Path.{attribute}"),)
                    if not text
                    else (Local(text),)
                    if attribute in ("parent", "resolve", "absolute", "expanduser", "as_posix")
                    else (Ref(f"pathlib.Path.{attribute}"),)
                )
            case Class():
                return self._member(option, attribute, depth)
            case Instance(of):
                return self._member(of, attribute, depth)
            case Entries() | Items():
                return Known((Ref(f"dict.{attribute}"),), "a container's method")
            case str() | Template():
                return Known((Ref(f"str.{attribute}"),))
            case _:
                return Known(unknown=f"`{_shown(base)}.{attribute}` is not known here")

    def _dotted(self, name: str, attribute: str) -> Known:
        if self._is_local(name):
            module, _, last = name.rpartition(".")
            exported = self.project.module(module, self.path).get(last)
            if exported is not None:
                return Known(exported.options, exported.unknown, exported.defaults)
        if name == "os.environ":
            return Known((Ref(name),))
        return Known((Ref(name),))

    def _member(self, owner: Class, attribute: str, depth: int) -> Known:
        bindings = [*owner.scope.bindings.get(attribute, ()), *owner.scope.attributes.get(attribute, ())]
        if bindings:
            known = merge(self.bound(binding, depth) for binding in bindings)
            if any(isinstance(option, Function) for option in known.options) and _is_property(known):
                return Known(unknown=f"`{attribute}` is a property")
            return known
        inherited = [Ref(f"{base}.{attribute}") for base in self.bases(owner, depth)]
        return Known(tuple(inherited), "" if inherited else f"`{owner.name}.{attribute}` is not set in this file")

    def bases(self, owner: Class, depth: int = 0) -> list[str]:
        """Dotted names of the library classes that a class of this document inherits from."""
        names: list[str] = []
        if depth > MAX_DEPTH:
            return names
        for base in owner.node.bases:
            target = base.value if isinstance(base, ast.Subscript) else base
            for option in self.known(target, owner.here, depth + 1).options:
                if isinstance(option, Ref):
                    names.append(option.name)
                elif isinstance(option, Class) and option.node is not owner.node:
                    names.extend(self.bases(option, depth + 1))
        return names

    def _dict(self, keys: list[ast.expr | None], values: list[ast.expr], here: Here, depth: int) -> Known:
        entries: list[tuple[str, Value]] = []
        is_open = False
        if len(keys) > 300:
            return Known(unknown="a large table")
        for key, value in zip(keys, values, strict=True):
            if key is None:
                inner = self.known(value, here, depth)
                if len(inner.options) == 1 and isinstance(inner.options[0], Entries) and not inner.unknown:
                    entries.extend(inner.options[0].entries)
                    is_open = is_open or inner.options[0].open
                else:
                    is_open = True
                continue
            name = self.known(key, here, depth)
            if len(name.options) == 1 and isinstance(name.options[0], str) and not name.unknown:
                entries.append((name.options[0], self.known(value, here, depth).value()))
            else:
                is_open = True
        return Known((Entries(tuple(dict(entries).items()), is_open),))

    def _subscript(self, base: ast.expr, index: ast.expr, here: Here, depth: int) -> Known:
        whole = self.known(base, here, depth)
        places = self.known(index, here, depth)
        found: list[Known] = []
        for option in whole.options:
            match option:
                case Entries(entries):
                    table = dict(entries)
                    wanted = [place for place in places.options if isinstance(place, str)]
                    if wanted and not places.unknown:
                        for place in wanted:
                            value = table.get(place)
                            found.append(
                                Known(value.options, value.unknown, value.defaults)
                                if value is not None
                                else Known(unknown=f"key {place!r} is not known here")
                            )
                    else:
                        # Some entry of a table written out here: each is possible, none is certain.
                        every = merge(Known(value.options, value.unknown) for value in table.values())
                        found.append(Known((), "which entry is not known here", every.options))
                case Items(items):
                    if len(places.options) == 1 and isinstance(places.options[0], int) and not places.unknown:
                        found.append(_follow(option, (places.options[0],)))
                    else:
                        every = merge(Known(value.options, value.unknown) for value in items)
                        found.append(Known((), "which element is not known here", every.options))
                case Ref("os.environ"):
                    found.append(Known(unknown="an environment variable"))
                case Ref(name):
                    # A table or generic of a library: `typing.Generic[T]`, `h5py.File(…)["x"]`.
                    found.append(Known((Ref(name),), "an entry of a library's object"))
                case Made(name):
                    found.append(Known((Made(f"{name}.__getitem__"),)))
                case _:
                    found.append(Known(unknown=f"`{_shown(base)}[…]` is not known here"))
        return merge(found) if found else Known(unknown=whole.unknown or f"`{_shown(base)}[…]` is not known here")

    def _call(self, node: ast.Call, here: Here, depth: int) -> Known:
        if isinstance(node.func, ast.Attribute):
            method = self._text_method(node, node.func, here, depth)
            if method is not None:
                return method
        function = self.known(node.func, here, depth)
        results = [self._result(option, node, here, depth) for option in function.options]
        if function.unknown or not results:
            results.append(Known(unknown=f"`{_shown(node.func)}(…)` is not known here"))
        return merge(results)

    def _text_method(self, node: ast.Call, function: ast.Attribute, here: Here, depth: int) -> Known | None:
        if function.attr in _TEXT_METHODS and not node.args:
            base = self.known(function.value, here, depth)
            if base.options and all(isinstance(option, str) for option in base.options):
                change = _TEXT_METHODS[function.attr]
                return Known(tuple(change(str(option)) for option in base.options), base.unknown)
        if function.attr == "format":
            base = self.known(function.value, here, depth)
            if len(base.options) == 1 and isinstance(base.options[0], str):
                return self._format(base.options[0], node, here, depth)
        if function.attr == "join" and len(node.args) == 1:
            base = self.known(function.value, here, depth)
            if len(base.options) == 1 and isinstance(base.options[0], str):
                return self._joined(base.options[0], node.args[0], here, depth)
        if function.attr == "get" and node.args:
            base = self.known(function.value, here, depth)
            if len(base.options) == 1 and isinstance(base.options[0], Entries):
                return self._subscript(function.value, node.args[0], here, depth)
        return None

    def _result(self, option: Inner, node: ast.Call, here: Here, depth: int) -> Known:
        match option:
            case Ref(name):
                return self._library(name, node, here, depth)
            case Made(name):
                return Known((Made(f"{name}.__call__"),))
            case Class():
                bases = self.bases(option, depth)
                return Known((Instance(option), *(Made(base) for base in bases if "." in base)))
            case Partial(name):
                return Known((Made(name),))
            case Function(ast.Lambda(_, body)):
                return Known(unknown=f"`{_shown(body)}` is computed")
            case _:
                return Known(unknown=f"`{_shown(node.func)}(…)` is not known here")

    def _library(self, name: str, node: ast.Call, here: Here, depth: int) -> Known:
        arguments = node.args
        match name:
            case "getattr" if len(arguments) >= 2:
                base = self.known(arguments[0], here, depth)
                attribute = self.known(arguments[1], here, depth)
                if len(attribute.options) == 1 and isinstance(attribute.options[0], str):
                    return merge(self._of(option, attribute.options[0], arguments[0], depth) for option in base.options)
                return Known(unknown="an attribute chosen at run time")
            case "importlib.import_module" | "__import__" if arguments:
                module = self.known(arguments[0], here, depth)
                names = [option for option in module.options if isinstance(option, str)]
                if names:
                    roots = [
                        one.partition(".")[0] if name == "__import__" and not node.keywords else one for one in names
                    ]
                    return merge(self.imported(one) for one in roots)
                return Known(unknown="a module chosen at run time")
            case "functools.partial" if arguments:
                target = self.known(arguments[0], here, depth)
                return Known(
                    tuple(Partial(one.name, node, here) for one in target.options if isinstance(one, Ref)) or (),
                    "" if target.options else "a partial of something unknown",
                )
            case "dict":
                return (
                    self._dict(
                        [ast.Constant(k.arg) if k.arg else None for k in node.keywords],
                        [k.value for k in node.keywords],
                        here,
                        depth,
                    )
                    if not arguments
                    else Known(unknown="a dict that is not written out")
                )
            case "os.path.join" if arguments:
                return self._joined("/", ast.List(arguments, ast.Load()), here, depth)
            case _ if name in _ENVIRONMENT:
                return self._environment(node, here, depth)
            case _ if name in _SAME and arguments:
                return self.known(arguments[-1], here, depth)
            case _ if name in _PATHS:
                inner = [self.known(one, here, depth) for one in arguments]
                texts = [_text(one) for one in inner]
                return Known((Local("/".join(text for text in texts if text)),))
            case _ if name.startswith("pathlib.Path.") or name.startswith("str."):
                return Known(unknown=f"`{_shown(node)}` is computed")
        if name in _BUILTINS and name not in ("open", "super", "__import__"):
            return Known(unknown=f"`{_shown(node)}` is computed")
        if name == "super":
            return self._super(here, depth)
        return Known((Made(made_by(name)),))

    def _super(self, here: Here, depth: int) -> Known:
        owner = here.scope.enclosing_class()
        if owner is None:
            return Known(unknown="`super()` outside a class")
        return Known(tuple(Ref(base) for base in self.bases(_class_of(owner), depth)), "")

    def _environment(self, node: ast.Call, here: Here, depth: int) -> Known:
        name = _shown(node.args[0]) if node.args else "?"
        if len(node.args) > 1:
            fallback = self.known(node.args[1], here, depth)
            return Known((), f"default of environment variable {name}", (*fallback.options, *fallback.defaults))
        return Known(unknown=f"environment variable {name}")

    # -- text

    def _formatted(self, part: ast.expr, here: Here, depth: int) -> Known:
        if isinstance(part, ast.FormattedValue):
            if part.format_spec is not None:
                return Known(unknown="a formatted value")
            return self.known(part.value, here, depth)
        return self.known(part, here, depth)

    def _chain(self, node: ast.BinOp, here: Here, depth: int) -> Known:
        """A chain of one operator, flattened on its left spine: 500 operands do not recurse."""
        operands: list[ast.expr] = []
        current: ast.expr = node
        while isinstance(current, ast.BinOp) and type(current.op) is type(node.op):
            operands.append(current.right)
            current = current.left
        operands.append(current)
        operands.reverse()
        known = [self.known(operand, here, depth) for operand in operands]
        if isinstance(node.op, ast.Add):
            if any(isinstance(option, (str, Template)) for one in known for option in one.options):
                return self._concatenate(known)
            return Known(unknown=f"`{_shown(node)}` is computed")
        if isinstance(node.op, ast.Div):
            if any(isinstance(option, (Local, Made)) for option in known[0].options):
                return Known((Local("/".join(text for one in known if (text := _text(one)))),))
            return Known(unknown=f"`{_shown(node)}` is computed")
        if len(known) == 2 and len(known[0].options) == 1 and isinstance(known[0].options[0], str):
            return self._percent(known[0].options[0], known[1])
        return Known(unknown=f"`{_shown(node)}` is computed")

    def _concatenate(self, known: list[Known]) -> Known:
        """All texts that the pieces can form; beyond MAX_OPTIONS of them the piece with a choice is a hole."""
        texts: list[tuple[str | None, ...]] = [()]
        local = bool(known) and any(isinstance(option, Local) for option in known[0].options)
        for one in known:
            choices: list[tuple[str | None, ...]] = []
            for option in one.options:
                match option:
                    case bool() | int() | float() | None:
                        choices.append((str(option),))
                    case str(text) | Local(text):
                        choices.append((text,))
                    case Template(parts):
                        choices.append(parts)
                    case _:
                        choices.append((None,))
            if one.unknown or not choices:
                choices.append((None,))
            if len(texts) * len(choices) > MAX_OPTIONS:
                choices = [(None,)]
            texts = [(*text, *choice) for text in texts for choice in choices]
        atoms = [_text_atom(text) for text in texts]
        if local:
            return Known(tuple(Local(_plain(atom)) for atom in atoms))
        if all(isinstance(atom, Template) and not any(atom.parts) for atom in atoms):
            unknown = next((one.unknown for one in known if one.unknown), "a text put together at run time")
            defaults = known[0].defaults if len(known) == 1 else ()
            return Known((), unknown, defaults)
        return Known(tuple(dict.fromkeys(atoms)))

    def _format(self, text: str, node: ast.Call, here: Here, depth: int) -> Known:
        import string

        pieces: list[Known] = []
        automatic = 0
        named = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        try:
            fields = list(string.Formatter().parse(text))
        except ValueError:
            return Known((Template((text,)),))
        for literal, name, spec, _ in fields:
            if literal:
                pieces.append(Known((literal,)))
            if name is None:
                continue
            if name == "":
                name, automatic = str(automatic), automatic + 1
            argument = named.get(name)
            if name.isdigit() and int(name) < len(node.args) and not any(isinstance(a, ast.Starred) for a in node.args):
                argument = node.args[int(name)]
            pieces.append(
                self.known(argument, here, depth) if argument is not None and not spec else Known(unknown="formatted")
            )
        return self._concatenate(pieces) if pieces else Known(("",))

    def _percent(self, text: str, right: Known) -> Known:
        import re

        values: list[Known] = [right]
        if len(right.options) == 1 and isinstance(right.options[0], Items):
            values = [Known(one.options, one.unknown) for one in right.options[0].items]
        pieces: list[Known] = []
        position = 0
        place = 0
        for hole in re.finditer(r"%(?:\((\w+)\))?[-#0-9 +.]*([sdifrxX%])", text):
            pieces.append(Known((text[position : hole.start()],)))
            position = hole.end()
            if hole.group(2) == "%":
                pieces.append(Known(("%",)))
            elif hole.group(1) or place >= len(values):
                pieces.append(Known(unknown="formatted"))
            else:
                pieces.append(values[place])
                place += 1
        pieces.append(Known((text[position:],)))
        return self._concatenate(pieces)

    def _joined(self, separator: str, sequence: ast.expr, here: Here, depth: int) -> Known:
        known = self.known(sequence, here, depth)
        if len(known.options) != 1 or not isinstance(known.options[0], Items):
            return Known(unknown=f"`{_shown(sequence)}` is joined at run time")
        pieces: list[Known] = []
        for place, item in enumerate(known.options[0].items):
            if place:
                pieces.append(Known((separator,)))
            pieces.append(Known(item.options, item.unknown, item.defaults))
        return self._concatenate(pieces) if pieces else Known(("",))


# -- which bindings reach a use


def reaching(bindings: list[Binding], scope: Scope, here: Here, node: ast.AST | None) -> list[Binding]:
    """The bindings whose value a name may have where it is used.

    Inside one unit the last unconditional binding above the use hides those before it; a use in another scope or
    another cell may meet any of them.
    """
    if len(bindings) == 1 or scope is not here.scope:
        return bindings
    line = getattr(node, "lineno", here.line)
    column = getattr(node, "col_offset", here.column)
    before = [
        one
        for one in bindings
        if one.here.unit == here.unit
        and (one.here.line, one.here.column) < (line, column)
        and (one.here.line, one.here.column) != (here.line, here.column)
    ]
    certain = [one for one in before if here.block[: len(one.here.block)] == one.here.block]
    if not certain:
        return bindings
    last = certain[-1]
    after_last = [one for one in before if (one.here.line, one.here.column) > (last.here.line, last.here.column)]
    # A loop around the use can bring back what is bound below it.
    around = here.block
    looped = [
        one
        for one in bindings
        if one.here.unit == here.unit
        and one not in before
        and around
        and one.here.block[: len(around)] == around
        and len(around) > len(last.here.block)
    ]
    return [last, *after_last, *looped]


def made_by(name: str) -> str:
    """The class whose instance a call of `name` returns, as far as habits tell: `X.from_pretrained` makes an X."""
    head, _, last = name.rpartition(".")
    makes_its_class = last.startswith(("from_", "load_from_")) or last in ("create", "get_or_create")
    return head if makes_its_class and head.rpartition(".")[2][:1].isupper() else name


# -- helpers on atoms


def _expr(node: ast.AST | None) -> ast.expr:
    assert isinstance(node, ast.expr)
    return node


def _class_of(scope: Scope) -> Class:
    assert isinstance(scope.node, ast.ClassDef) and scope.here is not None
    return Class(scope.node.name, scope.node, scope, scope.here)


def _is_property(known: Known) -> bool:
    return any(
        isinstance(option, Function)
        and not isinstance(option.node, ast.Lambda)
        and any(isinstance(d, ast.Name) and d.id in ("property", "cached_property") for d in option.node.decorator_list)
        for option in known.options
    )


def _follow(option: Inner, path: tuple[int, ...]) -> Known:
    current: Inner = option
    for place in path:
        if not isinstance(current, Items) or not -len(current.items) <= place < len(current.items):
            if isinstance(current, Made):
                return Known((Made(f"{current.name}.__getitem__"),))
            return Known(unknown="a part of a value that is not written out")
        value = current.items[place]
        if len(value.options) != 1 or value.unknown:
            return Known(value.options, value.unknown, value.defaults)
        current = value.options[0]
    return Known((current,))


def _element(option: Inner, path: tuple[int, ...]) -> Known:
    match option:
        case Items(items):
            return (
                merge(_follow(inner, path) if path else Known((inner,)) for value in items for inner in value.options)
                if all(value.options and not value.unknown for value in items)
                else merge(
                    [*(_follow(inner, path) for value in items for inner in value.options), Known(unknown="an element")]
                )
            )
        case Entries(entries):
            return Known(tuple(key for key, _ in entries)) if not path else Known(unknown="an element of a table")
        case Made(name):
            return Known((Made(f"{name}.__getitem__"),))
        case _:
            return Known(unknown="an element of something that is not written out")


def _lost(whole: Known, name: str) -> Known:
    return Known(unknown=whole.unknown or f"`{name}` is not known here")


def _truthy(known: Known) -> Known:
    return Known(
        tuple(one for one in known.options if one not in (None, "", False, 0) or isinstance(one, (Ref, Made))),
        known.unknown,
        known.defaults,
    )


def _text(known: Known) -> str:
    for option in known.options:
        match option:
            case str(text) | Local(text):
                return text
            case Template():
                return _plain(option)
    return "{…}"


def _text_atom(parts: tuple[str | None, ...]) -> str | Template:
    merged: list[str | None] = []
    for part in parts:
        if merged and part is not None and merged[-1] is not None:
            merged[-1] += part
        elif not (part is None and merged and merged[-1] is None):
            merged.append(part)
    if not merged:
        return ""
    if len(merged) == 1 and merged[0] is not None:
        return merged[0]
    return Template(tuple(merged))


def _plain(atom: str | Template) -> str:
    """A text with its unknown parts shown as `{…}`."""
    return atom if isinstance(atom, str) else "".join("{…}" if part is None else part for part in atom.parts)


def plain(atom: Atom) -> str | None:
    """The text of a string atom, holes shown as `{…}`; None where it is no text."""
    match atom:
        case str():
            return atom
        case Local(text):
            return text
        case Template():
            return _plain(atom)
    return None


def _shown(node: ast.AST) -> str:
    """A short name for an expression in a reason; never a literal of it, which may be a secret."""
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(base, attribute):
            return f"{_shown(base)}.{attribute}"
        case ast.Call(function):
            return f"{_shown(function)}(…)"
        case ast.Subscript(base):
            return f"{_shown(base)}[…]"
        case ast.Constant(str() as text) if text.isidentifier() and text.isupper() and len(text) < 40:
            return text
    return "…"


def command_line_options(outline: Outline, evaluator: Evaluator) -> dict[str, Known]:
    """What `add_argument("--name", default=…)` and its kin say of the attributes of parsed arguments."""
    found: dict[str, Known] = {}
    for site in outline.calls:
        node = site.node
        if not (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.startswith("add_arg")
        ):
            continue
        names = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        keywords = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        destination = keywords.get("dest")
        longest = max(names, key=len, default="")
        name = (
            destination.value
            if isinstance(destination, ast.Constant) and isinstance(destination.value, str)
            else longest.lstrip("-").replace("-", "_")
        )
        if not name:
            continue
        default = keywords.get("default")
        known = evaluator.known(default, site.here) if default is not None else Known()
        action = keywords.get("action")
        if default is None and isinstance(action, ast.Constant) and action.value == "store_true":
            known = Known((False,))
        if default is None and isinstance(action, ast.Constant) and action.value == "store_false":
            known = Known((True,))
        reason = f"default of command-line option --{name}" if known.options else f"command-line option --{name}"
        found[name] = merge([found.get(name, Known()), Known((), reason, known.options)])
    return found


__all__ = [
    "Class",
    "Evaluator",
    "Function",
    "Inner",
    "Instance",
    "Known",
    "Partial",
    "Site",
    "command_line_options",
    "made_by",
    "plain",
]
