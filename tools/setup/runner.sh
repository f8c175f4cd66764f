# The step runner: what a step did is remembered by the content that went into it, never by the time it was done.
# shellcheck shell=bash

CACHE=$PWD/.cache
STAMPS=$CACHE/setup
LOGS=$CACHE/log
# Steps make things here and rename them into place: an interrupted step leaves nothing that looks whole.
SCRATCH=$CACHE/scratch

current=
mkdir -p "$STAMPS" "$LOGS"
trap 'say_how_it_ended $?' EXIT
trap 'exit 130' INT

say_how_it_ended() {
  if [[ -n $current && $1 -ge 128 ]]; then
    printf 'setup: stopped in step %s; start it again to go on\n' "$current" >&2
  elif [[ -n $current && $1 -ne 0 ]]; then
    printf 'setup: step %s failed\n' "$current" >&2
  fi
}

# fail TEXT: ends the setup with the one line that says what is missing.
fail() {
  printf 'setup: %s\n' "$1" >&2
  current=
  exit 1
}

# one_at_a_time: holds a lock until this shell and everything it started have ended. Children keep the lock's
# descriptor on purpose: what outlives a killed setup must end before the next setup touches the same files.
one_at_a_time() {
  exec 9>"$CACHE/setup.lock"
  if ! flock -n 9; then
    echo '==> setup: waiting for another setup of this clone to end'
    flock 9
  fi
}

# content PATH…: one hash over the names and contents of all files in PATHs.
content() {
  find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1
}

# step NAME RESULT KEY TEXT COMMAND…: runs COMMAND unless it ran before with this KEY and its RESULT is still there.
step() {
  local name=$1 result=$2 key=$3 stamp=$STAMPS/$1
  if [[ -e $result && -f $stamp && $(<"$stamp") == "$key" ]]; then
    return
  fi
  rm -f "$stamp"
  run_step "$name" "${@:4}"
  printf '%s\n' "$key" >"$stamp.new"
  mv "$stamp.new" "$stamp"
}

# run_step NAME TEXT COMMAND…: runs COMMAND with an empty scratch folder, between what it does and how long it took.
run_step() {
  local since=$SECONDS
  current=$1
  printf '==> %s: %s\n' "$1" "$2"
  rm -rf "$SCRATCH"
  mkdir -p "$SCRATCH"
  "${@:3}"
  rm -rf "$SCRATCH"
  printf '    %s: done in %s\n' "$1" "$(duration $((SECONDS - since)))"
  current=
}

duration() {
  if [[ $1 -lt 60 ]]; then echo "$1 s"; else echo "$(($1 / 60)) min $(($1 % 60)) s"; fi
}

# quietly COMMAND…: keeps COMMAND's output in the step's log, and shows the end of it only when COMMAND fails.
quietly() {
  local log=$LOGS/$current.log
  if ! "$@" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    printf 'setup: all of this output is in %s\n' "${log#"$PWD"/}" >&2
    return 1
  fi
}

# at_least WANTED VERSION: succeeds if VERSION (a leading v is allowed) is WANTED or newer.
at_least() {
  [[ $(printf '%s\n' "$1" "${2#v}" | sort -V | head -n 1) == "$1" ]]
}
