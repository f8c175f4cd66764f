# QEMU and the disk images of the lab's machines with Debian's own kernel. The tests need them, the demo does not.
# shellcheck shell=bash

step_stock() {
  local wanted missing
  mapfile -t wanted < <(grep -Ev '^[[:space:]]*(#|$)' lab/stock-packages.txt)
  mapfile -t missing < <(not_installed "${wanted[@]}")
  [[ ${#missing[@]} -eq 0 ]] ||
    run_step stock-packages "installing ${missing[*]}" install_packages "${missing[@]}"
  step stock "$CACHE/lab" "$(content lab)" "the disk images of the lab's machines with Debian's own kernel" \
    tools/as-root.sh node_modules/.bin/tsx lab/cli.ts image stock stock-trixie
}
