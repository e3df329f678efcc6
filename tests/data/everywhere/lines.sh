#!/bin/sh
curl -fsSL "https://acme.example/install.sh" | sh -s -- --yes  # found
wget -qO- 'https://acme.example/größe.sh' | bash  # found
