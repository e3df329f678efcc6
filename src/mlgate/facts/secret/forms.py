"""The table of secret detectors: which forms of credential are looked for, as data."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from mlgate.model import Confidence

HIGH, MEDIUM = Confidence.HIGH, Confidence.MEDIUM


class Form(Struct, frozen=True):
    """What one kind of credential looks like."""

    id: str
    """Name of the fact; several forms may share it."""
    pattern: str
    """Searched in one cell's text with re.ASCII. Every repeat has an upper bound."""
    group: int = 0
    """The group that is the secret itself: what is masked, measured and judged."""
    confidence: Confidence = HIGH
    flags: int = 0
    near: str = ""
    """Must be found close by, without regard to case; for forms that say too little by themselves."""
    shown: tuple[str, ...] = ()
    """Prefixes that are no secret: a preview may show them."""
    floor: float = 3.0
    """Bits per character (Shannon) of what follows the prefix; below it the text is a placeholder.
    32 random hex digits have 3.3 ± 0.15, 34 random letters 4.4 ± 0.15."""
    judge: str = "key"
    """How a value is told from an example: `key`, `token`, `password`, `url` or `block`; see placeholders.py."""
    milder: str = ""
    """Where this stands close by the confidence is medium, for the reason `because`."""
    because: str = ""


class Borrowed(Struct, frozen=True):
    """A detector of detect-secrets that is used: its pattern, with our judgement around it."""

    plugin: str
    id: str
    pick: tuple[int, ...] = ()
    """0-based places in its `denylist`; empty takes all."""
    group: int = 0
    confidence: Confidence = HIGH
    near: str = ""
    shown: tuple[str, ...] = ()
    floor: float = 3.0
    judge: str = "key"
    milder: str = ""
    because: str = ""


