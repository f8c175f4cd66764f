# The disk image of the lab's machines. Its command keeps its own key; the one here only saves starting it as root.
# shellcheck shell=bash

step_image() {
  step image "$CACHE/lab" "$(content lab)-$(dpkg-query -W -f '${Version}' user-mode-linux)" \
    "the disk image of the lab's machines" tools/as-root.sh node_modules/.bin/tsx lab/cli.ts image
}
