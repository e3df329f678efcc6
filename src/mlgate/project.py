"""What a file may ask about the rest of its repository, answered from one tree, and a record of what was asked."""

from __future__ import annotations

import ast
import hashlib
import posixpath
import re
import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mlgate import versions
from mlgate.limits import MAX_OPTIONS, beyond_bounds
from mlgate.model import Atom, Entries, Items, Local, Project, Ref, Template, Value, Version

MAX_MODULE_BYTES = 1_000_000
"""Largest module read for its exports, in bytes; the largest hand-written one of 13,000 public files has 0.6 MB."""

MAX_HOPS = 2
"""Longest chain of modules of the repository that a re-export is followed through, beyond the module asked for."""


_ADDRESS = re.compile(r"[A-Za-z][\w+.-]+:/")
"""`https://…`; normalised as a path, one slash is left. One letter would be a drive."""

_GLOBAL = re.compile(r"[:;\n][ \t]*global[ \t\\]")


class Tree(Protocol):
    """One side of a comparison: the files of a work tree or of a commit."""

    def paths(self) -> Collection[str]: ...

    def read(self, path: str) -> bytes | None:
        """None: no such file, or one that cannot be read."""
        ...

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]: ...


class Repository:
    """`model.Project` over one tree. Each answer is computed once."""

    def __init__(self, tree: Tree, like: Repository | None = None) -> None:
        """`like`: another side, whose equal modules are parsed already."""
        self._tree = tree
        self._known: frozenset[str] | None = None
        self._dependency_files: dict[str, list[str]] | None = None
        self._said: dict[str, dict[str, list[versions.Statement]]] = {}
        """By folder and package."""
        self._versions: dict[tuple[str, str], Version | None] = {}
        self._modules: dict[str, _Module] = {}
        self._parsed: dict[tuple[str, bytes], _Module] = {} if like is None else like._parsed
        self._exported: dict[tuple[str, int], Mapping[str, Value]] = {}
        self.digests: dict[int, tuple[object, str]] = {}
        """Digests of the exports of modules, by identity; the exports are kept so that no other has it."""

    def exists(self, path: str) -> bool:
        """Whether the POSIX path, relative to the root, is a file or folder of the repository; ignored ones are not."""
        if not path or path.startswith("/"):
            return False
        path = posixpath.normpath(path)
        return path == "." or path in self._paths_and_folders()

    def version(self, package: str, importer: str = "") -> Version | None:
        """What the dependency files of the nearest folder above `importer` that speaks of the package say of it.

        What another folder pins says nothing of this one. See `versions.decide`.
        """
        key = versions.normalise(package), posixpath.dirname(importer)
        if key not in self._versions:
            self._versions[key] = self._nearest(*key)
        return self._versions[key]

    def module(self, name: str, importer: str) -> Mapping[str, Value]:
        """What module `name` (leading dots: relative) exports, as seen from file `importer`; empty where there is none.

        Plain aliases and constants with their values, everything else that the module defines as unknown.
        """
        path = self._resolve(name, importer)
        return {} if path is None else self._exports(path, MAX_HOPS)

    # --- paths

    def _paths_and_folders(self) -> frozenset[str]:
        if self._known is None:
            known = set(self._tree.paths())
            for path in tuple(known):
                folder = posixpath.dirname(path)
                while folder and folder not in known:
                    known.add(folder)
                    folder = posixpath.dirname(folder)
            self._known = frozenset(known)
        return self._known

    # --- versions

    def _nearest(self, package: str, folder: str) -> Version | None:
        while True:
            said = self._said_in([folder], package)
            if said:
                return versions.decide(said)
            if not folder:
                return None
            folder = posixpath.dirname(folder)

    def _folders(self) -> Mapping[str, Sequence[str]]:
        """Folders that dependency files speak for, and those files."""
        if self._dependency_files is None:
            self._dependency_files = {}
            for path in sorted(self._tree.paths()):
                if versions.is_dependency_file(path):
                    self._dependency_files.setdefault(versions.speaks_for(path), []).append(path)
        return self._dependency_files

    def _said_in(self, folders: Sequence[str], package: str) -> list[versions.Statement]:
        files = self._folders()
        pending = [(folder, path) for folder in folders if folder not in self._said for path in files.get(folder, ())]
        for folder in folders:
            self._said.setdefault(folder, {})
        spoken: set[tuple[str, str]] = set()
        while pending := [one for one in dict.fromkeys(pending) if one not in spoken]:
            spoken.update(pending)
            read = self._tree.read_many(dict.fromkeys(path for _, path in pending))
            # What a file includes, wherever it lies, is about the folder of the file.
            included: list[tuple[str, str]] = []
            for folder, path in pending:
                data = read.get(path, b"")
                for one in versions.statements(path, data):
                    self._said[folder].setdefault(one.package, []).append(one)
                included += ((folder, other) for other in versions.included(path, data))
            pending = included
        return [one for folder in folders for one in self._said[folder].get(package, ())]

    # --- modules

    def _resolve(self, name: str, importer: str) -> str | None:
        """The file of a module of this repository.

        Absolute names count from the folders above `importer` that are no packages, and from their `src`, nearest
        first: that is where the search path of a script, a test or an installed package begins.
        """
        folder = posixpath.dirname(importer)
        dots = len(name) - len(name.lstrip("."))
        tail = name[dots:].replace(".", "/")
        if dots:
            for _ in range(dots - 1):
                if not folder:
                    return None
                folder = posixpath.dirname(folder)
            return self._module_file(posixpath.join(folder, tail) if tail else folder)
        if not tail:
            return None
        while True:
            if posixpath.join(folder, "__init__.py") not in self._paths_and_folders():
                for start in (folder, posixpath.join(folder, "src")):
                    found = self._module_file(posixpath.join(start, tail))
                    if found is not None:
                        return found
            if not folder:
                return None
            folder = posixpath.dirname(folder)

    def _module_file(self, stem: str) -> str | None:
        candidates = [f"{stem}/__init__.py", f"{stem}.py"] if stem else ["__init__.py"]
        return next((path for path in candidates if path in self._paths_and_folders()), None)

    def _exports(self, path: str, hops: int) -> Mapping[str, Value]:
        if (path, hops) not in self._exported:
            module = self._module(path)
            exports: dict[str, Value] = {}
            for star in module.stars:
                source = self._resolve(star, path)
                if source is not None and hops:
                    found = self._exports(source, hops - 1)
                    exports.update((name, value) for name, value in found.items() if not name.startswith("_"))
            for name, values in module.names.items():
                exports[name] = _merge([self._value(one, path, hops) for one in values])
            self._exported[path, hops] = exports
        return self._exported[path, hops]

    def _value(self, value: Value | _Imported, path: str, hops: int) -> Value:
        if isinstance(value, Value):
            return value
        source = self._resolve(value.module, path)
        name, _, rest = value.name.partition(".")
        if source is not None and source != path:
            if not name:
                return Value((), f"the module {source}")
            if not hops:
                return Value((), f"imported from {source}")
            found = self._exports(source, hops - 1).get(name)
            if found is not None:
                return _attribute(found, rest) if rest else found
            joint = "" if value.module.endswith(".") else "."
            if self._resolve(f"{value.module}{joint}{name}", path) is not None:
                return Value((), f"the module {name} beside {source}")
        if value.module.startswith("."):
            return Value((), f"imported from {value.module}")
        # A library's, even where a file of the repository has the library's name but does not hold this one.
        return Value((Ref(value.dotted),))

    def _module(self, path: str) -> _Module:
        if path not in self._modules:
            data = self._tree.read(path) or b""
            key = path, hashlib.sha256(data).digest()
            if key not in self._parsed:
                self._parsed[key] = _read_module(path, data)
            self._modules[path] = self._parsed[key]
        return self._modules[path]


