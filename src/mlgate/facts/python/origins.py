"""Where a loaded thing comes from: the network, this repository, this very file, or nobody knows."""

from __future__ import annotations

import ast
import posixpath
import re

from msgspec import Struct, field

from mlgate.facts.python.guards import shape
from mlgate.facts.python.known import Inner
from mlgate.facts.python.reaching import reaching
from mlgate.facts.python.scopes import Here, Outline, Site, is_there
from mlgate.facts.python.texts import plain
from mlgate.facts.python.values import Evaluator
from mlgate.model import Local, Made, Project, Ref, Template
from mlgate.regex import regex

REMOTE = "remote"
REPOSITORY = "repository"
OWN = "own-output"
UNKNOWN = "unknown"

_OPENERS = frozenset(
    "open BytesIO StringIO BufferedReader GzipFile File GFile TarFile ZipFile urlopen get Path str "
    "fspath expanduser abspath memoryview bytes read decompress load loads".split()
)
_WRITERS = frozenset(
    "dump save to_pickle savez savez_compressed save_model save_pretrained save_weights save_file save_local "
    "save_checkpoint to_parquet to_csv to_hdf export write_bytes write_text save_to_disk save_state log_model "
    "save_lora_weights save_attn_procs save_adapter export_model torch_save imsave savetxt".split()
)
_FOLDER_WRITERS = frozenset(
    "TrainingArguments Seq2SeqTrainingArguments SFTConfig DPOConfig GRPOConfig ModelCheckpoint "
    "LoraTrainingArguments Trainer makedirs mkdir".split()
)
_DOWNLOADERS = frozenset("snapshot_download hf_hub_download download_from_hub".split())
"""What they put into `local_dir` is on this machine; that they fetch it is said where they stand."""
_REMOTE_CALLS = (
    "requests.",
    "urllib.request.",
    "urllib3.",
    "httpx.",
    "boto3.",
    "s3fs.",
    "gcsfs.",
    "google.cloud.storage.",
    "huggingface_hub.",
    "wandb.",
    "gdown.",
    "azure.storage.",
    "fsspec.",
    "kagglehub.",
    "sagemaker.",
    "pooch.",
    "mlflow.artifacts.",
    "torch.hub.",
    "tensorflow.keras.utils.get_file",
    "keras.utils.get_file",
)
_FETCHERS = frozenset(
    "urlretrieve download_url_to_file download_file download_blob_to_file download_to_filename".split()
)
_TELLING = (*_WRITERS, *_FOLDER_WRITERS, *_DOWNLOADERS, *_FETCHERS, "open")
_FOLDER = regex(r"(?:^|_)(?:dir|directory|folder|best_model_checkpoint|best_model_path)$", re.IGNORECASE)
"""Names of attributes, parameters and variables that hold folders: `args.output_dir`, `model_dir`."""
_NAMED_FIRST = frozenset("spec_from_file_location load_source SourceFileLoader".split())
"""Loaders whose first argument is only the name of what they make."""
Origin = tuple[str, tuple[str, ...]]
"""One of the four words, and everything that the loaded thing may be: path, URL or id."""

_MODEL_WORDS = frozenset("model model_id model_name repo_id pretrained_model_name_or_path model_name_or_path".split())
_PATH_WORDS = frozenset(
    "f fp file path filename fname filepath filepath_or_buffer model_path checkpoint checkpoint_path "
    "uri model_uri source url repo_or_dir".split()
)


