# What must be there before any step, each missing thing in one line that says what to install.
# shellcheck shell=bash

NODE_WANTED=20
missing=0

want() {
  printf 'setup: %s\n' "$1" >&2
  missing=1
}

# check_prerequisites STEP…: the Node steps only ask for Node; all others make or run Linux machines.
check_prerequisites() {
  check_node
  case " $* " in
    *' packages '* | *' engine '* | *' languages '* | *' image '* | *' stock '* | *' ansible '*) check_machine ;;
  esac
  [[ $missing -eq 0 ]] || exit 1
}

check_node() {
  local version
  version=$(node -p process.versions.node 2>/dev/null) || version=none
  if [[ $version == none ]] || ! at_least "$NODE_WANTED" "$version"; then
    want "Node $NODE_WANTED or newer is needed (found: $version): install nodejs and npm, and have node on PATH"
  elif ! command -v npm >/dev/null; then
    want 'npm is needed: install the npm that belongs to your Node'
  fi
}

check_machine() {
  if [[ $(uname -sm) != 'Linux x86_64' || ! -e /etc/debian_version ]]; then
    want "Debian or Ubuntu on x86-64 is needed, this is $(uname -sm)"
    return
  fi
  local tool
  for tool in make git flock; do
    command -v "$tool" >/dev/null || want "$tool is needed: apt-get install ${tool/flock/util-linux}"
  done
  if [[ $(id -u) -ne 0 ]] && ! command -v sudo >/dev/null; then
    want 'root is needed for Debian packages and test machines: run as root, or install sudo'
  fi
}
