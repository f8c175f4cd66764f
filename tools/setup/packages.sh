# Debian packages. Which are missing is asked anew each time, so this step needs no key.
# shellcheck shell=bash

step_packages() {
  local wanted missing
  # curl and the certificates are for the engine's download; the rest is what the lab and the tests say they need.
  mapfile -t wanted < <(
    printf '%s\n' curl ca-certificates && cat lab/packages.txt tests/packages.txt | grep -Ev '^[[:space:]]*(#|$)'
  )
  mapfile -t missing < <(not_installed "${wanted[@]}")
  [[ ${#missing[@]} -eq 0 ]] ||
    run_step packages "installing ${missing[*]}" install_packages "${missing[@]}"
}

not_installed() {
  comm -23 <(printf '%s\n' "$@" | sort -u) \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' | sort -u)
}

install_packages() {
  local apt=(tools/as-root.sh env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
  quietly "${apt[@]}" update
  quietly "${apt[@]}" install -y --no-install-recommends "$@"
}
