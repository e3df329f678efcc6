"""What an expression may be: names, constants and library objects, folded without running anything."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from msgspec import Struct, field

from mlgate.facts.python import containers, guards, libraries, texts
from mlgate.facts.python.callers import Callers
from mlgate.facts.python.known import Class, Function, Inner, Instance, Known, Partial, lost, merge
from mlgate.facts.python.reaching import reaching
from mlgate.facts.python.relevance import Relevance
from mlgate.facts.python.scopes import Binding, FunctionNode, Here, Outline, Scope
from mlgate.model import Entries, Given, Items, Local, Made, Project, Ref, Shape, Template, Value, Wrapper

MAX_DEPTH = 40
"""Longest chain of names, calls and operators that is followed: each takes four frames of the stack."""

MAX_TRIES = 3
"""How often an expression on a circle is folded anew."""

_PATH_PARTS = frozenset(["parent", "resolve", "absolute", "expanduser", "as_posix", "with_suffix", "joinpath", "name"])
_SETTINGS_OBJECTS = ("absl.flags.FLAGS.", "google.colab.userdata.", "os.environ.")
_PARSED = ("parse_args", "parse_known_args", "parse_args_into_dataclasses")
_FIELDS = frozenset(["Field", "field", "Option", "Argument", "attrib", "ib"])
"""Calls that stand where a default stands and hold it: dataclasses, pydantic, attrs, typer."""
_ENUMS = frozenset(["enum.Enum", "enum.StrEnum", "enum.IntEnum", "enum.Flag", "enum.IntFlag"])
_TEXT_METHODS: Mapping[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "strip": str.strip,
    "rstrip": str.rstrip,
    "lstrip": str.lstrip,
    "title": str.title,
}


class Evaluator(Struct):
    """Answers what names and expressions of one outline may be. One per document."""

    outline: Outline
    project: Project
    path: str
    relevance: Relevance
    wanted: frozenset[str] = frozenset()
    """Last segments of the names that rules ask for: what a star import may bring."""
    asked: frozenset[str] = frozenset()
    """Roots of the libraries that rules speak of."""
    options: Mapping[str, Known] = field(default_factory=dict)
    """Command-line options of this document by attribute name."""
    inside: Scope | None = None
    """The function whose parameters are `Given`: what it hands on is asked for, not what this document gives it."""
    _memo: dict[int, Known] = field(default_factory=dict)
    _active: set[int] = field(default_factory=set)
    _cut: set[int] = field(default_factory=set)
    """Expressions that were asked for while they were being folded."""
    _tries: dict[int, int] = field(default_factory=dict)
    _imports: dict[str, Known] = field(default_factory=dict)
    _roots: dict[str, bool] = field(default_factory=dict)
    _set_later: dict[tuple[str, str], list[tuple[ast.expr, Here]]] | None = None
    _callers: Callers | None = None

    # -- expressions

    def known(self, node: ast.expr, here: Here, depth: int = 0) -> Known:
        key = id(node)
        if key in self._memo:
            return self._memo[key]
        if depth > MAX_DEPTH or key in self._active:
            self._cut.add(key)
            return Known(unknown="it is built in too many steps")
        self._active.add(key)
        try:
            result = self._fold(node, here, depth + 1)
        finally:
            self._active.discard(key)
        self._cut.discard(key)
        # `x = f(x)`: what was found while `x` itself was looked for is only part of the answer.
        tries = self._tries[key] = self._tries.get(key, 0) + 1
        if self._cut.isdisjoint(self._active) or tries >= MAX_TRIES:
            self._memo[key] = result
        return result

    def value(self, node: ast.expr, here: Here) -> Value:
        known = self.known(node, here)
        seen = [
            tuple(atom for option in atoms for atom in self._seen_outside(option))
            for atoms in (known.options, known.passed)
        ]
        return Known(seen[0], known.unknown, known.defaults, seen[1]).value()

    def _seen_outside(self, option: Inner) -> tuple[Inner, ...]:
        """What rules are told of an object of this repository: the library classes behind it."""
        match option:
            case Class():
                return tuple(map(Ref, self.bases(option))) or (Ref("local.Class"),)
            case Instance(of):
                return tuple(map(Made, self.bases(of))) or (Made("local.Class"),)
            case Shape(bases=bases):
                return tuple(map(Ref, bases)) or (Ref("local.Class"),)
            case Function() | Wrapper():
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
                return texts.concatenate([self._formatted(part, here, depth) for part in parts])
            case ast.BinOp(_, ast.Add() | ast.Div() | ast.Mod() | ast.BitOr()):
                return self._chain(node, here, depth)
            case ast.IfExp(test, yes, no):
                sides = ((yes, guards.there(test)), (no, guards.there(test, False)))
                return merge(
                    Known((Local("{…}"),)) if there and guards.shape(one) in there else self.known(one, here, depth)
                    for one, there in sides
                )
            case ast.BoolOp(ast.Or(), operands):
                known = [self.known(operand, here, depth) for operand in operands]
                return merge([containers.truthy(one) for one in known[:-1]] + known[-1:])
            case ast.List(elements) | ast.Tuple(elements) | ast.Set(elements):
                return self._items(elements, here, depth)
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
                return Known(unknown=f"`{shown(node)}` is computed")

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
                    exported = self.project.export(module, name, self.path)
                    if exported is not None:
                        found.append(Known.of(exported))
                elif name in self.wanted:
                    found.append(Known((Ref(f"{module}.{name}"),)))
            scope = scope.parent
        if found:
            return merge(found)
        if name in libraries.BUILTINS:
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
                found = [containers.element(self._table(option), binding.path) for option in whole.options]
                return merge(found or [lost(whole, binding.name)])
            case "unpack":
                whole = self.known(_expr(binding.node), binding.here, depth)
                found = [containers.follow(option, binding.path) for option in whole.options]
                return merge(found or [lost(whole, binding.name)])
            case "class":
                assert isinstance(binding.node, ast.ClassDef) and binding.scope is not None
                return Known((Class(binding.name, binding.node, binding.scope, binding.here),))
            case "definition":
                assert isinstance(binding.node, (ast.FunctionDef, ast.AsyncFunctionDef))
                return Known((Function(binding.node, binding.scope),))
            case _:
                return Known(unknown="it changes while the program runs")

    def _table(self, option: Inner) -> Inner:
        """An enumeration of this document, as what a loop over it sees."""
        if isinstance(option, Class) and self.is_enum(option):
            return Items(tuple(value.value() for value in self.members(option).values()))
        return option

    # -- modules

    def imported(self, dotted: str) -> Known:
        """What an imported name is: a library's, or what a module of this repository holds under it."""
        if dotted not in self._imports:
            self._imports[dotted] = self._imported(dotted)
        return self._imports[dotted]

    def _imported(self, dotted: str) -> Known:
        if not self._is_local(dotted):
            return Known((Ref(dotted),))
        module, name = _split(dotted)
        exported = self._exported(module, name) if module else None
        if exported is not None:
            return exported
        if dotted.startswith(".") and self.project.find_module(dotted, self.path) is None:
            return Known(unknown=f"`{name}` comes from another file")
        return Known((Ref(dotted),))

    def _exported(self, module: str, name: str) -> Known | None:
        exported = self.project.export(module, name, self.path)
        if exported is None:
            return None
        root = module.partition(".")[0]
        has_code = not exported.options or any(
            isinstance(one, Shape) or (isinstance(one, Wrapper) and not one.sinks) for one in exported.options
        )
        if root in self.asked and has_code and "/" not in module and self.project.is_library(root):
            # In the library's own repository its code goes by the name that rules call it.
            return Known((Ref(f"{module}.{name}"),))
        return Known.of(exported)

    def _is_local(self, dotted: str) -> bool:
        root = dotted.partition(".")[0]
        if not root or "/" in dotted or dotted.endswith((".ipynb", ".py")):
            return True
        if root not in self._roots:
            self._roots[root] = self.project.find_module(root, self.path) is not None
        return self._roots[root]

    # -- parameters

    def _parameter(self, binding: Binding, depth: int) -> Known:
        if self.inside is not None and binding.scope is self.inside:
            return Known((Given(binding.name),))
        passed = self._passed(binding, depth)
        annotated = self._annotated(binding.annotation, binding.here, depth)
        offered = self.options.get(f"{id(binding.scope)}.{binding.name}")
        if binding.node is None and offered is None:
            return Known(
                annotated, f"`{binding.name}` is a parameter", passed.defaults, (*passed.options, *passed.passed)
            )
        default = self.known(_default(binding.node), binding.here, depth) if binding.node is not None else Known()
        defaults = [*default.options, *default.defaults, *passed.defaults]
        reason = f"default of {binding.name}"
        if offered is not None:
            defaults, reason = [*defaults, *offered.defaults], offered.unknown
        return Known(annotated, reason, tuple(defaults), (*passed.options, *passed.passed))

    def _passed(self, binding: Binding, depth: int) -> Known:
        if self._callers is None:
            self._callers = Callers(self.outline)
        given = self._callers.of(binding, lambda node, here: self.known(node, here, depth).options)
        return merge([Known(), *(self.known(argument, here, depth) for argument, here in given)])

    def further(self, name: str, here: Here) -> dict[str, Value]:
        """What calls of this document give for `**name`, where that is what is left of a function's arguments."""
        scope = here.scope.lookup(name)
        node = scope.node if scope is not None else None
        if scope is None or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return {}
        if node.args.kwarg is None or node.args.kwarg.arg != name or self.inside is not None:
            return {}
        if self._callers is None:
            self._callers = Callers(self.outline)
        given = self._callers.of_further(scope, lambda call, at: self.known(call, at).options)
        reason = f"`**{name}` is what callers give"
        values = {key: merge(self.known(one, at) for one, at in several) for key, several in given.items()}
        return {
            key: Known((), reason, one.defaults, (*one.options, *one.passed)).value() for key, one in values.items()
        }

    def _annotated(self, annotation: ast.expr | None, here: Here, depth: int) -> tuple[Inner, ...]:
        """An annotated parameter is an instance of that class: its methods are known, its value is not."""
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            try:
                annotation = ast.parse(annotation.value, mode="eval").body
            except (SyntaxError, ValueError):
                return ()
        if annotation is None or isinstance(annotation, ast.Constant):
            return ()
        known = self.known(annotation, here, depth)
        made: tuple[Inner, ...] = tuple(
            Made(option.name) for option in known.options if isinstance(option, Ref) and "." in option.name
        )
        return made + tuple(
            Instance(option) if isinstance(option, Class) else option
            for option in known.options
            if isinstance(option, (Class, Shape))
        )

    # -- attributes and subscripts

    def _attribute(self, base: ast.expr, attribute: str, here: Here, depth: int) -> Known:
        if isinstance(base, ast.Name) and base.id in ("self", "cls"):
            owner = here.scope.enclosing_class()
            if owner is not None:
                return self._member(class_of(owner), attribute, depth)
        found = self.known(base, here, depth)
        # `torch = None` where the import failed: it has no attributes to speak of.
        several = tuple(option for option in found.options if option is not None) or found.options
        several = several or tuple(option for option in found.passed if not isinstance(option, str))
        if not several:
            if found.defaults:
                return Known(unknown=found.unknown)
            return Known(unknown=f"`{shown(base)}.{attribute}` is not known here")
        return merge(
            [self._of(option, attribute, base, depth) for option in several]
            + ([Known(unknown=found.unknown)] if found.unknown else [])
        )

    def _of(self, option: Inner, attribute: str, base: ast.expr, depth: int) -> Known:
        match option:
            case Ref(name):
                return self._dotted(name, attribute)
            case Made(name):
                if name.endswith(_PARSED) or name.startswith(_SETTINGS_OBJECTS):
                    return self.options.get(attribute) or Known(unknown=f"command-line option {attribute}")
                return Known((Ref(f"{name}.{attribute}"),))
            case Local(text) if text and attribute in _PATH_PARTS:
                return Known((Local(text),))
            case Local():
                return Known((Ref(f"pathlib.Path.{attribute}"),))
            case Class():
                return self._member(option, attribute, depth)
            case Instance(of):
                return self._member(of, attribute, depth)
            case Shape(name, members, bases):
                held = self._held(option, attribute) if members is None else dict(members).get(attribute)
                if held is not None:
                    return Known.of(held)
                return Known(
                    tuple(Ref(f"{one}.{attribute}") for one in bases), "" if bases else f"`{name}.{attribute}`"
                )
            case Entries() | Items():
                return Known((Ref(f"dict.{attribute}"),), "a container's method")
            case str() if attribute == "value":
                return Known((option,))  # Of an enumeration's member: a plain text has no such attribute.
            case str() | Template():
                return Known((Ref(f"str.{attribute}"),))
            case _:
                return Known(unknown=f"`{shown(base)}.{attribute}` is not known here")

    def _dotted(self, name: str, attribute: str) -> Known:
        if self._is_local(name):
            exported = self._exported(name, attribute)
            if exported is not None:
                return exported
        return Known((Ref(f"{name}{'' if name.endswith('.') else '.'}{attribute}"),))

    def _member(self, owner: Class, attribute: str, depth: int) -> Known:
        bindings = [*owner.scope.bindings.get(attribute, ()), *owner.scope.attributes.get(attribute, ())]
        if bindings:
            known = merge(self.bound(binding, depth) for binding in bindings)
            if any(isinstance(option, Function) and _is_property(option.node) for option in known.options):
                returned = [self.returned(one, depth) for one in known.options if isinstance(one, Function)]
                return merge(returned) if returned else Known(unknown=f"`{attribute}` is a property")
            return known
        inherited = [Ref(f"{base}.{attribute}") for base in self.bases(owner, depth)]
        return Known(tuple(inherited), "" if inherited else f"`{owner.name}.{attribute}` is not set in this file")

    def _held(self, shape: Shape, attribute: str) -> Value | None:
        assert shape.place is not None
        return self.project.member(shape.place, attribute)

    def member(self, owner: Class, name: str) -> Known | None:
        """An attribute that the class or its methods set; None where they set none of that name."""
        is_set = name in owner.scope.bindings or name in owner.scope.attributes
        return self._member(owner, name, 0) if is_set and not name.startswith("__") else None

    def members(self, owner: Class) -> dict[str, Known]:
        """Every attribute that the class or its methods set."""
        names = dict.fromkeys([*owner.scope.bindings, *owner.scope.attributes])
        return {name: known for name in names if (known := self.member(owner, name)) is not None}

    def is_enum(self, owner: Class) -> bool:
        return not _ENUMS.isdisjoint(self.bases(owner))

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
                elif isinstance(option, Shape):
                    names.extend(option.bases)
                elif isinstance(option, Class) and option.node is not owner.node:
                    names.extend(self.bases(option, depth + 1))
        return names

    def _items(self, elements: list[ast.expr], here: Here, depth: int) -> Known:
        if len(elements) > 200:
            return Known(unknown="a list that is not written out")
        items: list[Value] = []
        for element in elements:
            if isinstance(element, ast.Starred):
                inner = self.known(element.value, here, depth)
                if len(inner.options) != 1 or not isinstance(inner.options[0], Items) or inner.unknown:
                    return Known(unknown="a list that is not written out")
                items += inner.options[0].items
            else:
                items.append(self.known(element, here, depth).value())
        return Known((Items(tuple(items)),))

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
        later = self._later(base, places, here, depth)
        for option in whole.options:
            match option:
                case Entries(entries):
                    if not later or any(place in dict(entries) for place in places.options):
                        found += containers.entries_at(option, places)
                case Items():
                    found.append(containers.item_at(option, places))
                case Class() if self.is_enum(option):
                    names = [place for place in places.options if isinstance(place, str)]
                    found += [self._member(option, place, depth) for place in names]
                case Ref("os.environ"):
                    found.append(Known(unknown="an environment variable"))
                case Ref(name):
                    # A table or generic of a library: `typing.Generic[T]`, `h5py.File(…)["x"]`.
                    found.append(Known((Ref(name),), "an entry of a library's object"))
                case Made(name):
                    found.append(Known((Made(f"{name}.__getitem__"),)))
                case Local(text) if text:
                    found.append(Known((Local("{…}"),)))
                case _:
                    found.append(Known(unknown=f"`{shown(base)}[…]` is not known here"))
        found += later
        return merge(found) if found else Known(unknown=whole.unknown or f"`{shown(base)}[…]` is not known here")

    def _later(self, base: ast.expr, places: Known, here: Here, depth: int) -> list[Known]:
        """What `table["key"] = value` puts into a table that has a name, anywhere in the document."""
        if not isinstance(base, ast.Name):
            return []
        if self._set_later is None:
            self._set_later = {}
            for site, value in self.outline.assignments:
                match site.node:
                    case ast.Subscript(ast.Name(name), ast.Constant(str() as key)):
                        self._set_later.setdefault((name, key), []).append((value, site.here))
            for site in self.outline.calls_of("update", "setdefault"):
                match site.node:
                    case ast.Call(ast.Attribute(ast.Name(name), "update" | "setdefault"), [], keywords):
                        for one in keywords:
                            self._set_later.setdefault((name, one.arg or ""), []).append((one.value, site.here))
                    case ast.Call(ast.Attribute(ast.Name(name), "update"), [ast.Dict(keys, values), *_]):
                        for key_node, value in zip(keys, values, strict=True):
                            match key_node:
                                case ast.Constant(str() as key):
                                    self._set_later.setdefault((name, key), []).append((value, site.here))
        scope = here.scope.lookup(base.id)
        return [
            self.known(value, at, depth)
            for place in places.options
            if isinstance(place, str)
            for value, at in self._set_later.get((base.id, place), ())
            if at.scope.lookup(base.id) is scope
        ]

    def later(self, base: ast.expr, here: Here) -> dict[str, Known]:
        """What a table that has a name is given after it was written out, by key."""
        if not isinstance(base, ast.Name):
            return {}
        self._later(base, Known(), here, 0)
        keys = dict.fromkeys(key for name, key in self._set_later or () if name == base.id)
        found = {key: self._later(base, Known((key,)), here, 0) for key in keys}
        return {key: merge(known) for key, known in found.items() if known}

    # -- calls

    def _call(self, node: ast.Call, here: Here, depth: int) -> Known:
        if isinstance(node.func, ast.Attribute):
            method = self._method(node, node.func, here, depth)
            if method is not None:
                return method
        function = self.known(node.func, here, depth)
        results = [self._result(option, node, here, depth) for option in function.options]
        if function.unknown or not results:
            results.append(Known(unknown=f"`{shown(node.func)}(…)` is not known here"))
        return merge(results)

    def _method(self, node: ast.Call, function: ast.Attribute, here: Here, depth: int) -> Known | None:
        """Methods of texts and tables that are written out."""
        attribute = function.attr
        if attribute in _TEXT_METHODS and not node.args:
            base = self.known(function.value, here, depth)
            if base.options and all(isinstance(option, str) for option in base.options):
                change = _TEXT_METHODS[attribute]
                return Known(tuple(change(str(option)) for option in base.options), base.unknown)
        elif attribute == "format":
            base = self.known(function.value, here, depth)
            if len(base.options) == 1 and isinstance(base.options[0], str):
                is_open = any(isinstance(argument, ast.Starred) for argument in node.args)
                positional = None if is_open else [self.known(argument, here, depth) for argument in node.args]
                named = {one.arg: self.known(one.value, here, depth) for one in node.keywords if one.arg}
                return texts.format_fields(base.options[0], positional, named)
        elif attribute == "join" and len(node.args) == 1:
            base = self.known(function.value, here, depth)
            if len(base.options) == 1 and isinstance(base.options[0], str):
                return self._joined(base.options[0], node.args[0], here, depth)
        elif attribute == "get" and node.args:
            base = self.known(function.value, here, depth)
            if len(base.options) == 1 and isinstance(base.options[0], Entries):
                found = self._subscript(function.value, node.args[0], here, depth)
                if found.options or len(node.args) == 1:
                    return found
                default = self.known(node.args[1], here, depth)
                key = self.known(node.args[0], here, depth)
                is_absent = not base.options[0].open and not key.unknown and not found.defaults
                return default if is_absent else merge([found, default])
        elif attribute in ("items", "values", "keys") and not node.args:
            base = self.known(function.value, here, depth)
            if len(base.options) == 1 and isinstance(base.options[0], Entries) and not base.unknown:
                return containers.view(base.options[0], attribute)
        return None

    def _result(self, option: Inner, node: ast.Call, here: Here, depth: int) -> Known:
        match option:
            case Ref(name):
                return self._library(name, node, here, depth)
            case Made(name):
                return Known((Made(f"{name}.__call__"),))
            case Class():
                if self.is_enum(option):
                    return self.known(node.args[0], here, depth) if node.args else Known(unknown="an enumeration")
                bases = self.bases(option, depth)
                return Known((Instance(option), *(Made(base) for base in bases if "." in base)))
            case Shape(bases=bases):
                return Known((option, *(Made(base) for base in bases if "." in base)))
            case Partial(name):
                return Known((Made(name),))
            case Function():
                return self.returned(option, depth)
            case Wrapper(returns=Value() as returns):
                return Known.of(returns)
            case _:
                return Known(unknown=f"`{shown(node.func)}(…)` is not known here")

    def returned(self, function: Function, depth: int = 0) -> Known:
        """What a function of this document returns, as far as it does not depend on its arguments."""
        if isinstance(function.node, ast.Lambda):
            return Known(unknown=f"`{shown(function.node.body)}` is computed")
        name = function.node.name
        if function.scope is None or function.scope.yields:
            return Known(unknown=f"`{name}(…)` is not known here")
        found = [self.known(value, here, depth) for value, here in function.scope.returns]
        annotated = self._annotated(
            function.node.returns, function.scope.here or Here(function.scope, 0, (), 1, 0), depth
        )
        if not found and not annotated:
            return Known(unknown=f"`{name}(…)` is not known here")
        known = merge([*found, *([Known(annotated)] if annotated else [])])
        return Known(known.options, known.unknown, known.defaults, known.passed)

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
                    is_root = name == "__import__" and not node.keywords
                    return merge(self.imported(one.partition(".")[0] if is_root else one) for one in names)
                return Known(unknown="a module chosen at run time")
            case "functools.partial" if arguments:
                target = self.known(arguments[0], here, depth)
                partials = tuple(Partial(one.name, node, here) for one in target.options if isinstance(one, Ref))
                return Known(partials, "" if target.options else "a partial of something unknown")
            case "dict" if not arguments:
                keys: list[ast.expr | None] = [ast.Constant(k.arg) if k.arg else None for k in node.keywords]
                return self._dict(keys, [k.value for k in node.keywords], here, depth)
            case "super":
                return self._super(here, depth)
        if not libraries.reads_arguments(name):
            return Known((Made(libraries.made_by(name)),))
        known = [self.known(argument, here, depth) for argument in arguments]
        is_open = any(isinstance(argument, ast.Starred) for argument in arguments)
        return libraries.returned(name, known, is_open, shown(node), shown(arguments[0]) if arguments else "?")

    def _super(self, here: Here, depth: int) -> Known:
        owner = here.scope.enclosing_class()
        if owner is None:
            return Known(unknown="`super()` outside a class")
        return Known(tuple(Ref(base) for base in self.bases(class_of(owner), depth)), "")

    # -- texts

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
        match node.op:
            case ast.Add():
                if any(isinstance(option, (str, Template)) for one in known for option in (*one.options, *one.passed)):
                    return texts.concatenate(known)
                if all(len(one.options) == 1 and isinstance(one.options[0], Items) for one in known):
                    return Known(
                        (
                            Items(
                                tuple(i for one in known for o in one.options if isinstance(o, Items) for i in o.items)
                            ),
                        )
                    )
            case ast.BitOr():
                # `X | None` in an annotation.
                return merge(one for one in known if one.options != (None,))
            case ast.Div() if any(isinstance(option, (Local, Made)) for option in known[0].options):
                return Known((Local("/".join(text for one in known if (text := texts.text_of(one)))),))
            case ast.Mod() if len(known) == 2 and len(known[0].options) == 1 and isinstance(known[0].options[0], str):
                return texts.percent(known[0].options[0], known[1])
        return Known(unknown=f"`{shown(node)}` is computed")

    def _joined(self, separator: str, sequence: ast.expr, here: Here, depth: int) -> Known:
        known = self.known(sequence, here, depth)
        if len(known.options) != 1 or not isinstance(known.options[0], Items):
            return Known(unknown=f"`{shown(sequence)}` is joined at run time")
        return texts.join(separator, [Known.of(item) for item in known.options[0].items])


