"""Tickets in and out of files."""

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ticket:
    id: str
    text: str
    team: str


def read(path: Path) -> list[Ticket]:
    with path.open(newline="", encoding="utf-8") as file:
        return [Ticket(row["id"], row["text"].strip(), row["team"]) for row in csv.DictReader(file)]
