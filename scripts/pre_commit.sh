#!/bin/sh
# A git hook: refuses a commit with unformatted code or lint errors.
#   ln -s ../../scripts/pre_commit.sh .git/hooks/pre-commit
set -eu
cd "$(git rev-parse --show-toplevel)"
deno=$(command -v deno) || deno=$(ls -d .deno/*/deno | tail -n 1)
"$deno" fmt --quiet --check
"$deno" lint --quiet
