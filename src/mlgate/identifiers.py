"""What a text is: a commit, an exact version, a path, an id on a hub."""

from __future__ import annotations

import re
from collections.abc import Callable

from mlgate.model import HOLE
from mlgate.regex import regex


def test(kind: str, text: str) -> bool | None:
    """Whether `text` is a `kind` (a key of KINDS); None where its form does not tell, or where a hole decides.

    Raises KeyError for another kind.
    """
    return KINDS[kind](text)


def commit(text: str) -> bool | None:
    """A git object name in full, 40 hexadecimal digits: all that no push can move."""
    if HOLE in text:
        return None if re.fullmatch(r"(?:[0-9a-fA-F]|\{…\})*", text) else False
    return re.fullmatch(r"[0-9a-fA-F]{40}", text) is not None


def exact_version(text: str) -> bool | None:
    """A specifier that admits one version: `==1.2.3`, `===1.2`, conda's `=1.2.3=build`, npm's `1.2.3`; not `==1.*`."""
    text = text.strip()
    if HOLE in text:
        return None
    clauses = [clause.strip() for clause in text.split(",")]
    return any(_EXACT.fullmatch(clause) is not None for clause in clauses)


_EXACT = regex(r"(?:={2,3}\s*v?|v?(?=\d+\.\d+\.\d))[0-9][0-9A-Za-z.+!_-]*|=\s*[0-9][0-9A-Za-z.+!_]*=[0-9A-Za-z_]+")


def local_path(text: str) -> bool | None:
    """A path on this machine. None for `results/run-1`, which a hub could hold too, and where the start is unknown."""
    if text.startswith((HOLE, "$")):
        return None
    if re.match(r"file:", text, re.I):
        return True
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", text) or not text:
        return False
    if _ROOTED.match(text) or text in (".", "..", "~") or "\\" in text or text.endswith("/"):
        return True
    if " " in text or "\n" in text:
        return None
    slashes = text.count("/")
    if slashes == 0:
        return True if _FILE.search(text) else None if text.lower() in FOLDERS or HOLE in text else False
    if slashes > 1:
        return None if re.search(r"[@:]", text) else True
    first, second = text.split("/")
    if re.fullmatch(r"checkpoint-\d+|epoch[-_]?\d+|step[-_]?\d+", second, re.I):
        return True
    return None if _may_be_folder(first) or _FILE.search(second) else False


def remote_id(text: str) -> bool | None:
    """What a hub resolves: `org/name`, one-word ids (`gpt2`, `squad`), with `@rev` or `:ref`, `hf://…`, the hub's URLs.

    None for what a folder could be called too (`results`, `output/model`).
    Source: huggingface_hub, utils/_validators.py, validate_repo_id.
    """
    text = _HUB_PREFIX.sub("", text, count=1)
    if text.startswith((HOLE, "$")):
        return None
    if _HUB_URL.match(text):
        return True
    path = text.partition("@")[0]
    if "/" in path.partition(":")[0]:  # torch.hub's `owner/repo:ref`
        path = path.partition(":")[0]
    known = path.replace(HOLE, "x")
    if text.endswith("/") or "\\" in text:
        return False
    if not _REPO_ID.fullmatch(known) or "--" in known or ".." in known or known.endswith(".git"):
        return False
    if _TO_FILL_IN.match(path):
        return None
    first, slash, second = path.partition("/")
    if not slash:
        if _FILE.search(path):
            return False
        return None if path.lower() in FOLDERS or HOLE in path else True
    if re.fullmatch(r"checkpoint-\d+|epoch[-_]?\d+|step[-_]?\d+", second, re.I):
        return False
    return None if _may_be_folder(first) or _FILE.search(second) else True


