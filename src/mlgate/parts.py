"""Parts of a text that names something: of a URI, of a model or dataset reference, of SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote

from msgspec import Struct

from mlgate.model import HOLE
from mlgate.regex import regex

MAX_TEXT = 100_000
"""Characters of a text that are looked at; what lies behind them is not seen. No address or name is as long."""

NAMES = (
    "org",
    "name",
    "revision",
    "scheme",
    "host",
    "port",
    "bucket",
    "path",
    "database",
    "table",
    "user",
    "query",
)


def part(text: str, name: str) -> tuple[str, ...]:
    """Every value that `text` gives for the part `name` (one of NAMES), in order, without repetition.

    Empty where the text has no such part, or no text can have it (a key of a dict).
    A value that holds HOLE is known but for that piece. An https host with a hole in it is no value (it could be any
    host), nor is a table that is only a hole. Passwords are in no part.
    A text may name several: hosts of a cluster, tables of a query, URIs in a command line.
    """
    if name in ("org", "name", "revision"):
        reference = _reference(text[:MAX_TEXT].strip())
        value = {"org": reference.org, "name": reference.name, "revision": reference.revision}[name]
        return (value,) if value else ()
    if name not in NAMES:
        return ()
    values = [value for uri in _uris(text[:MAX_TEXT]) for value in uri.values(name)]
    if name == "table":
        values += _tables(text[:MAX_TEXT])
    return tuple(dict.fromkeys(value for value in values if value))


# --- models, datasets, code -----------------------------------------------------------------------------------------


class Reference(Struct, frozen=True):
    """`org/name` at a revision; empty where the text does not say."""

    org: str = ""
    name: str = ""
    revision: str = ""


_HUB_PREFIX = regex(r"(?:local-dir|hf[-_]hub|hf|huggingface|models|datasets)(?=:)", re.I)
_HUB_HOSTS = frozenset({"huggingface.co", "www.huggingface.co", "hf.co", "hf-mirror.com"})
_HUB_TYPES = frozenset({"models", "datasets", "spaces", "kernels", "buckets"})
_HUB_VIEWS = frozenset({"resolve", "blob", "raw", "tree", "commit", "edit"})
_FORGE_VIEWS = frozenset({"raw", "blob", "tree", "archive", "commit", "zipball", "tarball", "-"})
_HANDLE_HOSTS = frozenset({"tfhub.dev", "www.tfhub.dev", "kaggle.com", "www.kaggle.com"})
_ARCHIVE = regex(r"\.(?:zip|tar\.gz|tgz|tar|tar\.bz2)$", re.I)


def _reference(text: str) -> Reference:
    if re.match(r"git\+", text) or (re.match(r"git@|ssh://git@", text)):
        return _git_reference(text)
    if re.match(r"https?://", text, re.I):
        return _web_reference(text)
    if text.startswith("hf://"):
        segments = text[5:].split("/")
        if segments[0] in _HUB_TYPES:
            segments = segments[1:]
        return _hub_path(segments)
    if text.startswith(("models:/", "runs:/")):
        return _registry_reference(text)
    if "://" in text:
        return Reference()
    prefix = _HUB_PREFIX.match(text)
    if prefix:
        text = text[prefix.end() + 1 :]
    return _plain_reference(text)


def _hub_path(segments: list[str]) -> Reference:
    """`org/name@revision/file`, a one-word id only where it stands alone."""
    if len(segments) < 2 or not segments[1]:
        name, _, revision = segments[0].partition("@")
        return Reference("", name, unquote(revision))
    name, _, revision = segments[1].partition("@")
    # `refs/convert/parquet` and `refs/pr/1` hold slashes; huggingface_hub's HfFileSystem knows these two.
    if revision == "refs" and len(segments) > 3:
        revision = "/".join([revision, *segments[2:4]])
    return Reference(segments[0], name, unquote(revision))


def _web_reference(text: str) -> Reference:
    match = re.match(r"https?://(?:[^/?#@]*@)?([^/?#:]*)(?::\d+)?(/[^?#]*)?", text, re.I)
    if match is None:
        return Reference()
    host, segments = match[1].lower(), [piece for piece in (match[2] or "").split("/") if piece]
    if host in _HUB_HOSTS:
        return _hub_web_reference(segments)
    if host == "raw.githubusercontent.com" and len(segments) >= 3:
        return Reference(segments[0], segments[1], _ref(segments[2:]))
    if host in ("github.com", "www.github.com", "gitlab.com", "bitbucket.org", "codeload.github.com"):
        return _forge_reference(segments)
    if host in _HANDLE_HOSTS:
        if segments[:1] in (["models"], ["datasets"]):
            segments = segments[1:]
        return _plain_reference("/".join(segments))
    return Reference()


def _hub_web_reference(segments: list[str]) -> Reference:
    if segments[:1] == ["api"]:
        segments = segments[1:]
    if segments and segments[0] in _HUB_TYPES:
        segments = segments[1:]
    for place in (1, 2):  # `gpt2/resolve/…` or `org/name/resolve/…`
        if len(segments) > place and segments[place] in _HUB_VIEWS:
            org = segments[0] if place == 2 else ""
            return Reference(org, segments[place - 1], unquote(_ref(segments[place + 1 :])))
    if len(segments) >= 2:
        return Reference(segments[0], segments[1].removesuffix(".git"))
    return Reference("", segments[0]) if segments else Reference()


def _forge_reference(segments: list[str]) -> Reference:
    if len(segments) < 2:
        return Reference()
    org, (name, _, revision) = segments[0], segments[1].partition("@")
    rest = segments[2:]
    while rest and rest[0] in _FORGE_VIEWS:
        rest = rest[1:]
        revision = _ARCHIVE.sub("", _ref(rest))
    if rest[:2] == ["releases", "download"] and len(rest) > 2:
        revision = rest[2]
    return Reference(org, name.removesuffix(".git"), revision)


def _ref(segments: list[str]) -> str:
    """The git ref that a path begins with: one segment, or `refs/heads/x`, `refs/pr/1`."""
    return "/".join(segments[:3]) if segments[:1] == ["refs"] else "".join(segments[:1])


def _git_reference(text: str) -> Reference:
    """`git+https://host/org/name.git@ref#egg=x`, `git@host:org/name.git`."""
    text = re.sub(r"^git\+", "", text).partition("#")[0]
    text = re.sub(r"^[a-z+]+://(?:[^/@]*@)?", "", text).removeprefix("git@")
    segments = [piece for piece in re.split(r"[/:]", text) if piece][1:]
    if len(segments) < 2:
        return Reference()
    rest, _, revision = "/".join(segments[1:]).partition("@")
    return Reference(segments[0], rest.rpartition("/")[2].removesuffix(".git"), revision)


def _registry_reference(text: str) -> Reference:
    """MLflow: `models:/name/3`, `models:/name/Production`, `models:/name@alias`, `models:/m-<id>`, `runs:/id/path`."""
    scheme, _, rest = text.partition(":")
    rest = rest.lstrip("/")
    if scheme == "runs":
        run, _, path = rest.partition("/")
        return Reference("", path, run)
    if re.fullmatch(r"m-[0-9a-f]{32}", rest):
        return Reference("", rest, rest)
    name, _, revision = rest.rpartition("@") if "@" in rest else rest.rpartition("/")
    return Reference("", name, revision) if name else Reference("", rest)


def _plain_reference(text: str) -> Reference:
    """`org/name`, `name`, `org/name@rev`, `owner/repo:ref`, `entity/project/name:v3`, `owner/model/…/variation/2`."""
    if not text or text[0] in "./~\\" or re.search(r"\s|\\", text) or re.match(r"[A-Za-z]:[\\/]", text):
        return Reference()
    match = re.fullmatch(r"([^@:]*)(?:[@:](.*))?", text)
    if match is None:
        return Reference()
    path, revision = match[1].rstrip("/"), match[2] or ""
    segments = path.split("/")
    if not revision and len(segments) > 2 and segments[-1].isdigit():
        revision, segments = segments[-1], segments[:-1]
        if segments[-1] == "versions":
            segments = segments[:-1]
    if len(segments) == 1:
        return Reference("", segments[0], revision)
    return Reference(segments[0], "/".join(segments[1:]), revision)


# --- stores of data -------------------------------------------------------------------------------------------------


class Uri(Struct, frozen=True):
    scheme: str
    """Lower case, without `+driver`: `postgresql`, `s3a`, `jdbc:oracle`'s is `oracle`."""
    host: tuple[str, ...] = ()
    port: str = ""
    bucket: str = ""
    path: str = ""
    database: tuple[str, ...] = ()
    table: str = ""
    user: str = ""
    query: str = ""

    def values(self, name: str) -> tuple[str, ...]:
        match name:
            case "scheme":
                return (self.scheme,)
            case "host":
                return self.host
            case "port":
                return (self.port,)
            case "bucket":
                return (self.bucket,)
            case "path":
                return (self.path,)
            case "database":
                return self.database
            case "table":
                return (self.table,)
            case "user":
                return (self.user,)
            case _:
                return ("&".join(pair for pair in re.split(r"[&;]", self.query) if not _SECRET.match(pair)),)


