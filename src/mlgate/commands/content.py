"""What a fetched file is, by its name: code, a model, data, an archive, or not to be told."""

from __future__ import annotations

import re

from mlgate.commands.tables import names
from mlgate.regex import regex

CODE = names(
    """sh bash zsh py pyc pyd ipynb js mjs ts pl rb r jl lua java scala go c cc cpp cu h rs jar war so dll dylib
    exe msi deb rpm apk dmg pkg whl egg gem ps1 bat cmd run appimage wasm llamafile nar"""
)
MODEL = names(
    """pkl pickle joblib dill pt pth ckpt bin h5 hdf5 keras pb onnx tflite safetensors gguf ggml model mar nemo
    caffemodel mlmodel pdparams pdmodel params t7 engine trt plan weights cbm skops task spm rds"""
)
DATA = names(
    """csv tsv json jsonl ndjson parquet txt md rst pdf jpg jpeg png gif webp svg bmp tif tiff ico mp3 wav flac ogg
    m4a mp4 avi mov mkv webm xml html htm xlsx xls doc docx ppt pptx epub feather arrow avro npy npz mat srt vtt
    sql db sqlite yaml yml toml cfg ini conf log geojson shp nc tfrecord tfrecords fasta fa vcf sam bam ttf otf
    dat data out ply obj stl glb nii dcm vocab arff libsvm svm images noimages"""
)
ARCHIVE = names("zip tar tgz tbz tbz2 txz 7z rar gz bz2 xz zst lz4 z")
_COMPRESSED = names("gz bz2 xz zst lz4 z")
_MODEL_NAME = regex(r"(?<![a-z])(models?|checkpoints?|ckpt|weights|pretrained|savedmodel|saved_model)(?![a-z])")

RANK = {"code": 4, "model": 3, "archive": 2, "data": 1, "unknown": 0}
"""The worst first, where one line fetches several files."""


def basename(address: str) -> str:
    """The last part of a path or address, without query and fragment; empty for a folder or a bare host."""
    text = re.split(r"[?#]", address, maxsplit=1)[0]
    match = re.match(r"[A-Za-z][\w+.-]*://[^/]*/?(.*)", text, re.DOTALL)
    path = match.group(1) if match else text
    return re.split(r"[/\\]", path)[-1]


def content_of(*addresses: str) -> str:
    """`code`, `model`, `data`, `archive` or `unknown`: what the first of `addresses` says that says anything."""
    for name in addresses:
        found = _content(basename(name).lower(), name.lower())
        if found != "unknown":
            return found
    return "unknown"


def _content(name: str, address: str) -> str:
    parts = name.split(".")
    if len(parts) < 2:
        return "unknown"
    suffix = parts[-1]
    if suffix in _COMPRESSED and len(parts) > 2 and parts[-2] != "tar":
        inner = _kind(parts[-2])
        if inner != "unknown":
            return inner
    kind = _kind(suffix)
    if kind == "archive" and _MODEL_NAME.search(re.sub(r"[_\-]", " ", name)):
        return "model"
    if suffix == "bin" and "/datasets/" in address:
        return "data"
    return kind


def _kind(suffix: str) -> str:
    if suffix in CODE:
        return "code"
    if suffix in MODEL:
        return "model"
    if suffix in DATA:
        return "data"
    return "archive" if suffix in ARCHIVE else "unknown"
