"""What a command fetches or sends: curl, wget, gdown, aria2c, and the command lines of the clouds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from mlgate.commands.content import RANK, content_of
from mlgate.commands.options import parse
from mlgate.commands.programs import Invocation
from mlgate.commands.script import Command, Word
from mlgate.commands.tables import names
from mlgate.regex import regex

_LOCAL_HOSTS = regex(
    r"^(?:[a-z][a-z0-9+.-]*://)?(?:[^/@\s]*@)?"
    r"(?:localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[::1?\]|host\.docker\.internal|169\.254\.\d+\.\d+"
    r"|metadata(?:\.google\.internal)?)(?::[^/]*)?(?:[/?#]|$)",
    re.IGNORECASE,
)
_SCHEME = regex(r"[A-Za-z][\w+.-]*://")
_REMOTE_NAME = regex(r"s3|bucket|gcs|gs_|uri|url|blob|remote", re.IGNORECASE)
_LOCAL_NAME = regex(r"local|tmp|temp|dir|folder|_fn$|filename", re.IGNORECASE)


class Transfer(Struct, frozen=True):
    kind: str
    """`download`, `upload` or `api` (an answer that is read and not kept)."""
    url: Word | None = None
    """What is fetched, or sent."""
    target: Word | None = None
    """The local file or folder, where the command says one."""
    stdout: bool = False
    """What is fetched goes to the standard output."""
    verified: bool = False
    """The command itself checks a digest."""
    doubt: str = ""
    """Why the direction is not sure; `source` and `target` name the variable's side."""
    content: str = ""
    """Where the program says it: a data set, a model, code."""


def transfer_of(found: Invocation, command: Command) -> Transfer | None:
    """What `found` fetches or sends; None where it does neither."""
    reader = _READERS.get(found.program)
    transfer = reader(found.arguments) if reader is not None else None
    if transfer is None or transfer.kind != "download" or not transfer.stdout:
        return transfer
    for redirect in command.redirects:
        if redirect.operator in (">", ">>", ">|", "&>", "&>>") and redirect.target is not None:
            if redirect.target.text in ("/dev/null", "NUL"):
                return replace(transfer, kind="api")
            return replace(transfer, stdout=False, target=redirect.target)
    return transfer


# --- curl, wget and their like

_CURL = names(
    """-o -d -H -X -u -A -e -b -c -F -T -K -m -x -w -r -C -E -y -Y -z -t -Q -P -U -D --output --data --data-raw
    --data-binary --data-ascii --data-urlencode --header --request --user --url --retry --max-time
    --connect-timeout --cacert --capath --cert --cert-type --key --key-type --form --form-string --upload-file
    --user-agent --referer --proxy --proxy-user --range --write-out --dump-header --cookie --cookie-jar
    --resolve --output-dir --retry-delay --retry-max-time --ciphers --limit-rate --json --aws-sigv4 --interface
    --config --netrc-file --oauth2-bearer --max-redirs --speed-limit --speed-time --max-filesize --unix-socket
    --continue-at --time-cond --tls-max --ciphers --pass --proto --proto-redir --proto-default --stderr --trace
    --trace-ascii --noproxy --socks5 --create-file-mode --parallel-max --etag-save --etag-compare --variable
    --expand-url"""
)
_CURL_BODY = names("-d --data --data-raw --data-binary --data-ascii --data-urlencode -F --form --form-string --json")


def _curl(arguments: Sequence[Word]) -> Transfer | None:
    urls: list[Word] = []
    target: Word | None = None
    named = api = head = False
    upload: Word | None = None
    for option in parse(arguments, _CURL):
        match option.name:
            case "" | "--url":
                if option.value is not None:
                    urls.append(option.value)
            case "-o" | "--output":
                target = option.value
            case "-O" | "--remote-name" | "--remote-name-all":
                named = True
            case "--output-dir":
                target = target or option.value
            case "-X" | "--request":
                api = api or (option.value is not None and option.value.text.upper() not in ("GET", ""))
            case "-I" | "--head":
                head = True
            case "-T" | "--upload-file":
                upload = option.value
            case name if name in _CURL_BODY:
                api = True
    if upload is not None:
        return Transfer("upload", upload, None)
    url = _worst(urls)
    if url is None:
        return None
    stdout = (target is None and not named) or (target is not None and target.text == "-")
    if head or _LOCAL_HOSTS.match(url.text) or (target is not None and target.text == "/dev/null"):
        return Transfer("api", url)
    return Transfer("api" if api else "download", url, None if stdout or api else target, stdout)


