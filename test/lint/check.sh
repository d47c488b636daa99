#!/usr/bin/env bash
# The reference page says what the functions' comments say.
exec bash "$(dirname "$0")/reference.sh" --check
