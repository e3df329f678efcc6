"""Code that Python's own printers and parsers show differently from version to version."""

import pickle
from transformers import AutoModel

ORG = "acme"
NAME = f"{ORG}/{'base' + '-v2'!s:>10}"

a = pickle.load(open(f"{ORG}/{'x'}.pkl", 'rb'))  # found
b = pickle.loads(b"\x80" b'abc' rb"\n")  # found
c = pickle.loads((data := fetch(1_000, 0x10, 1e3, 1j)))  # found
d = [pickle.load(file) for file in files if file and not file.closed]  # found
e = (lambda file, /, *rest, encoding="utf-8": pickle.load(file, encoding=encoding))(f)  # found
with open("a") as one, open("b") as two:
    g = pickle.load(one) or pickle.load(two)  # found
h = AutoModel.from_pretrained(f"{ORG}/m", revision="main", **{"device_map": "auto"})  # found
i = AutoModel.from_pretrained(NAME)  # found
j = AutoModel.from_pretrained("größe/模型", torch_dtype=None)  # found
k = AutoModel.from_pretrained(  # found
    "acme/"
    "split",
    revision=(
        "v1"
    ),
)


async def load(paths, *, size: int = 3 ** 2, name: "str" = ...):
    async for path in paths:
        yield pickle.load(await path.open("rb"))  # found
    rows = pickle.loads(paths[1:-1:2, ...] @ ~size // 3)  # found
    return_value = {**pickle.loads(name), "x": {1, 2}, 'y': [*rows]}  # found
    print(f"{pickle.loads(name)!r:{size}}", return_value)  # found


match command:
    case {"load": path, **rest} if path:
        pickle.load(path)  # found
    case [first, *others] | (first, others):
        pickle.load(first)  # found
