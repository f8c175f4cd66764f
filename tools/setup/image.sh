# The disk image of the lab's machines. Its command keeps its own key; the one here only saves starting it.
# shellcheck shell=bash

step_image() {
  step image "$CACHE/lab" "$(content lab)" "the disk image of the lab's machines" \
    tools/as-root.sh node_modules/.bin/tsx lab/cli.ts image
}