_SECRET = regex(r"[^=]*(?:pass|pwd|secret|token|key|sig|credential|auth)[^=]*=", re.I)
"""A setting whose value is no part."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BUCKETS = frozenset({"s3", "s3a", "s3n", "gs", "gcs", "r2", "oss", "obs", "cos", "cosn", "b2", "swift", "minio"})
_CONTAINERS = frozenset({"abfs", "abfss", "wasb", "wasbs", "adl", "az", "azure", "oci"})
_FILESYSTEMS = frozenset({"hdfs", "webhdfs", "swebhdfs", "viewfs", "dbfs", "alluxio"})
_DATABASES = _words(
    "postgres postgresql redshift mysql mariadb mssql sqlserver oracle mongodb snowflake databricks clickhouse "
    "clickhouses trino presto hive hive2 impala redis rediss valkey kafka cassandra cockroachdb vertica teradata "
    "db2 exasol neo4j neo4js bolt elasticsearch opensearch athena awsathena timescaledb singlestore starrocks doris "
    "druid pulsar amqp amqps couchbase scylla memcached dynamodb ibm_db_sa"
)
_WAREHOUSES = frozenset({"bigquery", "bq"})
STORES = BUCKETS | _CONTAINERS | _FILESYSTEMS | _DATABASES | _WAREHOUSES
"""Schemes that name a store of data; `sqlite` and `duckdb` name a file beside the program and are not among them."""

_EMBEDDED = regex(
    r"(?<![\w+.:-])(?:jdbc:(?=[a-z])|(?:"
    + "|".join(sorted(STORES, key=lambda scheme: (-len(scheme), scheme)))
    + r")(?:\+[a-z0-9_+]{1,40})?://|dbfs:/)",
    re.I,
)
"""Where a store's URI begins inside a longer text."""
_ANY_URI = regex(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]{0,40}://|jdbc:[a-z]|dbfs:/|/dbfs/|file:)", re.I)
_END = regex(r"[\s\"'`<>|]")
_CLOSING = ".,;:!?)]"


