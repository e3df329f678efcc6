"""What configuration of well-known programs holds: the rule, the place and how sure it is, and nothing else."""

from __future__ import annotations

from functools import cache

import pytest

from mlgate.cache import Cache
from mlgate.discover import source
from mlgate.examine import Examiner
from mlgate.law import Law, derive, reexports
from mlgate.policy import load_bundle
from mlgate.project import Repository
from mlgate.trees import Memory

COMMIT = "0b6d5799bb726b24ad7fc7be720c170d8e497f56"
DIGEST = "@sha256:" + "0123456789abcdef" * 4

MODEL, DATASET, SERVED = "unpinned/model-revision", "unpinned/dataset-revision", "unpinned/served-model"
DATA, REMOTE_CODE = "data/production-path", "unsafe-load/trust-remote-code"

Found = tuple[int, int, str, str]
"""Line, column, rule, confidence."""


@cache
def law() -> Law:
    return derive(load_bundle(), (), None)


def found(path: str, text: str) -> list[Found]:
    files = {path: text.encode()}
    examiner = Examiner(law(), Repository(Memory(files)), reexports(law(), files.get), Cache(None), 0)
    findings = examiner.examine(source(path, files[path], "test")).findings
    return [
        (one.location.line, one.location.column, one.rule, one.confidence.name.lower())
        for one in sorted(findings, key=lambda one: (one.location.line, one.location.column, one.rule))
    ]


AXOLOTL = """\
base_model: acme/chat  # newest
model_type: LlamaForCausalLM
hub_model_id: acme/mine
datasets:
  - path: acme/tickets
    type: alpaca
  - path: data/train.jsonl
  - path: json
    data_files: x.json
test_datasets:
  - revision: main
    path: "acme/eval"
dataset_prepared_path: last_run_prepared
output_dir: ./outputs/lora-out
"""

LLAMA_FACTORY = """\
### model
model_name_or_path: acme/chat
adapter_name_or_path: saves/chat/lora/sft
trust_remote_code: true
### dataset
dataset: identity,alpaca_en_demo
output_dir: saves/chat/lora/sft
"""

TRL = f"""\
model_name_or_path: acme/chat
model_revision: main
tokenizer_name_or_path: acme/tokens
dataset_name: acme/tickets
dataset_revision: {COMMIT}
"""

HYDRA = f"""\
model:
  _target_: transformers.AutoModel.from_pretrained
  pretrained_model_name_or_path: bert-base-uncased
backbone: {{name: acme/resnet, revision: v1.0}}
head: {{name: acme/head, revision: {COMMIT}}}
tokenizer: ${{model.pretrained_model_name_or_path}}
data:
  _target_: datasets.load_dataset
  path: squad
"""

ACCELERATE = """\
compute_environment: LOCAL_MACHINE
distributed_type: MULTI_GPU
main_training_function: main
num_processes: 8
"""

TORCHTUNE = """\
checkpointer: {checkpoint_dir: /tmp/Llama/, output_dir: /tmp/out}
dataset:
  _component_: torchtune.datasets.alpaca_dataset
  source: acme/alpaca
"""

HELM = """\
servingEngineSpec:
  modelSpec:
    - modelURL: acme/chat
      env:
        - name: HF_MODEL_ID
          value: acme/chat
storage: {bucket: "s3://acme-prod/models"}
"""

KSERVE = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
spec:
  predictor:
    model:
      modelFormat: {name: huggingface}
      args:
        - --model_name=chat
        - --model_id=acme/chat
      storageUri: hf://acme/chat
"""

SAGEMAKER = '{"PrimaryContainer": {\n  "Environment": {"HF_MODEL_ID": "acme/chat", "SM_NUM_GPUS": "1"}}}\n'

COMPOSE = f"""\
services:
  one:
    image: vllm/vllm-openai{DIGEST}
    command: --model acme/chat --port 8000
  two:
    image: vllm/vllm-openai{DIGEST}
    command: ["--model", "acme/chat", "--revision", "{COMMIT}"]
  three:
    image: acme/serve{DIGEST}
    environment:
      - MODEL_ID=acme/chat
      - LAKE=s3://acme-prod/lake
  four:
    image: acme/serve{DIGEST}
    env_file: .env
    environment: {{HF_MODEL_ID: acme/chat}}
"""

DOCKERFILE = f"""\
FROM acme/serve{DIGEST}
ENV HF_MODEL_ID=acme/chat
ENV LAKE=s3://acme-prod/lake MODEL_ID=acme/two \\
    MODEL_REVISION={COMMIT}
