#!/usr/bin/env bash
# setup.sh [STEP…]: brings this clone to where the demo and the tests can run; with STEPs it does these alone.
# A step that was done before with the same inputs is passed over; setup/runner.sh has the rules.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/setup/runner.sh
. tools/setup/prerequisites.sh
. tools/setup/packages.sh
. tools/setup/node.sh
. tools/setup/engine.sh
. tools/setup/languages.sh
. tools/setup/image.sh
. tools/setup/stock.sh
. tools/setup/ansible.sh

[[ $# -gt 0 ]] || set -- packages dependencies build node22 engine languages sdks python image stock

check_prerequisites "$@"
one_at_a_time
for name in "$@"; do
  "step_$name"
done
