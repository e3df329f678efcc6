#!/bin/sh
set -e
mkdir -p data models
wget -O models/baseline.pkl https://models.acme.example/router/baseline.pkl
curl -fsSL -o data/tickets.csv https://data.acme.example/tickets/2026.csv
echo "3f2a1c5d9c0b8c7c8c8a5ed1a47c2a17a7b2f3f4d1f6f0c5f1d5c1f8a9b0c1d2  data/tickets.csv" | sha256sum --check