class Origins(Struct):
    """Answers for one document; what it writes is gathered once, when first asked."""

    outline: Outline
    evaluator: Evaluator
    project: Project
    folder: str
    _texts: set[str] | None = None
    _shapes: set[str] = field(default_factory=set)
    _fetched: set[str] = field(default_factory=set)

    def of(self, call: ast.Call, here: Here) -> Origin:
        argument = _loaded(call)
        if argument is None:
            return UNKNOWN, ()
        return self._trace(argument, here, 0)

    def is_own(self, node: ast.expr, here: Here, text: str | None) -> bool:
        """Whether this document writes what `node` names."""
        texts = self._written()
        if text is not None and text.rstrip("/") in texts:
            return True
        return not isinstance(node, ast.Constant) and shape(node) in self._shapes

    def is_local(self, node: ast.expr, here: Here) -> bool:
        """Whether `node`, whose text is not known, is a path here: written, tested for, or by its name a folder."""
        if self.is_own(node, here, None) or is_there(self.outline, node, here):
            return True
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        return _FOLDER.search(name) is not None

    def _trace(self, node: ast.expr, here: Here, depth: int) -> Origin:
        if depth > 12:
            return UNKNOWN, ()
        known = self.evaluator.known(node, here)
        texts = tuple(text for option in known.options if (text := _plain(option)) is not None)
        if texts:
            if any(_is_url(text) for text in texts):
                return REMOTE, texts
            if any(self.is_own(node, here, text) for text in texts):
                return OWN, texts
            if self._fetched.intersection(texts):
                return REMOTE, texts
            if all("{…}" not in text and in_repository(text, self.folder, self.project) for text in texts):
                return REPOSITORY, texts
            if not any(isinstance(option, Local) for option in known.options) or isinstance(node, ast.Constant):
                return UNKNOWN, texts
        if self.is_own(node, here, None):
            return OWN, texts
        if any(isinstance(option, Made) and option.name.startswith(_REMOTE_CALLS) for option in known.options):
            return REMOTE, self._first_text(node, here) if isinstance(node, ast.Call) else texts
        followed = self._step(node, here, depth)
        if followed is not None:
            origin, found = followed
            return origin, found or texts
        return UNKNOWN, texts

    def _step(self, node: ast.expr, here: Here, depth: int) -> Origin | None:
        match node:
            case ast.Name(name):
                scope = here.scope.lookup(name)
                if scope is None:
                    return None
                results = [
                    self._trace(binding.node, binding.here, depth + 1)
                    for binding in reaching(scope.bindings[name], scope, here, node)
                    if binding.kind == "value" and isinstance(binding.node, ast.expr)
                ]
                return _best(results)
            case ast.Call(ast.Attribute(_, "dumps" | "packb")):
                return OWN, ()  # `pickle.loads(pickle.dumps(x))`
            case ast.Call(ast.Attribute(base, last), arguments):
                if arguments and last in _OPENERS and self._is_library(base, here):
                    return self._trace(arguments[0], here, depth + 1)
                return self._trace(base, here, depth + 1)
            case ast.Call(ast.Name(last), [first, *_]) if last in _OPENERS:
                return self._trace(first, here, depth + 1)
            case ast.Attribute(base) | ast.Subscript(base) | ast.Await(base):
                return self._trace(base, here, depth + 1)
        return None

    def _first_text(self, call: ast.Call, here: Here) -> tuple[str, ...]:
        for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
            options = self.evaluator.known(argument, here).options
            if texts := tuple(text for option in options if (text := _plain(option)) is not None):
                return texts
        return ()

    def _is_library(self, base: ast.expr, here: Here) -> bool:
        """`gzip` in `gzip.open(path)`, against `path` in `path.open()`."""
        return any(isinstance(option, Ref) for option in self.evaluator.known(base, here).options)

    def _written(self) -> set[str]:
        if self._texts is None:
            self._texts = set()
            for site in self.outline.calls_of(*_TELLING):
                self._gather(site)
        return self._texts

    def _gather(self, site: Site) -> None:
        node = site.node
        assert isinstance(node, ast.Call) and self._texts is not None
        function = node.func
        last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if last in _WRITERS:
            if any(k.arg == "push_to_hub" and _is_true(k.value) for k in node.keywords):
                return
            written = [*node.args, *(k.value for k in node.keywords)]
            if last in ("write_bytes", "write_text") and isinstance(function, ast.Attribute):
                written = [function.value]
        elif last in _FOLDER_WRITERS:
            written = [k.value for k in node.keywords if k.arg in ("output_dir", "dirpath", "name")]
            written += node.args[:1]
        elif last in _DOWNLOADERS:
            written = [k.value for k in node.keywords if k.arg in ("local_dir", "to_path", "save_directory")]
        elif last == "open" and _writes(node):
            written = node.args[:1]
            if isinstance(function, ast.Attribute):
                written = [function.value]
        elif last in _FETCHERS:
            for argument in (*node.args, *(k.value for k in node.keywords)):
                texts = (_plain(option) for option in self.evaluator.known(argument, site.here).options)
                self._fetched.update(text for text in texts if text and "/" not in text.partition("://")[0])
            return
        else:
            return
        for argument in written:
            inner = argument
            if (
                isinstance(inner, ast.Call)
                and getattr(inner.func, "id", getattr(inner.func, "attr", "")) == "open"
                and inner.args
            ):
                inner = inner.args[0]
            if found := shape(inner):
                self._shapes.add(found)
            for option in self.evaluator.known(inner, site.here).options:
                text = _plain(option)
                if text and "{…}" not in text and ("/" in text or "." in text or len(text) > 2):
                    self._texts.add(text.rstrip("/"))


def _loaded(call: ast.Call) -> ast.expr | None:
    for keyword in call.keywords:
        # `pipeline("text-generation", model=…)`: what is named so is what is loaded, whatever comes first.
        if keyword.arg in _MODEL_WORDS:
            return keyword.value
    if isinstance(call.func, (ast.Attribute, ast.Name)) and len(call.args) > 1:
        last = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id
        if last in _NAMED_FIRST:
            return call.args[1]
    if call.args and not isinstance(call.args[0], ast.Starred):
        return call.args[0]
    for keyword in call.keywords:
        if keyword.arg in _PATH_WORDS or (keyword.arg or "").endswith(("_path", "_file", "_name_or_path", "_uri")):
            return keyword.value
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call):
        return _loaded(call.func.value)  # `pickle.Unpickler(f).load()`
    return None


def _plain(option: Inner) -> str | None:
    return plain(option) if isinstance(option, (str, Local, Template)) else None


def in_repository(text: str, folder: str, project: Project) -> bool:
    """Whether `text`, as seen from `folder` or from the root, is a path of the repository."""
    if not text or "\n" in text or text.startswith(("/", "~")):
        return False
    beside = posixpath.normpath(posixpath.join(folder, text))
    return project.exists(beside) or (beside != text and project.exists(posixpath.normpath(text)))


def _writes(call: ast.Call) -> bool:
    modes = [*call.args[1:2], *(k.value for k in call.keywords if k.arg == "mode")]
    if isinstance(call.func, ast.Attribute) and call.args:
        modes.append(call.args[0])
    return any(
        isinstance(mode, ast.Constant)
        and isinstance(mode.value, str)
        and len(mode.value) <= 3
        and set(mode.value) & set("wax")
        for mode in modes
    )


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _is_url(text: str) -> bool:
    return "://" in text and not text.startswith("file:")


def _best(results: list[Origin]) -> Origin | None:
    """What is remote by one way is remote; what is written here by every way is one's own."""
    for wanted in (REMOTE, UNKNOWN, REPOSITORY, OWN):
        if found := [texts for origin, texts in results if origin == wanted]:
            return wanted, tuple(dict.fromkeys(text for texts in found for text in texts))
    return None