def shown(node: ast.AST) -> str:
    """A short name for an expression in a reason; never a literal of it, which may be a secret."""
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(base, attribute):
            return f"{shown(base)}.{attribute}"
        case ast.Call(function):
            return f"{shown(function)}(…)"
        case ast.Subscript(base):
            return f"{shown(base)}[…]"
        case ast.Constant(str() as text) if text.isidentifier() and text.isupper() and len(text) < 40:
            return text
    return "…"


def _split(dotted: str) -> tuple[str, str]:
    """A dotted name as its module, leading dots included, and the last segment."""
    tail = dotted.lstrip(".")
    dots = dotted[: len(dotted) - len(tail)]
    head, _, last = tail.rpartition(".")
    return dots + head, last


def _expr(node: ast.AST | None) -> ast.expr:
    assert isinstance(node, ast.expr)
    return node


def _default(node: ast.AST | None) -> ast.expr:
    """The default itself, where a call such as `Field("acme/bert")` stands in its place."""
    expression = _expr(node)
    if isinstance(expression, ast.Call):
        function = expression.func
        last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if last in _FIELDS:
            named = next((one.value for one in expression.keywords if one.arg == "default"), None)
            return named or (expression.args[0] if expression.args else ast.Constant(None))
    return expression


def class_of(scope: Scope) -> Class:
    """The class whose scope it is."""
    assert isinstance(scope.node, ast.ClassDef) and scope.here is not None
    return Class(scope.node.name, scope.node, scope, scope.here)


def _is_property(node: FunctionNode) -> bool:
    return not isinstance(node, ast.Lambda) and any(
        isinstance(one, ast.Name) and one.id in ("property", "cached_property") for one in node.decorator_list
    )