"""

CASES: list[tuple[str, str, list[Found]]] = [
    (
        "axolotl.yaml",
        AXOLOTL,
        [(1, 13, MODEL, "low"), (5, 11, DATASET, "low"), (12, 11, DATASET, "medium")],
    ),
    ("llama3_lora_sft.yaml", LLAMA_FACTORY, [(2, 21, MODEL, "low"), (4, 20, REMOTE_CODE, "high")]),
    ("dataset_info.json", '{"rows": {\n  "hf_hub_url": "acme/rows"}}', [(2, 17, DATASET, "low")]),
    ("trl.yaml", TRL, [(1, 21, MODEL, "medium"), (3, 25, MODEL, "low")]),
    ("conf/config.yaml", HYDRA, [(3, 34, MODEL, "low"), (4, 18, MODEL, "medium"), (9, 9, DATASET, "low")]),
    ("accelerate.yaml", ACCELERATE, []),
    ("torchtune.yaml", TORCHTUNE, [(4, 11, DATASET, "low")]),
    ("chart/values.yaml", HELM, [(3, 17, MODEL, "low"), (6, 18, SERVED, "medium"), (7, 19, DATA, "medium")]),
    ("isvc.yaml", KSERVE, [(8, 11, MODEL, "high"), (10, 19, MODEL, "low")]),
    ("create_model.json", SAGEMAKER, [(2, 34, SERVED, "medium")]),
    (
        "compose.yaml",
        COMPOSE,
        [
            (4, 14, MODEL, "high"),
            (11, 9, SERVED, "medium"),
            (12, 9, DATA, "medium"),
            (16, 32, SERVED, "low"),
        ],
    ),
    ("Dockerfile", DOCKERFILE, [(2, 5, SERVED, "medium"), (3, 5, DATA, "medium")]),
    (".env", "# served\nHF_MODEL_ID=acme/chat\nexport MODEL_NAME=openai/gpt-4o\n", [(2, 1, SERVED, "medium")]),
    (
        "train.ini",
        "base_model = acme/chat\n[rows]\ndataset_name = acme/rows\nrevision = v1\npath = s3://acme-prod/rows\n",
        [(1, 14, MODEL, "low"), (3, 16, DATASET, "medium"), (5, 8, DATA, "medium")],
    ),
    (
        "train.toml",
        f'[vae]\nmodel_id = "acme/vae"\n[unet]\nmodel_id = "acme/unet"\nrevision = "{COMMIT}"\n'
        '[data]\nfiles = ["s3://acme-prod/a", "local.csv"]\n',
        [(2, 12, MODEL, "low"), (7, 10, DATA, "medium")],
    ),
]


@pytest.mark.parametrize(("path", "text", "expected"), CASES, ids=[path for path, _, _ in CASES])
def test_every_model_dataset_and_store_is_found_where_it_is_named(path: str, text: str, expected: list[Found]) -> None:
    assert found(path, text) == expected


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("package-lock.json", '{"packages": {"a": {"resolved": "https://registry.npmjs.org/a/-/a-1.0.tgz"}}}'),
        ("package.json", '{"name": "@acme/models", "repository": "acme/models", "model": "acme/x"}'),
        ("mkdocs.yml", "repo_name: acme/models\nrepo_url: https://github.com/acme/models\n"),
        ("openapi.json", '{"servers": [{"url": "https://prod.acme.example"}], "paths": {"/a": {"model": "a/b"}}}'),
        (
            ".github/ISSUE_TEMPLATE/bug.yml",
            "body:\n  - attributes:\n      placeholder: acme/model\n      label: Model\n",
        ),
        ("locales/en.json", '{"model_name": "Name of the model", "dataset": "Rows / columns", "path": "a/b"}'),
        ("model/config.json", '{"_name_or_path": "acme/base", "architectures": ["A"], "model_name": "acme/base"}'),
        ("job.json", '{"Code": {"Location": "https://prod-tasks.s3.us-east-1.amazonaws.com/x?versionId=1"}}'),
    ],
)
def test_files_of_other_programs_are_silent(path: str, text: str) -> None:
    assert found(path, text) == []


def test_the_finding_is_new_when_model_or_revision_is_another_and_old_when_the_rest_is() -> None:
    def fingerprint(text: str) -> str:
        files = {"a.yaml": text.encode()}
        examiner = Examiner(law(), Repository(Memory(files)), reexports(law(), files.get), Cache(None), 0)
        (one,) = examiner.examine(source("a.yaml", files["a.yaml"], "test")).findings
        return one.fingerprint

    base = fingerprint("base_model: acme/a\nrevision: main\nlr: 1\n")
    assert fingerprint("# more\nlr: 2\nrevision: main\nbase_model: 'acme/a'\n") == base
    assert fingerprint("base_model: acme/b\nrevision: main\n") != base
    assert fingerprint("base_model: acme/a\nrevision: dev\n") != base