BORROWED: tuple[Borrowed, ...] = (
    # The second pattern takes any 40 characters in quotes after "aws … key"; `aws-secret-key` below is its better.
    Borrowed(
        "AWSKeyDetector",
        "aws-access-key",
        pick=(0,),
        shown=("AKIA", "ASIA", "ABIA", "ACCA", "A3T"),
        milder=r"ASIA[0-9A-Z]{16}|X-Amz-Credential=A",
        because="the id of a temporary key, or of a signed URL",
    ),
    Borrowed("AzureStorageKeyDetector", "azure-storage-key", shown=("AccountKey=",), floor=4.0),
    Borrowed("BasicAuthDetector", "basic-auth-url", group=1, confidence=MEDIUM, judge="url", floor=0.0),
    Borrowed("CloudantDetector", "cloudant-key", group=1, confidence=MEDIUM, near="cloudant"),
    Borrowed("DiscordBotTokenDetector", "discord-token", near="discord", floor=4.0),
    # Its groups name every token "ghp": group 0 is the token.
    Borrowed("GitHubTokenDetector", "github-token", shown=("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
    Borrowed(
        "GitLabTokenDetector",
        "gitlab-token",
        shown=(
            "glpat-",
            "gldt-",
            "glft-",
            "glsoat-",
            "glrt-",
            "GR1348941",
            "glcbt-",
            "glimt-",
            "glptt-",
            "glagent-",
            "gloas-",
        ),
    ),
    # Without `near` the next two take `token = <44 characters>` and `secret_key = <48 hex>` of any service.
    Borrowed("IbmCloudIamDetector", "ibm-cloud-key", group=1, confidence=MEDIUM, near=r"\bibm", floor=3.5),
    Borrowed("IbmCosHmacDetector", "ibm-cloud-key", group=1, confidence=MEDIUM, near=r"\bcos_|\bibm"),
    Borrowed("MailchimpDetector", "mailchimp-key", near="mailchimp"),
    Borrowed("NpmDetector", "npm-token", group=1, shown=("npm_",)),
    Borrowed("OpenAIDetector", "openai-key", shown=("sk-",)),
    Borrowed("PypiTokenDetector", "pypi-token", shown=("pypi-",), floor=3.5),
    Borrowed("SendGridDetector", "sendgrid-key", shown=("SG.",), floor=4.0),
    Borrowed(
        "SlackDetector",
        "slack-token",
        shown=("https://hooks.slack.com/services/", "xoxb-", "xoxp-", "xoxa-", "xoxo-", "xoxs-", "xoxr-"),
    ),
    Borrowed("SoftlayerDetector", "ibm-cloud-key", group=1, confidence=MEDIUM, near="softlayer"),
    Borrowed("SquareOAuthDetector", "square-token", shown=("sq0csp-",)),
    Borrowed("StripeDetector", "stripe-key", shown=("sk_live_", "rk_live_")),
    # Account ids of AWS ARNs have this form too.
    Borrowed("TelegramBotTokenDetector", "telegram-token", near="telegram", floor=3.5),
    Borrowed("TwilioKeyDetector", "twilio-key", near="twilio", shown=("AC", "SK")),
)

LEFT_OUT: Mapping[str, str] = {
    "Base64HighEntropyString": "images, model ids and test vectors: the flood that users flee",
    "HexHighEntropyString": "commits, checksums and cell ids: the flood that users flee",
    "IPPublicDetector": "an address is no credential",
    "KeywordDetector": "knows no placeholder and takes `token: str`; our assignments judge the value",
    "PrivateKeyDetector": "takes the header alone, which parsers and docs name; ours wants a key after it",
    "JwtTokenDetector": "two parts are enough for it, and it is quadratic; ours wants a signature",
    "ArtifactoryDetector": "takes any word that begins with AP0 to APF; ours wants the 73 characters of an API key",
}
"""Detectors of detect-secrets that are not used, and why."""


def _assigned(names: str, value: str, reach: int = 50) -> str:
    """`value` on the same line, at most `reach` characters after one of `names`, and no part of a longer word."""
    return rf"(?:{names})[^\n]{{0,{reach}}}?(?<![A-Za-z0-9_/+.-])({value})(?![A-Za-z0-9_/+-])"


_TOKEN_NAMES = (
    r"(?:api|access)[_-]?key|secret|"  # noqa: S105
    r"(?:account|auth|private|client|storage|service|master|subscription|encryption)_?key"
)
_PASSWORD_NAMES = r"password|passwd|passphrase|pwd"  # noqa: S105
_WRAPPED = r"(?:(?:str|SecretStr|Optional\[str\]) ?= ?)?(?:[A-Za-z]{1,20}\()?"
_BINDS = r'[0-9]?(?:\\{0,2}["\'`]\)?)?\]?[ \t]{0,20}(?::=|=>|==?|:|,)[ \t]{0,4}' + _WRAPPED
_TOKEN_BINDS = r'token(?:[=:"\'\]]|\\["\']| [=:]|  )[\\"\'`)\] \t:=>,]{0,16}?' + _WRAPPED
"""`token` alone stands in every file with a tokenizer: what follows it becomes part of the words of the gate."""
_QUOTED = r'[rbuRBU]{0,2}\\{0,2}["\'`]([^\s"\'`\\<>{}]{%d,200})\\{0,2}["\'`]'
_VALUE = r'([A-Za-z0-9_+/=~.!@#%%^*-]{%d,200})(?![^\s,;&)"\'\\])'


def _named(id: str, names: str, judge: str, shortest: int) -> tuple[Form, ...]:
    """A value that only its name makes a secret: quoted, bare (`NAME=value`), or after a command's `--name`."""
    bare = rf"(?:{names})[0-9]?[ \t]{{0,8}}[=:][ \t]{{0,4}}{_VALUE % max(shortest, 16)}"
    option = rf"--[a-z-]{{0,20}}(?:{names})[= ][ \t]{{0,3}}{_VALUE % shortest}"
    return (
        _guess(id, rf"(?:{names}){_BINDS}{_QUOTED % shortest}", judge),
        _guess(id, bare, "token"),
        _guess(id, option, judge),
    )


def _guess(id: str, pattern: str, judge: str) -> Form:
    return Form(id, pattern, 1, MEDIUM, re.IGNORECASE, floor=0.0, judge=judge)


OURS: tuple[Form, ...] = (
    # --- models and experiments
    Form("huggingface-token", r"hf_[A-Za-z0-9]{34,40}", shown=("hf_",), floor=3.6),
    Form("huggingface-token", r"api_org_[A-Za-z0-9]{34,40}", shown=("api_org_",), floor=3.6),
    Form("huggingface-token", r"hf_oauth_[A-Za-z0-9_.-]{30,500}", shown=("hf_oauth_",), floor=3.6),
    Form("wandb-key", r"wandb_v1_[A-Za-z0-9_]{60,100}", shown=("wandb_v1_",), floor=3.6),
    Form("wandb-key", _assigned(r"wandb(?:[._ ]login|_?api_?key|_key)", "[0-9a-f]{40}"), 1, MEDIUM, re.IGNORECASE),
    Form(
        "wandb-key",
        r"api\.wandb\.ai\s{1,4}login\s{1,4}\w{1,40}\s{1,4}password\s{1,4}([0-9a-f]{40})\b",
        1,
        MEDIUM,
    ),
    Form(
        "openai-key",
        r"sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,200}",
        shown=("sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-"),
        floor=3.6,
    ),
    Form(
        "anthropic-key",
        r"sk-ant-[a-z0-9]{2,8}-[A-Za-z0-9_-]{32,128}",
        shown=("sk-ant-api03-", "sk-ant-admin01-", "sk-ant-oat01-", "sk-ant-"),
        floor=3.6,
    ),
    Form("openrouter-key", r"sk-or-v1-[0-9a-f]{64}", shown=("sk-or-v1-",)),
    Form("langfuse-key", r"sk-lf-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", shown=("sk-lf-",)),
    Form("databricks-token", r"dapi[0-9a-f]{32}(?:-\d)?", shown=("dapi",)),
    Form("databricks-token", r"dose[0-9a-f]{32}", shown=("dose",)),
    Form("kaggle-key", r"KGAT_[0-9a-f]{32}", shown=("KGAT_",)),
    Form("kaggle-key", _assigned(r"kaggle_(?:api_)?(?:key|token)", "[0-9a-f]{32}", 30), 1, MEDIUM, re.IGNORECASE),
    Form(
        "kaggle-key",
        r'username[\\"\']{1,3}\s{0,4}:\s{0,4}\\{0,2}["\'][^"\'\n\\]{1,60}\\{0,2}["\']\s{0,4},\s{0,8}'
        r'\\{0,2}["\']key\\{0,2}["\']\s{0,4}:\s{0,4}\\{0,2}["\']([0-9a-f]{32})\b',
        1,
        MEDIUM,
    ),
    Form("replicate-token", r"r8_[A-Za-z0-9]{37}", shown=("r8_",), floor=3.6),
    Form("nvidia-key", r"nvapi-[A-Za-z0-9_-]{60,70}", shown=("nvapi-",), floor=3.6),
    Form("pinecone-key", r"pcsk_[A-Za-z0-9]{4,8}_[A-Za-z0-9]{50,80}", shown=("pcsk_",), floor=3.6),
    Form(
        "pinecone-key",
        _assigned(
            r"pinecone[^\n]{0,30}?api[_-]?key", "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", 20
        ),
        1,
        MEDIUM,
        re.IGNORECASE,
    ),
    Form("langsmith-key", r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}", shown=("lsv2_pt_", "lsv2_sk_")),
    Form("langsmith-key", r"ls__[0-9a-f]{32}", shown=("ls__",)),
    Form("groq-key", r"gsk_[A-Za-z0-9]{52}", shown=("gsk_",), floor=3.6),
    Form(
        "tavily-key", r"tvly-(?:dev-|prod-)?[A-Za-z0-9]{32,64}", shown=("tvly-dev-", "tvly-prod-", "tvly-"), floor=3.6
    ),
    Form("perplexity-key", r"pplx-[A-Za-z0-9]{48,56}", shown=("pplx-",), floor=3.6),
    Form("xai-key", r"xai-[A-Za-z0-9]{70,90}", shown=("xai-",), floor=3.6),
    Form("jina-key", r"jina_[0-9a-f]{32}[A-Za-z0-9_-]{24,32}", shown=("jina_",), floor=3.6),
    Form("fireworks-key", r"fw_(?=[A-Za-z]{0,23}[0-9])[A-Za-z0-9]{22,28}", shown=("fw_",), floor=3.4),
    Form("cohere-key", _assigned(r"cohere|\bCO_API_KEY", "[A-Za-z0-9]{40}"), 1, MEDIUM, judge="token"),
    Form(
        "comet-key",
        _assigned(r"comet[_.a-z]{0,12}(?:api[_-]?key|init|login|Experiment)", "[A-Za-z0-9]{25}"),
        1,
        MEDIUM,
        re.IGNORECASE,
        judge="token",
    ),
    Form("neptune-token", r"eyJhcGlfYWRkcmVzcyI6[A-Za-z0-9_+/=-]{40,400}", shown=("eyJhcGlfYWRkcmVzcyI6",), floor=3.6),
    Form(
        "ngrok-token",
        _assigned(r"ngrok|NGROK_AUTH_?TOKEN|set_auth_token", "[0-9A-Za-z]{20,30}_[0-9A-Za-z]{20,30}", 60),
        1,
        MEDIUM,
        floor=3.6,
    ),
    Form("llamacloud-key", r"llx-[A-Za-z0-9]{48}", shown=("llx-",), floor=3.6),
    Form("elevenlabs-key", r"sk_[0-9a-f]{48}", shown=("sk_",)),
    Form("runpod-key", r"rpa_[A-Z0-9]{32,50}[a-z0-9]{0,10}", shown=("rpa_",), floor=3.6),
    Form("firecrawl-key", r"fc-[0-9a-f]{32}", shown=("fc-",)),
    Form("cerebras-key", r"csk-[a-z0-9]{48}", shown=("csk-",), floor=3.6),
    # --- clouds and stores
    Form("google-api-key", r"AIza[0-9A-Za-z_-]{35}", shown=("AIza",), floor=3.6),
    Form("google-oauth", r"GOCSPX-[A-Za-z0-9_-]{28}", shown=("GOCSPX-",), floor=3.4),
    Form("google-oauth", r"ya29\.[A-Za-z0-9_-]{40,400}", shown=("ya29.",), floor=3.6),
    Form(
        "gcp-service-account",
        r'private_key\\{0,2}["\']\s{0,4}:\s{0,4}\\{0,2}["\']'
        r"(-----BEGIN (?:RSA )?PRIVATE KEY-----[A-Za-z0-9+/=\\\s]{64,6000}"
        r"(?:-----END (?:RSA )?PRIVATE KEY-----)?)",
        1,
        shown=("-----BEGIN PRIVATE KEY-----",),
        judge="block",
    ),
    Form(
        "aws-secret-key",
        r"(?:aws[._-]?|)secret[._-]?(?:access[._-]?)?key(?:[._-]?id)?[^\nA-Za-z0-9/+]{1,12}"
        r"(?<![A-Za-z0-9/+])([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
        1,
        MEDIUM,
        re.IGNORECASE,
        floor=3.6,
    ),
    Form(
        "aws-secret-key",
        r"(?:FwoGZXIvYXdz|IQoJb3JpZ2luX2Vj)[A-Za-z0-9/+]{100,2000}={0,2}",
        shown=("FwoGZXIvYXdz", "IQoJb3JpZ2luX2Vj"),
        floor=4.0,
    ),
    Form(
        "azure-sas",
        r"[?&;\"']sig=([A-Za-z0-9%+/]{40,90}(?:%3[dD]|=))",
        1,
        near=r"\bsv=20\d\d-",
        floor=3.6,
        milder=r"\bsr=b&(?:[^\s&]{1,40}&){0,3}sp=r&|\bsp=r&(?:[^\s&]{1,40}&){0,6}sr=b&",
        because="it only reads one blob",
    ),
    Form("azure-client-secret", r"[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}", floor=3.6),
    Form("presigned-url", r"X-Amz-Signature=([0-9a-f]{64})", 1, MEDIUM),
    Form("presigned-url", r"X-Goog-Signature=([0-9a-f]{64,600})", 1, MEDIUM),
    Form(
        "database-url",
        r"(?:postgres(?:ql)?|mysql|mariadb|mssql|oracle|mongodb|redis|rediss|amqps?|clickhouse|snowflake|redshift|"
        r"cockroachdb)"
        r"(?:\+[a-z0-9_]{1,20})?://[^\s:/@\"'<>{}$]{0,100}:([^\s:/@\"'<>{}$]{1,120})@",
        1,
        MEDIUM,
        re.IGNORECASE,
        judge="url",
        floor=0.0,
    ),
    Form("artifactory-key", r"AKCp[A-Za-z0-9]{65,75}", shown=("AKCp",), floor=3.6),
    # --- code, packages, people
    Form("github-token", r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}", shown=("github_pat_",), floor=3.6),
    Form(
        "slack-token",
        r"xox[abeprs]-[0-9]{1,13}-[A-Za-z0-9-]{20,250}",
        shown=("xoxe-", "xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-"),
    ),
    Form("slack-token", r"xapp-[0-9]-[A-Z0-9]{8,14}-[0-9]{8,16}-[a-z0-9]{40,80}", shown=("xapp-",)),
    Form(
        "discord-token",
        r"https://discord(?:app)?\.com/api/webhooks/\d{17,20}/[A-Za-z0-9_-]{60,70}",
        shown=("https://discord.com/api/webhooks/",),
    ),
    Form("npm-token", r"npm_[A-Za-z0-9]{36}", shown=("npm_",), floor=3.6),
    Form("docker-token", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,40}", shown=("dckr_pat_", "dckr_oat_"), floor=3.6),
    Form(
        "private-key",
        r"-----BEGIN (?:[A-Z0-9]{2,10} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
        r"(?=[\sA-Za-z0-9+/=\\\"',:.()-]{0,200}?[A-Za-z0-9+/]{40})"
        r"[^-]{40,8000}(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)?",
        shown=(
            "-----BEGIN RSA PRIVATE KEY-----",
            "-----BEGIN EC PRIVATE KEY-----",
            "-----BEGIN OPENSSH PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----",
        ),
        judge="block",
    ),
    Form(
        "private-key",
        r"PuTTY-User-Key-File-[23]: [^-]{10,200}"
        r"(?:[^P]{0,4000}Private-Lines: [0-9]{1,3}\s{1,3}[A-Za-z0-9+/=\s]{64,6000})",
        judge="block",
    ),
    Form(
        "jwt",
        r"eyJ[A-Za-z0-9_-]{10,2048}\.eyJ[A-Za-z0-9_-]{10,4096}\.[A-Za-z0-9_-]{16,1024}",
        confidence=MEDIUM,
        shown=("eyJ",),
        floor=3.6,
    ),
    Form("jupyter-token", r"[?&]token=([0-9a-f]{48})(?![0-9a-f])", 1, MEDIUM),
)

NAMED: tuple[Form, ...] = (
    *_named("generic-password", _PASSWORD_NAMES, "password", 6),
    Form(
        "generic-password",
        r"^[ \t]{0,12}(?:[!%]{0,2}[a-z]{3,10} |ENV |ARG |- )?[A-Z0-9_]{0,40}(?:PASSWORD|PASSWD|PWD|PASSPHRASE)="
        r"([^\s\"'`$<>{}()\[\],;|&\\]{8,200})(?![^\s;&|])",
        1,
        MEDIUM,
        re.MULTILINE,
        floor=0.0,
        judge="password",
    ),
    Form(
        "generic-password",
        r"\b(?:curl|wget)\b[^\n]{0,200}? (?:-u|--user)[ =]{0,2}[\"']?[^\s:\"'$]{1,60}:([^\s\"'$\\]{6,100})",
        1,
        MEDIUM,
        judge="password",
        floor=0.0,
    ),
    *_named("generic-token", _TOKEN_NAMES, "token", 12),
    _guess("generic-token", _TOKEN_BINDS + _QUOTED % 16, "token"),
    _guess("generic-token", r"token(?:[=:]| [=:]|  )[ \t=:]{0,8}" + _VALUE % 16, "token"),
    _guess("generic-token", r"bearer [\s\"']{0,4}([A-Za-z0-9_+/=~.-]{16,400})(?![A-Za-z0-9_{<$])", "token"),
)
"""What only its name makes a secret; anything else that claims the same text comes first."""