_WGET = names(
    """-o -a -e -i -B -t -O -T -w -Q -P -U -l -A -R -D -I -X -C --output-document --directory-prefix --header
    --user --password --tries --timeout --user-agent --input-file --output-file --append-output --execute --base
    --wait --quota --level --accept --reject --domains --exclude-directories --load-cookies --save-cookies
    --referer --http-user --http-password --ca-certificate --certificate --private-key --limit-rate --cut-dirs
    --post-data --post-file --method --body-data --body-file --max-redirect --progress --waitretry
    --report-speed"""
)


def _wget(arguments: Sequence[Word]) -> Transfer | None:
    urls: list[Word] = []
    target: Word | None = None
    api = listed = False
    for option in parse(arguments, _WGET):
        match option.name:
            case "":
                urls.append(option.word)
            case "-O" | "--output-document":
                target = option.value
            case "-P" | "--directory-prefix":
                target = target or option.value
            case "-i" | "--input-file":
                listed = True
            case "--spider" | "--post-data" | "--post-file" | "--body-data" | "--body-file":
                api = True
            case "--method":
                api = api or (option.value is not None and option.value.text.upper() != "GET")
    url = _worst(urls)
    if url is None:
        return Transfer("download", None, target) if listed else None
    if api or _LOCAL_HOSTS.match(url.text) or (target is not None and target.text == "/dev/null"):
        return Transfer("api", url)
    stdout = target is not None and target.text in ("-", "/dev/stdout")
    return Transfer("download", url, None if stdout else target, stdout)


_ARIA2 = names(
    """-o -d -s -x -k -j -i -l -t -m --out --dir --split --max-connection-per-server --min-split-size --input-file
    --checksum --header --max-concurrent-downloads --user-agent"""
)


def _aria2c(arguments: Sequence[Word]) -> Transfer | None:
    urls: list[Word] = []
    target: Word | None = None
    folder: Word | None = None
    verified = False
    for option in parse(arguments, _ARIA2):
        match option.name:
            case "":
                urls.append(option.word)
            case "-o" | "--out":
                target = option.value
            case "-d" | "--dir":
                folder = option.value
            case "--checksum":
                verified = True
    url = _worst(urls)
    return None if url is None else Transfer("download", url, target or folder, verified=verified)


def _gdown(arguments: Sequence[Word]) -> Transfer | None:
    urls: list[Word] = []
    target: Word | None = None
    for option in parse(arguments, frozenset({"-O", "--output", "--id", "--proxy", "--speed", "--format"})):
        if option.name in ("", "--id") and option.value is not None:
            urls.append(option.value)
        elif option.name in ("-O", "--output"):
            target = option.value
    return Transfer("download", urls[0], target) if urls else None


def _fetch(arguments: Sequence[Word]) -> Transfer | None:
    """`http GET`, `axel`, PowerShell's `iwr`, `irm`: the first address."""
    urls: list[Word] = []
    target: Word | None = None
    for option in parse(arguments, frozenset({"-o", "--output", "-OutFile", "-Uri", "-n"}), attach=False):
        if option.name in ("", "-Uri") and option.value is not None:
            urls.append(option.value)
        elif option.name in ("-o", "--output", "-OutFile"):
            target = option.value
    url = _worst([u for u in urls if _SCHEME.match(u.text)])
    return None if url is None else Transfer("download", url, target, target is None)


# --- the clouds

_AWS = names(
    """--exclude --include --acl --region --profile --endpoint-url --storage-class --sse --sse-kms-key-id
    --page-size --content-type --cache-control --metadata --expires --grants --output --query --color
    --ca-bundle --cli-read-timeout --cli-connect-timeout --source-region --request-payer --metadata-directive
    --copy-props --content-encoding --content-disposition --content-language --website-redirect --expected-size
    --bucket --key --version-id --checksum-mode --body"""
)