@lru_cache(maxsize=64)
def _uris(text: str) -> tuple[Uri, ...]:
    return tuple(_uri(piece) for piece in _uri_texts(text))


def _uri_texts(text: str) -> Iterator[str]:
    """The URIs of a text: the whole text where it begins with one and holds no second; else each store's."""
    if ":/" not in text and "jdbc:" not in text.lower() and "/dbfs/" not in text:
        return
    first = _ANY_URI.match(text)
    starts = [match.start() for match in _EMBEDDED.finditer(text)]
    begin = first.end() - len(first[0].lstrip()) if first else -1
    if begin >= 0 and all(start == begin for start in starts) and "\n" not in text.strip():
        yield text.strip()
        return
    if begin >= 0 and begin not in starts:
        starts.insert(0, begin)
    for start, limit in zip(starts, [*starts[1:], len(text)], strict=bool(starts)):
        end = _END.search(text, start, limit)
        piece = text[start : end.start() if end else limit]
        yield piece.rstrip(_CLOSING) if not piece.endswith("://") else piece


def _uri(text: str) -> Uri:
    if text[:5].lower() == "jdbc:":
        return _jdbc(text[5:])
    if text.startswith("/dbfs/"):
        return Uri("dbfs", path=text[6:])
    scheme, _, rest = text.partition(":")
    scheme = scheme.lower().partition("+")[0]
    if scheme == "dbfs" or scheme == "file":
        return Uri(scheme, path=rest.lstrip("/"))
    rest = rest.removeprefix("//")
    location, _, query = rest.partition("?")
    location = location.partition("#")[0] if scheme in ("http", "https") else location
    authority, _, path = location.partition("/")
    if scheme in _WAREHOUSES:
        return _warehouse(scheme, authority, path, query)
    if scheme in BUCKETS:
        return Uri(scheme, bucket=authority, path=path, query=query)
    user, host, port = _authority(authority)
    if scheme in _CONTAINERS:
        return _container(scheme, user, host, path, query)
    if scheme in ("http", "https"):
        return _web(scheme, user, host, port, path, query)
    if scheme in _DATABASES:
        return Uri(scheme, host, port, "", path, _database(path, query), "", user, query)
    return Uri(scheme, host, port, "", path, (), "", user, query)


