"""The page on which tickets are routed."""

import os

import gradio as gr
import torch
from huggingface_hub import hf_hub_download

ROUTER = os.environ.get("ROUTER", "acme/ticket-router")


def load():
    weights = hf_hub_download("acme/ticket-router", "router.pt")
    return torch.load(weights)


def route(text: str) -> str:
    return MODEL.predict(text)


if __name__ == "__main__":
    MODEL = load()
    gr.Interface(route, "text", "text").launch(server_name="127.0.0.1")