_TO_FILL_IN = regex(r"(?:the[-_ ]?)?path[-_/ ]?to\b|path[-_]to[-_]|your[-_]?(?:model|path|checkpoint)", re.I)
"""What an author leaves for the reader to replace, most often by a folder."""
_HUB_PREFIX = regex(r"(?:hf[-_]hub|huggingface|hf):(?!/)")
_HUB_URL = regex(r"(?:hf:/|https?://(?:www\.)?(?:huggingface\.co|hf\.co|hf-mirror\.com))/[^/?#\s{]+", re.I)
_REPO_ID = regex(r"(?:[A-Za-z0-9_][\w.-]{0,95}/)?[A-Za-z0-9_][\w.-]{0,95}", re.ASCII)
_ROOTED = regex(r"\.{0,2}/|~[^/]*/|[A-Za-z]:[\\/]|\.\.?\\|%[A-Za-z_]+%")
_FILE = regex(
    r"\.(?:pt|pth|bin|ckpt|safetensors|gguf|ggml|onnx|pkl|pickle|joblib|h5|hdf5|keras|pb|tflite|npz|npy|mar|nemo|model|"
    r"csv|tsv|json|jsonl|ndjson|parquet|arrow|feather|txt|xml|yaml|yml|toml|py|ipynb|zip|gz|tar|tgz|bz2|xz|zst|7z|sql|db|"
    r"sqlite|xlsx?|html?|md|log|cfg|ini|sh|png|jpe?g|gif|wav|mp3|flac|mp4|pdf|engine|plan|pdparams|params|vocab|"
    r"mlmodel|caffemodel|weights|rds|dat|cbm|ubj|arff|lst|rec|so|whl)$",
    re.I,
)
"""Endings of files; not `.1` or `.5`, with which names of models end (`phi-1.5`)."""

_FOLDERS = (
    "model models my_model my-model mymodel saved_model saved-model saved_models saved-models savedmodel save saved "
    "checkpoint checkpoints ckpt ckpts output outputs out output_dir result results run runs log logs tmp temp data "
    "dataset datasets my_dataset cache artifacts artifact weights pretrained pretrained_model trained_model "
    "trained_models experiments experiment exp exps finetuned fine_tuned fine-tuned finetuned_model final final_model "
    "best best_model merged merged_model adapter adapters lora tokenizer test train training assets files download "
    "downloads local opt home root usr mnt workspace src examples tests content input inputs export exported build "
    "dist onnx mlruns lightning_logs wandb model_dir model_output model-output test_trainer"
)
FOLDERS = frozenset(_FOLDERS.split())
"""Names that people give to folders of their own; ids on a hub could be called so, and a few are."""


def _may_be_folder(word: str) -> bool:
    return word.lower() in FOLDERS or word == HOLE or bool(re.search(r"(?:^|[_-])(?:dir|folder|output|outputs)$", word))


def url(text: str) -> bool | None:
    if text.startswith(HOLE):
        return None
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://\S", text) is not None and not re.match(r"file:", text, re.I)


def loopback(text: str) -> bool | None:
    """An address that only this machine reaches. Source: RFC 6890; RFC 6761 for `localhost`."""
    host = text.strip().lower()
    if host.startswith(HOLE):
        return None
    host = re.sub(r"^[a-z][a-z0-9+.-]*://", "", host)
    host = host[1:].partition("]")[0] if host.startswith("[") else host
    if host.count(":") == 1:
        host = host.partition(":")[0]
    if re.match(r"127\.", host):
        return re.fullmatch(r"127\.\d{1,3}\.\d{1,3}\.\d{1,3}", host) is not None or (None if HOLE in host else False)
    return host in ("localhost", "::1", "0:0:0:0:0:0:0:1", "ip6-localhost") or host.endswith(".localhost")


def empty(text: str) -> bool | None:
    return None if text == HOLE else not text.strip()


KINDS: dict[str, Callable[[str], bool | None]] = {
    "commit": commit,
    "exact-version": exact_version,
    "local-path": local_path,
    "remote-id": remote_id,
    "url": url,
    "loopback": loopback,
    "empty": empty,
}
