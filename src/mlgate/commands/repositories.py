"""Code, models and images that a command takes from elsewhere: git clone, hf download, ollama pull, docker run."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from mlgate.commands.options import Option, parse
from mlgate.commands.programs import Invocation, tail
from mlgate.commands.script import Word
from mlgate.commands.tables import names
from mlgate.regex import regex


class Repository(Struct, frozen=True):
    """What is taken, and at which revision; `hub` is `model`, `dataset` or `space` for a hub's."""

    word: Word
    revision: Word | None = None
    hub: str = ""
    folder: str = ""
    """Where a clone lands."""


class Image(Struct, frozen=True):
    name: str
    tag: str
    """Empty where none is written."""
    digest: str
    word: Word


class Checkout(Struct, frozen=True):
    """`git checkout REF` in a clone: `folder` of `git -C`, empty for the current one."""

    revision: Word
    folder: str


_GIT = names("-C -c --git-dir --work-tree --namespace --exec-path")
_CLONE = names(
    """-b --branch --depth -o --origin -j --jobs --reference --reference-if-able --separate-git-dir --template -c
    --config --filter --shallow-since --shallow-exclude -u --upload-pack --server-option --bundle-uri --revision"""
)
_HF = names(
    """--revision --repo-type --type --local-dir --cache-dir --token --include --exclude --max-workers
    --local-dir-use-symlinks --model --dataset"""
)
_DOCKER = names(
    """-e -v -p -w -u -m -h -l -a -c --env --volume --publish --workdir --user --name --gpus --shm-size --network
    --net --memory --cpus --entrypoint --hostname --label --mount --env-file --ipc --ulimit --add-host --device
    --runtime --restart --log-driver --log-opt --platform --pull --cap-add --cap-drop --security-opt --link
    --expose --dns --cpuset-cpus --tmpfs --pid --memory-swap --volumes-from --stop-signal --health-cmd
    --group-add --cidfile --cgroupns --annotation --isolation --kernel-memory --pids-limit --storage-opt
    --sysctl --userns --uts"""
)
_REMOTE = regex(r"(?:[A-Za-z][\w+.-]*::?//|[\w.-]+@[\w.-]+:|codecommit::)")


def repository_of(found: Invocation) -> Repository | None:
    """What `git clone`, `hf download`, `ollama pull`, `modelscope download` take; None for other commands."""
    match found.program:
        case "git":
            return _clone(found.arguments)
        case "hf" | "huggingface-cli":
            return _hub(found.arguments)
        case "ollama":
            operands = [option.word for option in parse(found.arguments, frozenset()) if not option.name]
            if len(operands) > 1 and operands[0].text in ("pull", "run"):
                return _tagged(operands[1], "")
        case "modelscope":
            options = list(parse(found.arguments, _HF))
            if any(option.word.text == "download" and not option.name for option in options):
                for option in options:
                    if option.name in ("--model", "--dataset") and option.value is not None:
                        return Repository(option.value, _named(options, "--revision"), option.name.lstrip("-"))
        case _:
            pass
    return None


def checkout_of(found: Invocation) -> Checkout | None:
    """`git checkout REF`, `git switch --detach REF`, `git reset --hard REF`."""
    if found.program != "git":
        return None
    verb, folder, rest = _git(found.arguments)
    if verb not in ("checkout", "switch", "reset"):
        return None
    operands = [option.word for option in parse(rest, names("-b -B -c -C")) if not option.name]
    return Checkout(operands[0], folder) if operands else None