def _aws(arguments: Sequence[Word]) -> Transfer | None:
    options = list(parse(arguments, _AWS))
    operands = [option.word for option in options if not option.name]
    verbs = [word.text for word in operands[:2]]
    if verbs in (["s3", "cp"], ["s3", "sync"], ["s3", "mv"]):
        return _copy(operands[2:], certain=True)
    if verbs == ["s3api", "get-object"] and len(operands) > 2:
        key = next((option.value for option in options if option.name == "--key"), None)
        return Transfer("download", key, operands[2])
    if verbs == ["s3api", "put-object"]:
        return Transfer("upload", next((option.value for option in options if option.name == "--body"), None))
    return None


_GSUTIL = frozenset({"-o", "-h", "-i", "-u", "-x", "-y", "-z", "-j", "-a", "-L", "-s"})


def _gsutil(arguments: Sequence[Word]) -> Transfer | None:
    operands = [option.word for option in parse(arguments, _GSUTIL) if not option.name]
    if operands and operands[0].text in ("cp", "rsync", "mv"):
        return _copy(operands[1:])
    return None


_GCLOUD = names(
    """--project --account --configuration --billing-project --impersonate-service-account --verbosity --format
    --cache-control --content-type --storage-class --exclude --encryption-key --decryption-keys --manifest-path
    --predefined-acl --canned-acl --additional-headers"""
)


def _gcloud(arguments: Sequence[Word]) -> Transfer | None:
    operands = [option.word for option in parse(arguments, _GCLOUD) if not option.name]
    verbs = [word.text for word in operands[:3] if word.text not in ("alpha", "beta")]
    if verbs[:1] == ["storage"] and len(verbs) > 1 and verbs[1] in ("cp", "rsync", "mv"):
        return _copy([word for word in operands if word.text not in ("alpha", "beta")][2:])
    return None


def _azcopy(arguments: Sequence[Word]) -> Transfer | None:
    operands = [option.word for option in parse(arguments, frozenset()) if not option.name]
    if operands and operands[0].text in ("copy", "cp", "c", "sync", "s"):
        return _copy(operands[1:3])
    return None


_AZ = names(
    """-f -n -c -d -s --file --name --container-name --account-name --account-key --sas-token --connection-string
    --destination --source --pattern --auth-mode --subscription --blob-url -p --path --share-name -t --type -o
    --output --destination-path --dir"""
)


def _az(arguments: Sequence[Word]) -> Transfer | None:
    options = list(parse(arguments, _AZ))
    verbs = [option.word.text for option in options if not option.name]
    if verbs[:1] != ["storage"]:
        return None

    def first(*names: str) -> Word | None:
        return next((option.value for option in options if option.name in names), None)

    verb = verbs[2] if len(verbs) > 2 else verbs[1] if len(verbs) > 1 else ""
    if verb in ("download", "download-batch"):
        url = first("--blob-url", "-n", "--name", "-p", "--path", "-s", "--source")
        return Transfer("download", url, first("-f", "--file", "-d", "--destination", "--dest"))
    if verb in ("upload", "upload-batch"):
        return Transfer("upload", first("-f", "--file", "-s", "--source"))
    if verb == "copy":
        return _copy([word for word in (first("-s", "--source"), first("-d", "--destination")) if word is not None])
    return None


def _rclone(arguments: Sequence[Word]) -> Transfer | None:
    operands = [
        option.word for option in parse(arguments, frozenset({"--config", "--include", "--exclude"})) if not option.name
    ]
    verb = operands[0].text if operands else ""
    if verb == "copyurl" and len(operands) > 1:
        return Transfer("download", operands[1], operands[2] if len(operands) > 2 else None)
    if verb not in ("copy", "copyto", "sync", "move") or len(operands) < 3:
        return None
    remote = [re.match(r":?[\w-]{2,}[^/\\]*:", word.text) is not None for word in operands[1:3]]
    if remote == [True, False]:
        return Transfer("download", operands[1], operands[2])
    return Transfer("upload", operands[1]) if remote == [False, True] else None