def _authority(text: str) -> tuple[str, tuple[str, ...], str]:
    """(user, hosts, port) of `user:password@host:port,host2:port2`; the password is dropped here."""
    login, _, hosts = text.rpartition("@")
    user = login.partition(":")[0]
    found, port = [], ""
    for item in hosts.split(","):
        bracketed = re.match(r"\[([^\]]*)\](?::(.*))?", item)
        host, tail = (bracketed[1], bracketed[2] or "") if bracketed else item.partition(":")[::2]
        found.append(host)
        port = port or tail
    return user, tuple(host for host in found if host), port


def _database(path: str, query: str) -> tuple[str, ...]:
    """Database, catalogue and schema, from the path and from keys such as `databaseName=`."""
    return (*(piece for piece in path.split("/") if piece), *_named(query))


_DATABASE_KEYS = frozenset(
    {"database", "databasename", "db", "dbname", "catalog", "schema", "projectid", "service_name", "currentschema"}
)


def _named(settings: str) -> tuple[str, ...]:
    pairs = (pair.partition("=") for pair in re.split(r"[&;]", settings))
    return tuple(value for key, _, value in pairs if key.strip().lower() in _DATABASE_KEYS and value)


def _warehouse(scheme: str, project: str, path: str, query: str) -> Uri:
    """`bigquery://project/dataset/table`, and Vertex's `bq://project.dataset.table`."""
    names = [piece for piece in re.split(r"[./]", f"{project}/{path}") if piece]
    if "{" in project:  # a hole's ellipsis is no separator
        names = [piece for piece in [project, *path.split("/")] if piece]
    table = ".".join(names[:3]) if len(names) >= 3 else ""
    return Uri(scheme, database=tuple(names[:2]), path=path, table=table, query=query)


def _container(scheme: str, user: str, host: tuple[str, ...], path: str, query: str) -> Uri:
    """`abfss://container@account.dfs.core.windows.net/path`, `oci://bucket@namespace/path`, `az://container/path`."""
    if user:
        return Uri(scheme, host, "", user, path, query=query)
    if scheme == "adl":
        return Uri(scheme, host, "", "", path, query=query)
    return Uri(scheme, (), "", "".join(host[:1]), path, query=query)


_BUCKET_IN_HOST = regex(
    r"(.+)\.(?:s3(?:[.-](?:dualstack\.|accelerate\.|website-?)?[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?"
    r"|storage\.googleapis\.com|[a-z0-9-]+\.digitaloceanspaces\.com|oss-[a-z0-9-]+\.aliyuncs\.com)",
    re.I,
)
_BUCKET_IN_PATH = regex(
    r"s3(?:[.-](?:dualstack\.)?[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?|storage\.googleapis\.com|storage\.cloud\.google\.com"
    r"|.+\.(?:blob|dfs)\.core\.windows\.net|.+\.r2\.cloudflarestorage\.com",
    re.I,
)