# --- one module -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Imported:
    """A name that another module is asked for; `name` is empty where the module itself is meant."""

    module: str
    name: str

    @property
    def dotted(self) -> str:
        return f"{self.module}.{self.name}" if self.name else self.module


@dataclass(frozen=True, slots=True)
class _Module:
    names: dict[str, list[Value | _Imported]] = field(default_factory=dict)
    """What each name at module level is bound to, in the order of the file."""
    stars: list[str] = field(default_factory=list)
    """Modules of `from … import *`."""


def _read_module(path: str, data: bytes) -> _Module:
    module = _Module()
    if len(data) > MAX_MODULE_BYTES:
        return module
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if beyond_bounds(text):
        return module
    try:
        with warnings.catch_warnings():
            # Invalid escapes in somebody's strings are not ours to print.
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return module
    reader = _Reader(path, module)
    reader.read(tree.body)
    if _GLOBAL.search(text):
        # Looking at every node takes longer than all the rest.
        for node in ast.walk(tree):
            if isinstance(node, ast.Global):
                for name in node.names:
                    reader.bind(name, Value((), f"set inside a function of {path}"))
    return module


class _Reader:
    """Collects what the statements of a module bind at its top level, branches and loops included."""

    def __init__(self, path: str, module: _Module) -> None:
        self._path = path
        self._module = module

    def bind(self, name: str, value: Value | _Imported) -> None:
        self._module.names.setdefault(name, []).append(value)

    def read(self, statements: Sequence[ast.stmt]) -> None:
        # Not recursive: each `elif` is one level deeper.
        pending = list(reversed(statements))
        while pending:
            statement = pending.pop()
            self._read_one(statement)
            if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                pending += reversed(_inner(statement))

    def _read_one(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Import(names=names):
                for alias in names:
                    if alias.asname:
                        self.bind(alias.asname, _Imported(alias.name, ""))
                    else:
                        root = alias.name.partition(".")[0]
                        self.bind(root, _Imported(root, ""))
            case ast.ImportFrom(module=module, names=names, level=level):
                source = "." * level + (module or "")
                for alias in names:
                    if alias.name == "*":
                        self._module.stars.append(source)
                    else:
                        self.bind(alias.asname or alias.name, _Imported(source, alias.name))
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                self.bind(name, Value((), f"defined in {self._path}"))
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._assign(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._assign(target, value)
            case ast.AugAssign(target=ast.Name(id=name)):
                self.bind(name, self._computed())
            case ast.For(target=target) | ast.AsyncFor(target=target):
                self._lose(target)
            case ast.With(items=items) | ast.AsyncWith(items=items):
                for item in items:
                    if item.optional_vars is not None:
                        self._lose(item.optional_vars)
            case _:
                pass

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        match target, value:
            case ast.Name(id=name), _:
                self.bind(name, self._evaluate(value))
            case (
                (ast.Tuple(elts=targets) | ast.List(elts=targets)),
                (ast.Tuple(elts=values) | ast.List(elts=values)),
            ) if len(targets) == len(values) and not any(isinstance(one, ast.Starred) for one in [*targets, *values]):
                for one, its_value in zip(targets, values, strict=True):
                    self._assign(one, its_value)
            case _:
                self._lose(target)

    def _lose(self, target: ast.expr) -> None:
        for node in ast.walk(target):
            if isinstance(node, ast.Name):
                self.bind(node.id, self._computed())

    def _computed(self) -> Value:
        return Value((), f"computed in {self._path}")

    # --- expressions

    def _evaluate(self, node: ast.expr) -> Value | _Imported:
        match node:
            case ast.Constant(value=None | bool() | int() | float() | str() as constant):
                return Value((constant,))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return Value((-number,))
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return Value((Items(tuple(self._known(item) for item in items)),))
            case ast.Dict(keys=keys, values=values):
                return self._entries(keys, values)
            case ast.BinOp(op=ast.Add()):
                return self._joined([self._known(term) for term in _terms(node)])
            case ast.JoinedStr(values=parts):
                return self._joined([self._part(part) for part in parts])
            case ast.Name(id=name):
                return self._named(name)
            case ast.Attribute():
                names: list[str] = []
                owner: ast.expr = node
                while isinstance(owner, ast.Attribute):
                    names.insert(0, owner.attr)
                    owner = owner.value
                of = self._named(owner.id) if isinstance(owner, ast.Name) else None
                if isinstance(of, _Imported):
                    return _Imported(of.module, ".".join(filter(None, [of.name, *names])))
                return self._computed()
            case ast.Call(func=function, args=args, keywords=[]):
                return self._call(function, args)
            case _:
                return self._computed()

    def _named(self, name: str) -> Value | _Imported:
        bound = self._module.names.get(name, [])
        imported = {one for one in bound if isinstance(one, _Imported)}
        if len(imported) == 1:
            # `except ImportError: torch = None` beside it does not make it another thing.
            return imported.pop()
        return self._computed() if imported else _merge(one for one in bound if isinstance(one, Value))

    def _known(self, node: ast.expr) -> Value:
        value = self._evaluate(node)
        return value if isinstance(value, Value) else Value((), f"imported from {value.module}")

    def _part(self, node: ast.expr) -> Value:
        match node:
            case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
                return self._known(value)
            case ast.Constant(value=str(text)):
                return Value((text,))
            case _:
                return self._computed()

    def _entries(self, keys: Sequence[ast.expr | None], values: Sequence[ast.expr]) -> Value:
        entries: list[tuple[str, Value]] = []
        is_open = False
        for key, value in zip(keys, values, strict=True):
            match key:
                case ast.Constant(value=str(text)):
                    entries.append((text, self._known(value)))
                case _:
                    is_open = True
        return Value((Entries(tuple(entries), is_open),))

    def _joined(self, parts: Sequence[Value]) -> Value:
        """Texts in a row; a part of several or of unknown values leaves a hole."""
        joined: list[str | None] = []
        for part in parts:
            single = part.options[0] if len(part.options) == 1 and not part.unknown else None
            if isinstance(single, str) or (isinstance(single, int) and not isinstance(single, bool)):
                text = str(single)
                if joined and joined[-1] is not None:
                    joined[-1] += text
                else:
                    joined.append(text)
            elif isinstance(single, Template):
                joined.extend(single.parts)
            elif single is not None:
                return self._computed()
            else:
                joined.append(None)
        if not any(joined):
            return Value(("",)) if not joined else self._computed()
        if len(joined) == 1:
            return Value((joined[0],))
        return Value((Template(tuple(joined)),))

    def _call(self, function: ast.expr, args: Sequence[ast.expr]) -> Value:
        called = self._evaluate(function)
        name = called.dotted if isinstance(called, _Imported) else ""
        if name in ("os.getenv", "os.environ.get") and args:
            defaults = self._known(args[1]).options if len(args) > 1 else ()
            match args[0]:
                case ast.Constant(value=str(variable)):
                    return Value((), f"environment variable {variable}", defaults)
                case _:
                    return Value((), "an environment variable", defaults)
        if name in ("pathlib.Path", "pathlib.PurePath") and len(args) == 1:
            texts = self._known(args[0])
            paths: list[Atom] = [Local(one) for one in texts.options if isinstance(one, str)]
            if len(paths) == len(texts.options):
                return Value(tuple(paths), texts.unknown)
        return self._computed()


def _inner(statement: ast.stmt) -> list[ast.stmt]:
    """The statements of every branch, in the order of the file."""
    inner: list[ast.stmt] = [*getattr(statement, "body", ())]
    for branch in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        inner += branch.body
    return [*inner, *getattr(statement, "orelse", ()), *getattr(statement, "finalbody", ())]


def _terms(node: ast.expr) -> list[ast.expr]:
    terms: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        terms.insert(0, node.right)
        node = node.left
    return [node, *terms]


def _merge(values: Iterable[Value]) -> Value:
    options: list[Atom] = []
    defaults: list[Atom] = []
    unknown = ""
    for value in values:
        options += (one for one in value.options if not _is_among(one, options))
        defaults += (one for one in value.defaults if not _is_among(one, defaults))
        unknown = unknown or value.unknown
    if len(options) > MAX_OPTIONS:
        unknown = unknown or f"more than {MAX_OPTIONS} values"
    if not options and not unknown:
        unknown = "not set"
    return Value(tuple(options[:MAX_OPTIONS]), unknown, tuple(defaults[:MAX_OPTIONS]))


def _is_among(one: Atom, others: Sequence[Atom]) -> bool:
    # 1 == True == 1.0, and they are three values.
    return any(type(one) is type(other) and one == other for other in others)


def _attribute(value: Value, name: str) -> Value:
    if value.options and all(isinstance(one, Ref) for one in value.options):
        return Value(tuple(Ref(f"{one.name}.{name}") for one in value.options if isinstance(one, Ref)), value.unknown)
    return Value((), value.unknown or f"attribute {name}")


# --- the record -----------------------------------------------------------------------------------------------------

Question = tuple[str, ...]
"""`version`, a package and who asks; `exists` and a path; or `module`, its name and who imports it."""


class Recorder:
    """A project that keeps what it was asked, and a digest of each answer."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._asked: dict[Question, str] = {}

    @property
    def questions(self) -> tuple[tuple[Question, str], ...]:
        """Question and digest of the answer, each question once, sorted; plain enough for JSON."""
        return tuple(sorted(self._asked.items()))

    def version(self, package: str, importer: str = "") -> Version | None:
        answer = self._project.version(package, importer)
        self._asked["version", package, importer] = digest(answer)
        return answer

    def exists(self, path: str) -> bool:
        if _ADDRESS.match(path):
            # No path of anybody's, and what is asked is kept: an address may hold a password.
            return False
        answer = self._project.exists(path)
        self._asked["exists", path] = digest(answer)
        return answer

    def module(self, name: str, importer: str) -> Mapping[str, Value]:
        answer = self._project.module(name, importer)
        self._asked["module", name, importer] = _kept_digest(self._project, answer)
        return answer


def answers_hold(project: Project, questions: Iterable[tuple[Sequence[str], str]]) -> bool:
    """Whether `project` answers recorded questions as before. Raises ValueError for what is no question."""
    return all(_kept_digest(project, _ask(project, question)) == answer for question, answer in questions)


Answer = Version | bool | Mapping[str, Value] | None


def _ask(project: Project, question: Sequence[str]) -> Answer:
    match question:
        case ["version", package, importer]:
            return project.version(package, importer)
        case ["exists", path]:
            return project.exists(path)
        case ["module", name, importer]:
            return project.module(name, importer)
        case _:
            raise ValueError(f"no such question: {question!r}")


def _kept_digest(project: Project, answer: Answer) -> str:
    """The digest of a module with a thousand exports is asked for by each of its importers."""
    if not isinstance(project, Repository) or not isinstance(answer, Mapping):
        return digest(answer)
    kept = project.digests.get(id(answer))
    if kept is None:
        kept = project.digests[id(answer)] = (answer, digest(answer))
    return kept[1]


def digest(answer: Answer) -> str:
    """The same for equal answers, on every Python: records print all their fields."""
    text = repr(sorted(answer.items())) if isinstance(answer, Mapping) else repr(answer)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
