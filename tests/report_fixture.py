"""One report, built by hand, that every format is shown: all levels, places and kinds of hostile text."""

from __future__ import annotations

from msgspec.structs import replace

from mlgate.model import (
    AssetCount,
    CellLocation,
    Clause,
    Confidence,
    Decision,
    Example,
    Finding,
    Level,
    Location,
    Parameter,
    Policy,
    Predicate,
    Report,
    Rule,
    Run,
    Setting,
    Severity,
    Summary,
    Test,
)

NOTEBOOK = "notebooks/ticket_router.ipynb"

TOKEN_RULE = Rule(
    id="secret/huggingface-token",
    title="Hugging Face token",
    severity=Severity.CRITICAL,
    message="Whoever can read this repository can use your token.",
    why="A token in a file stays in git history after it is deleted, and bots find pushed tokens within minutes.",
    fix="Take it out; if it was ever pushed, revoke it as well.",
    any=(Clause("secret", ("huggingface-token",)),),
    references=("CWE-798", "https://huggingface.co/docs/hub/security-tokens"),
    bad=(Example({"": 'login(token="hf_" "…")\n'}),),
    good=(Example({"": 'import os\nlogin(token=os.environ["HF_TOKEN"])\n'}),),
)
REMOTE_CODE_RULE = Rule(
    id="unsafe-load/trust-remote-code",
    title="Runs Python that a model repository brings along",
    severity=Severity.HIGH,
    message="Runs Python from {asset} on your machine, as it is on the day you run it.",
    why="With trust_remote_code=True the library downloads modeling_*.py from the model's repository and imports it.\n"
    "Its owner, or whoever takes over the account, can change that file at any time.",
    fix='Pass revision="<commit>" (pinned code only warns).',
    any=(
        Clause("call", ("transformers.*.from_pretrained",), (Predicate("trust_remote_code", (Test("in", (True,)),)),)),
    ),
    references=(
        "CWE-829",
        "CVE-2024-11393",
        "AML.T0010.003",
        "LLM03:2025",
        "transformers 4.46.3, dynamic_module_utils.py",
    ),
    bad=(
        Example({"": 'from transformers import AutoModel\nAutoModel.from_pretrained("a/b", trust_remote_code=True)\n'}),
        Example({"": "second = True\n"}),
    ),
    good=(Example({"": 'from transformers import AutoModel\nAutoModel.from_pretrained("a/b")\n'}),),
    repair={"safe": False, "operation": "set-argument"},
)
TORCH_RULE = Rule(
    id="unsafe-load/torch-load",
    title="torch.load may run code from the file",
    severity=Severity.HIGH,
    message="{asset} can run any code when it is loaded.",
    why="A PyTorch checkpoint is a pickle: loading it may call any function.",
    fix="Pass weights_only=True.",
    any=(
        Clause("call", ("torch.load",), (Predicate("weights_only", (Test("in", (False,)),)),)),
        Clause(
            "call", ("torch.load",), (Predicate("weights_only", (Test("present", False),)),), (), (("torch", "<2.6"),)
        ),
    ),
    params={
        "assume-torch": Parameter("version", "2.5", "Taken where the project states no version.", "lower"),
        "trusted-paths": Parameter("strings", (), "Folders whose files are your own.", "fewer"),
    },
    references=("CWE-502", "CVE-2025-32434", "https://pytorch.org/docs/stable/generated/torch.load.html"),
    bad=(Example({"": "import torch\ntorch.load(path, weights_only=False)\n"}),),
    good=(Example({"": "import torch\ntorch.load(path, weights_only=True)\n"}),),
    gap=(Example({"": "getattr(torch, name)(path)\n"}),),
    formerly=("unsafe-load/pytorch",),
)
REVISION_RULE = Rule(
    id="unpinned/model-revision",
    title="Model without a commit",
    severity=Severity.MEDIUM,
    message="{asset} may be another model tomorrow.",
    why="A branch moves. What you tested is not what runs next week.",
    fix='Pass revision="<commit>".',
    any=(Clause("call", ("transformers.*.from_pretrained",)),),
    references=("CWE-494", "ML06:2023"),
    bad=(Example({"": 'AutoModel.from_pretrained("a/b")\n'}),),
    good=(Example({"requirements.txt": "transformers==4.46.3\n", "load.py": "``` fence\n"}),),
)
TUNNEL_RULE = replace(
    REVISION_RULE,
    id="exposure/public-tunnel",
    title="Opens a public address for your machine",
    message="Anyone with the address reaches this app while it runs.",
    fix="Drop share=True, or set auth=….",
    references=("CWE-668",),
)
DATA_RULE = replace(REVISION_RULE, id="data/production-path", title="Reads production data", severity=Severity.LOW)

RULES = (TOKEN_RULE, REMOTE_CODE_RULE, TORCH_RULE, REVISION_RULE, TUNNEL_RULE, DATA_RULE)

POLICY = Policy(
    id="acme-ml",
    owner="@acme/ml-security",
    settings={"*": Setting(level=Level.RECORD), "secret/*": Setting(level=Level.BLOCK)},
    help="#ask-ml-security",
    extends="none",
    source="policies/org.yaml",
    digest="sha256:4be1c02" + "0" * 57,
)

HOSTILE = "x\x1b[2K\r\n0 block\u202eevil\u2066\x9b31m\u200b\ud800##[add-path]/tmp/\u0301\u0301\u0301\u0301\u0301\u0301"
"""Erases its line, forges a summary, turns the reading direction, hides, and talks to the build service."""

WIDE = "分類モデルを学習して評価する👩\u200d💻 ⚠\ufe0f Zaki\u0301 ع"