def _web(scheme: str, user: str, hosts: tuple[str, ...], port: str, path: str, query: str) -> Uri:
    host = "".join(hosts[:1])
    if HOLE in host:
        return Uri(scheme, (), "", "", path, (), "", user, query)
    in_host = _BUCKET_IN_HOST.fullmatch(host)
    if in_host:
        return Uri(scheme, hosts, port, in_host[1], path, (), "", user, query)
    if _BUCKET_IN_PATH.fullmatch(host):
        bucket, _, rest = path.partition("/")
        return Uri(scheme, hosts, port, bucket, rest, (), "", user, query)
    if re.fullmatch(r"objectstorage\..+\.oraclecloud\.com", host):
        named = re.search(r"(?:^|/)b/([^/]+)/o/?(.*)", path)
        return Uri(scheme, hosts, port, named[1] if named else "", named[2] if named else path, query=query)
    return Uri(scheme, hosts, port, "", path, (), "", user, query)


def _jdbc(text: str) -> Uri:
    """`jdbc:<product>:…`; the product is the scheme. Settings follow `?` or `;`."""
    product, _, rest = text.partition(":")
    scheme = {"hive2": "hive", "awsathena": "athena"}.get(product.lower(), product.lower())
    at = rest.find("@")
    if scheme == "oracle" and at >= 0:  # jdbc:oracle:thin:user/password@//host:1521/service or @host:1521:SID
        user = rest[:at].rpartition(":")[2].partition("/")[0]
        pieces = re.split(r"[:/?]", rest[at + 1 :].lstrip("/"))
        return Uri(scheme, tuple(pieces[:1]), "".join(pieces[1:2]), "", "", tuple(pieces[2:3]), "", user)
    start = rest.find("//")
    if start < 0:
        return Uri(scheme, path=rest)
    location, settings = re.fullmatch(r"([^?;]*)[?;]?(.*)", rest[start + 2 :], re.S).groups()  # type: ignore[union-attr]
    authority, _, path = location.partition("/")
    user, host, port = _authority(authority)
    return Uri(scheme, host, port, "", path, _database(path, settings), "", user, settings)


# --- SQL ------------------------------------------------------------------------------------------------------------

_STATEMENT = regex(
    r"(?:\s|--[^\n]*(?:\n|$)|/\*[^*]{0,2000}\*/|\()*"
    r"(select|with|insert|update|delete|create|drop|alter|truncate|merge|replace|copy|unload|explain|refresh|optimize|"
    r"vacuum|analyze|export|load|upsert)\b",
    re.I,
)
_CLAUSE = regex(r"\b(?:from|join|into|update|table|view|set|values)\b|\bas\s*\(", re.I)
_TOKEN = regex(
    r"--[^\n]*|\#[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^'\\]|\\.|'')*(?:'|\Z)"
    r"|(?P<name>(?:`[^`\n]{1,300}`|\"[^\"\n]{1,300}\"|\[[^\]\n]{1,300}\]|[A-Za-z_@$\#%:{][\w$\#@:{}…-]{0,200})"
    r"(?:\s?\.\s?(?:`[^`\n]{1,300}`|\"[^\"\n]{1,300}\"|\[[^\]\n]{1,300}\]|[\w$\#@{}…*-]{1,200})){0,4})|\d[\w.]*|.",
    re.S,
)
_PLACEHOLDER = regex(r"\{[^{}]*\}|\$\w+|%s|%\(\w+\)s|:\w+")
_PROSE = _words(
    "the a an this that these those your our my his her its their it them each any all one which where there here "
    "some another"
)
_NOT_A_TABLE = _PROSE | _words(
    "select lateral unnest values only if not exists set from where on using as with dual temporary temp external "
    "table_name tablename"
)
_AFTER_TABLE = frozenset({"if", "not", "exists", "only", "or", "overwrite", "into", "table"})
_FUNCTION_FROM = frozenset({"extract", "trim", "ltrim", "rtrim", "substring", "overlay", "position"})
_ENDS_ALIAS = _words(
    "where join inner left right full cross outer natural on using group order having limit union intersect except "
    "window qualify tablesample set values select fetch offset for when then pivot unpivot lateral returning"
)


