#!/usr/bin/env bash
# clean.sh [--everything]: stops all machines of this clone; with --everything also removes what setup made.
set -eu
cd "$(dirname "$0")/.."

if [[ ${1-} == --everything ]]; then
  # What a killed run as root left behind is not the caller's to remove.
  rm -rf --one-file-system .cache node_modules dist 2>/dev/null ||
    tools/as-root.sh rm -rf --one-file-system .cache node_modules dist
elif [[ -d .cache/labs ]]; then
  # Without node_modules nothing could stop the machines that still run.
  tools/setup.sh dependencies
  status=0
  PATH=$PWD/.cache/engine/bin:$PATH tools/as-root.sh node_modules/.bin/tsx examples/demo.ts stop || status=1
  tools/as-root.sh node_modules/.bin/tsx lab/cli.ts clean || status=1
  exit "$status"
else
  echo 'nothing was started'
fi
