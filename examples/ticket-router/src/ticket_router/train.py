"""Fine-tunes the classifier."""

import sys
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments

from ticket_router.data import read

MODEL = "distilbert/distilbert-base-uncased"
REVISION = "12040accade4e8a0f71eabdb258fecc2e7e948be"


def main(path: str) -> None:
    tickets = read(Path(path))
    teams = sorted({ticket.team for ticket in tickets})
    tokenizer = AutoTokenizer.from_pretrained(MODEL, revision=REVISION)
    model = AutoModelForSequenceClassification.from_pretrained(MODEL, revision=REVISION, num_labels=len(teams))
    rows = [
        {**tokenizer(ticket.text, truncation=True), "labels": teams.index(ticket.team)}
        for ticket in tickets
    ]
    trainer = Trainer(model, TrainingArguments("models/router"), train_dataset=rows, processing_class=tokenizer)
    trainer.train()
    torch.save(model.state_dict(), "models/router.pt")


if __name__ == "__main__":
    main(sys.argv[1])