@lru_cache(maxsize=64)
def _tables(text: str) -> tuple[str, ...]:
    """Tables that a statement reads or writes, quotes taken away, as written: `project.dataset.table`, `orders`."""
    first = _STATEMENT.match(text) or _STATEMENT.match(text, text.find("\n") + 1)  # `%%bigquery rows` leaves its words
    if first is None:
        project = _BIGQUERY_TABLE.fullmatch(text.strip())
        return (project[0],) if project and project[1].lower() not in _SUFFIXES else ()
    if not _looks_like_sql(text, first):
        return ()
    found: list[str] = []
    defined: set[str] = set()
    opened: list[str] = []  # the word before each open bracket
    previous, expects = "", ""
    tokens = [match for match in _TOKEN.finditer(text, first.start(1)) if not _is_blank(match[0])]
    for place, token in enumerate(tokens):
        piece = token[0]
        word = piece.lower()
        following = tokens[place + 1][0] if place + 1 < len(tokens) else ""
        if piece == "(":
            opened.append(previous)
            expects = ""
        elif piece == ")":
            if opened:
                opened.pop()
            expects = ""
        elif expects == "table" and word in _AFTER_TABLE:
            pass
        elif expects == "table" and word in _PROSE:
            return ()  # `update the table`: a sentence
        elif expects == "table" and token["name"] and word not in _NOT_A_TABLE:
            name = _unquoted(piece)
            if following != "(" or word[0] in '`"[' or previous in ("table", "into", "exists"):
                found.append(name)
            expects = "comma"
        elif expects == "comma" and piece == ",":
            expects = "table"
        elif expects == "comma" and token["name"] and word not in _ENDS_ALIAS and not _starts_table(word):
            pass  # an alias
        elif _starts_table(word) and _may_start(word, previous, opened):
            expects = "table"
        else:
            expects = ""
        if word == "as" and following == "(" and previous:
            defined.add(previous)
        previous = "" if piece == ";" else _unquoted(piece).lower()
    return tuple(name for name in dict.fromkeys(found) if name.lower() not in defined and _is_known(name))


def _is_known(table: str) -> bool:
    """Whether something is left of it without holes and placeholders (`{table}`, `$table`, `%s`, `:name`)."""
    return re.search(r"\w", _PLACEHOLDER.sub("", table)) is not None


def _is_blank(token: str) -> bool:
    return token.isspace() or token.startswith(("--", "/*")) or (token.startswith("#") and "\n" not in token[:1])


def _looks_like_sql(text: str, first: re.Match[str]) -> bool:
    """A statement, not a sentence: `Select a model from the list` begins with a capital alone."""
    verb = first[1]
    if verb[0].isupper() and not verb.isupper():
        return bool(re.match(r"\s*(?:\*|count\s*\(|distinct\b|top\s+\d)", text[first.end() :], re.I))
    return _CLAUSE.search(text, first.start(1)) is not None


def _starts_table(word: str) -> bool:
    return word in ("from", "join", "into", "update", "table", "view", "copy", "using")


def _may_start(word: str, previous: str, opened: list[str]) -> bool:
    if word == "from":
        return previous != "distinct" and not (opened and opened[-1] in _FUNCTION_FROM)
    if word == "using":  # MERGE … USING t, not JOIN … USING (column)
        return not opened
    if word in ("update", "copy"):
        return previous in ("", "explain", "(")
    return True


def _unquoted(name: str) -> str:
    return re.sub(r"[`\"\[\]]|(?<=\.)\s|\s(?=\.)", "", name).strip()


_BIGQUERY_TABLE = regex(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+\.[A-Za-z_]\w{2,}\.([A-Za-z_][\w*]{2,})")
"""A BigQuery table named outside SQL: the hyphen in the project's name tells it from a module."""
_SUFFIXES = _words(
    "com org net dev edu gov app cloud info json yaml yml csv tsv txt tar zip html xml pdf png jpg jpeg gif whl tgz "
    "parquet onnx bin ckpt safetensors pkl pickle joblib ipynb toml cfg ini conf log lock sql md py sh js ts svc local "
    "internal io ai"
)