def _kaggle(arguments: Sequence[Word]) -> Transfer | None:
    options = list(parse(arguments, frozenset({"-d", "-f", "-p", "-c", "-k", "--dataset", "--file", "--path"})))
    operands = [option.word for option in options if not option.name]
    verbs = [word.text for word in operands]
    kinds = {
        "datasets": "data",
        "d": "data",
        "competitions": "data",
        "c": "data",
        "models": "model",
        "m": "model",
        "kernels": "code",
        "k": "code",
    }
    if not verbs or verbs[0] not in kinds or not {"download", "pull", "output"} & set(verbs[1:4]):
        return None
    last = operands[-1] if verbs[-1] not in ("download", "pull", "output") else None
    handle = next((o.value for o in options if o.name in ("-d", "--dataset", "-c", "-k")), None) or last
    target = next((o.value for o in options if o.name in ("-p", "--path")), None)
    return Transfer("download", handle, target, content=kinds[verbs[0]])


def _dvc(arguments: Sequence[Word]) -> Transfer | None:
    options = list(parse(arguments, frozenset({"-o", "--out", "--rev", "-j", "--jobs", "--remote", "--config"})))
    operands = [option.word for option in options if not option.name]
    if not operands or operands[0].text not in ("get", "get-url", "import", "import-url"):
        return None
    target = next((option.value for option in options if option.name in ("-o", "--out")), None)
    if len(operands) < 2 or not (_SCHEME.match(operands[1].text) or "@" in operands[1].text or operands[1].holes):
        return None
    pinned = any(o.name == "--rev" and o.value and re.fullmatch(r"[0-9a-f]{40}", o.value.text) for o in options)
    path = operands[2].text if len(operands) > 2 else ""

    return Transfer("download", operands[1], target, verified=pinned, content=content_of(path) if path else "")


# --- both sides of a copy


def _copy(operands: Sequence[Word], certain: bool = False) -> Transfer | None:
    """What `cp SOURCE… TARGET` between this machine and a store is.

    `certain`: one side is always in the store (`aws s3`), so that one known side tells the other.
    """
    if len(operands) < 2:
        return None
    source, target = operands[0], operands[-1]
    sides = (_side(source), _side(target))
    match sides:
        case ("local", "remote"):
            return Transfer("upload", source)
        case ("local", "unknown"):
            return Transfer("upload", source)
        case ("remote", "local"):
            stdout = target.text == "-"
            return Transfer("download", source, None if stdout else target, stdout)
        case ("remote", "unknown"):
            if _REMOTE_NAME.search(_name(target)):
                return None
            return Transfer(
                "download", source, target, doubt="target-named" if _LOCAL_NAME.search(_name(target)) else "target"
            )
        case ("unknown", "local"):
            if not certain and _LOCAL_NAME.search(_name(source)) and not _REMOTE_NAME.search(_name(source)):
                return None
            stdout = target.text == "-"
            return Transfer("download", source, None if stdout else target, stdout, doubt="source")
        case _:
            return None


def _side(word: Word) -> str:
    match = _SCHEME.match(word.text)
    if match is not None:
        return "local" if match.group().lower() == "file://" else "remote"
    if word.holes and word.holes[0][0] == 0:
        return "unknown"
    return "local"


def _name(word: Word) -> str:
    """The variable that a word begins with, as written."""
    start, end = word.holes[0]
    return word.text[start:end]


def _worst(urls: Sequence[Word]) -> Word | None:

    return max(urls, key=lambda word: RANK[content_of(word.text)], default=None)


_READERS: Mapping[str, Callable[[Sequence[Word]], Transfer | None]] = {
    "curl": _curl,
    "wget": _wget,
    "wget2": _wget,
    "aria2c": _aria2c,
    "gdown": _gdown,
    "axel": _fetch,
    "iwr": _fetch,
    "irm": _fetch,
    "Invoke-WebRequest": _fetch,
    "Invoke-RestMethod": _fetch,
    "aws": _aws,
    "gsutil": _gsutil,
    "gcloud": _gcloud,
    "azcopy": _azcopy,
    "az": _az,
    "rclone": _rclone,
    "kaggle": _kaggle,
    "dvc": _dvc,
}