def images_of(found: Invocation) -> tuple[str, tuple[Image, ...]]:
    """The verb (`pull`, `run`, `create`, `build`, `tag`) and its images; ("", ()) for other commands."""
    if found.program not in ("docker", "podman", "nerdctl", "nvidia-docker"):
        return "", ()
    words = list(found.arguments)
    if words and words[0].text in ("image", "container", "buildx"):
        words = words[1:]
    while words and words[0].text.startswith("-"):
        words = words[1:]
    if not words:
        return "", ()
    verb = words[0].text
    if verb in ("run", "create", "pull"):
        for option in parse(words[1:], _DOCKER):
            if not option.name:
                image = image_of(option.word)
                return (verb, (image,)) if image is not None else ("", ())
    if verb == "build":
        built = [
            o.value
            for o in parse(words[1:], names("-t --tag -f --file --build-arg --target --platform"))
            if o.name in ("-t", "--tag") and o.value is not None
        ]
        return verb, tuple(filter(None, map(image_of, built)))
    if verb == "tag" and len(words) > 2:
        return verb, tuple(filter(None, map(image_of, words[1:3])))
    return "", ()


def image_of(word: Word) -> Image | None:
    """Name, tag and digest of `registry:5000/org/name:tag@sha256:…`; None where a variable holds the name."""
    text = word.text
    if word.opaque or not text:
        return None
    name, _, digest = text.partition("@")
    head, slash, last = name.rpartition("/")
    base, _, tag = last.partition(":")
    return Image(f"{head}{slash}{base}", tag, digest, word)


def _git(arguments: Sequence[Word]) -> tuple[str, str, Sequence[Word]]:
    """Verb, folder of `-C`, and what follows the verb."""
    folder = ""
    index = 0
    while index < len(arguments):
        text = arguments[index].text
        if not text.startswith("-"):
            return text, folder, arguments[index + 1 :]
        if text == "-C" and index + 1 < len(arguments):
            folder = arguments[index + 1].text
        index += 2 if text in _GIT else 1
    return "", folder, ()


def _clone(arguments: Sequence[Word]) -> Repository | None:
    verb, _, rest = _git(arguments)
    if verb == "lfs" and rest and rest[0].text == "clone":
        verb, rest = "clone", rest[1:]
    if verb == "submodule" and rest and rest[0].text == "add":
        verb, rest = "clone", rest[1:]
    if verb != "clone":
        return None
    revision: Word | None = None
    operands: list[Word] = []
    for option in parse(rest, _CLONE):
        if not option.name:
            operands.append(option.word)
        elif option.name in ("-b", "--branch", "--revision"):
            revision = option.value
    if not operands:
        return None
    url = operands[0]
    if not _REMOTE.match(url.text) and not (url.holes and url.holes[0][0] == 0):
        return None
    if url.text.startswith("file:"):
        return None
    folder = operands[1].text if len(operands) > 1 else re.sub(r"(?:\.git)?/*$", "", url.text).split("/")[-1]
    hub = ""
    match = re.match(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(datasets/|spaces/)?", url.text)
    if match is not None:
        hub = {"datasets/": "dataset", "spaces/": "space"}.get(match.group(1) or "", "model")
    return Repository(url, revision, hub, folder.rstrip("/"))


def _hub(arguments: Sequence[Word]) -> Repository | None:
    options = list(parse(arguments, _HF))
    operands = [option.word for option in options if not option.name]
    verbs = [word.text for word in operands]
    if verbs[:1] != ["download"] or len(operands) < 2:
        return None
    kind = _named(options, "--repo-type") or _named(options, "--type")
    word, hub = operands[1], kind.text if kind is not None else "model"
    revision = _named(options, "--revision")
    match = re.match(r"hf://(datasets/|spaces/)?", word.text)
    if match is not None:
        hub = {"datasets/": "dataset", "spaces/": "space"}.get(match.group(1) or "", hub)
        word = tail(word, match.end())
        at = word.text.find("@")
        if at > 0:
            revision, word = tail(word, at + 1), replace(word, text=word.text[:at])
    return Repository(word, revision, hub)


def _tagged(word: Word, hub: str) -> Repository:
    at = word.text.rfind(":")
    if at > 0 and "/" not in word.text[at:]:
        return Repository(replace(word, text=word.text[:at]), tail(word, at + 1), hub)
    return Repository(word, None, hub)


def _named(options: Sequence[Option], name: str) -> Word | None:
    return next((option.value for option in options if option.name == name), None)