def cell(
    index: int, line: int, column: int = 1, heading: str | None = None, kind: str = "code", output: int | None = None
) -> CellLocation:
    mime = None if output is None else "text/plain"
    return CellLocation(index, f"id-{index}", kind, line, column, line, column + 20, heading, index * 2, output, mime)


def location(path: str, line: int, place: CellLocation | None = None, column: int = 9) -> Location:
    return Location(path, line, column, line, column + 20, place)


def decision(
    rule: Rule,
    place: Location,
    level: Level = Level.WARN,
    *,
    subject: str = "from_pretrained",
    asset: str | None = None,
    line_text: str = "",
    confidence: Confidence = Confidence.HIGH,
    reason: str = "",
    status: str = "new",
    message: str | None = None,
) -> Decision:
    """Fingerprint and digest of the thing are made up from the place, so that each is different."""
    number = (hash_of(place.path) * 1000 + place.line) % 16**16
    said = rule.message.replace("{asset}", asset or "This") if message is None else message
    finding = Finding(
        rule.id, rule.severity, confidence, reason, place, subject, subject, f"1:{number:016x}", f"{number:08x}"[-8:],
        asset, "remote" if asset else None, said, rule.fix, line_text,
    )  # fmt: skip
    return Decision(
        finding, level, status, ("acme-ml",), (f"acme-ml: level={level.name.lower()} (policies/org.yaml:9)",)
    )


def hash_of(text: str) -> int:
    """The same on every run, unlike `hash`."""
    return int.from_bytes(text.encode("utf-8", "surrogatepass")[-6:], "big")


SAMPLE = (
    decision(
        TOKEN_RULE,
        location(NOTEBOOK, 41, cell(3, 4, heading="Setup")),
        Level.BLOCK,
        subject="huggingface-token",
        line_text='login(token="hf_***")',
    ),
    decision(
        REMOTE_CODE_RULE,
        location(NOTEBOOK, 120, cell(9, 2, heading="Embed tickets")),
        Level.BLOCK,
        asset="nomic-ai/nomic-embed-text-v1.5",
        line_text='SentenceTransformer("nomic-ai/nomic-embed-text-v1.5", trust_remote_code=True)',
        message="Runs Python from nomic-ai on your machine, as it is on the day you run it.",
    ),
    *(
        replace(
            decision(
                REVISION_RULE, location(NOTEBOOK, line, cell(index, 1)), asset="mistralai/Mistral-7B-Instruct-v0.3"
            ),
            dates=(("block", "2027-01-12"),),
        )
        for line, index in ((150, 12), (171, 14), (190, 17))
    ),
    decision(TUNNEL_RULE, location(NOTEBOOK, 230, cell(21, 5, heading="Demo")), subject="share=True"),
)
"""What stands as an example in the design."""

RUN = Run(
    "acme/ranker",
    "9f2c" + "0" * 36,
    "refs/heads/main",
    "77aa" + "1" * 36,
    "Judged: what the commit adds to HEAD (77aa111).",
    "2026-11-23",
)


def report(decisions: tuple[Decision, ...] = SAMPLE, **changes: object) -> Report:
    made = Report(
        run=RUN,
        policies=(POLICY,),
        rules={rule.id: rule for rule in RULES},
        decisions=decisions,
        assets=(
            AssetCount("model", "huggingface", "mistralai/Mistral-7B-Instruct-v0.3", 3, 0),
            AssetCount("dataset", "huggingface", "acme/tickets", 2, 2),
        ),
        summary=Summary(2, 31, 0),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


EVERYTHING = (
    *SAMPLE,
    decision(
        TORCH_RULE,
        location("src/models/load.py", 12),
        Level.BLOCK,
        subject="torch.load",
        line_text="\tmodel = torch.load(path, map_location=device, weights_only=False)  # " + "old " * 30,
        reason="torch 2.4.1 in requirements.txt",
    ),
    *(
        decision(
            TORCH_RULE,
            location("src/models/load.py", line),
            Level.BLOCK,
            subject="torch.load",
            asset="https://example.org/m.pt",
        )
        for line in (40, 44)
    ),
    decision(
        TORCH_RULE,
        location("src/models/load.py", 60, column=200),
        Level.BLOCK,
        subject="torch.load",
        line_text="x = [" + "1, " * 64 + "1]; " + "torch.load(found)",
    ),
    decision(
        TUNNEL_RULE, location("src/app.py", 3), subject="demo.launch(share=True)" * 5, confidence=Confidence.MEDIUM
    ),
    decision(DATA_RULE, location("src/app.py", 9), Level.RECORD, subject="s3://prod/x", confidence=Confidence.LOW),
    decision(DATA_RULE, location("src/app.py", 10), Level.RECORD, subject="s3://prod/y", status="existing"),
    decision(
        TOKEN_RULE,
        location("données/分析 #1 %.ipynb", 7, cell(2, 1, heading=WIDE, kind="output", output=1)),
        Level.BLOCK,
        subject="huggingface-token",
        line_text="ログイン(token='hf_***')" * 8,
    ),
    decision(
        REMOTE_CODE_RULE,
        location(f"nb/{HOSTILE}.ipynb", 5, cell(1, 1, heading=HOSTILE)),
        Level.BLOCK,
        subject=HOSTILE,
        asset=HOSTILE,
        line_text=f"::error file=x::{HOSTILE}",
        message=f"{HOSTILE} {HOSTILE} ::stop-commands::x",
    ),
    decision(REVISION_RULE, location(f"nb/{HOSTILE}.ipynb", 9, cell(2, 1, heading=HOSTILE)), asset=HOSTILE),
    decision(REVISION_RULE, location("deep/" * 30 + "last.py", 9), asset="org/" + "name" * 40),
)
