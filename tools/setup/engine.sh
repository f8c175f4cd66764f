# The Pulumi engine: the one on PATH if it will do, else Pulumi's download, else a build from its Go modules.
# Whichever it is, .cache/engine/bin has the three executables.
# shellcheck shell=bash

ENGINE=3.259.0
ENGINE_WANTED=3.216.0
# The last Node language host that is part of a Go module which can be fetched. It runs today's programs.
LANGUAGE_HOST=3.68.0
# go.mod asks for a newer Go than most machines have; from this one on, Go fetches the one it needs by itself.
GO_WANTED=1.21
EXECUTABLES=(pulumi pulumi-language-nodejs pulumi-resource-pulumi-nodejs)
# What runs programs in the other languages, which the tests alone need.
LANGUAGE_HOSTS=(pulumi-language-yaml pulumi-language-go pulumi-language-python pulumi-language-python-exec)

step_engine() {
  local installed
  installed=$(installed_engine)
  step engine "$CACHE/engine/bin/pulumi" \
    "$(content tools/engine tools/setup/engine.sh)-$(stat -Lc '%n-%s-%Y' "$installed" 2>/dev/null || echo none)" \
    "the Pulumi engine" make_engine "$installed"
}

# installed_engine: the first pulumi on PATH that is not the one this step makes.
installed_engine() {
  type -ap pulumi | grep -Fvx "$CACHE/engine/bin/pulumi" | head -n 1 || true
}

make_engine() {
  mkdir "$SCRATCH/bin"
  link_engine "$1" || download_engine || build_engine
  "$SCRATCH/bin/pulumi" version >/dev/null
  rm -rf "$CACHE/engine"
  mkdir "$CACHE/engine"
  mv "$SCRATCH/bin" "$CACHE/engine/"
}

link_engine() {
  local folder version tool
  [[ -n $1 ]] || return 1
  folder=$(dirname "$1")
  version=$("$1" version 2>/dev/null) || version=v0
  if ! at_least "$ENGINE_WANTED" "$version"; then
    echo "    $1 is $version, and $ENGINE_WANTED or newer is needed"
    return 1
  fi
  for tool in "${EXECUTABLES[@]}"; do
    if [[ ! -x $folder/$tool ]]; then
      echo "    $1 will not do: no $tool beside it"
      return 1
    fi
  done
  echo "    using $1 $version"
  ln -s "${EXECUTABLES[@]/#/$folder/}" "$SCRATCH/bin/"
}

download_engine() {
  local url=https://get.pulumi.com/releases/sdk/pulumi-v$ENGINE-linux-x64.tar.gz
  echo "    downloading pulumi v$ENGINE"
  # A connection that stalls must not hold up a setup that can build the engine instead.
  if ! curl -fsSL --connect-timeout 5 --speed-limit 20000 --speed-time 15 -o "$SCRATCH/engine.tgz" "$url" \
    2>"$LOGS/engine.log"; then
    echo "    no download here: $(tail -n 1 "$LOGS/engine.log")"
    return 1
  fi
  tar -xzf "$SCRATCH/engine.tgz" -C "$SCRATCH" &&
    mv "${EXECUTABLES[@]/#/$SCRATCH/pulumi/}" "${LANGUAGE_HOSTS[@]/#/$SCRATCH/pulumi/}" "$SCRATCH/bin/"
}

build_engine() {
  want_go 'build the engine' 'Go, or the pulumi command'
  echo "    building pulumi v$ENGINE from Go modules (about 4 minutes)"
  go_build cli "$ENGINE" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi
  echo "    building pulumi-language-nodejs v$LANGUAGE_HOST from Go modules (about 30 seconds)"
  go_build nodejs "$LANGUAGE_HOST" github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs
  cp tools/engine/pulumi-resource-pulumi-nodejs "$SCRATCH/bin/"
}

# want_go PURPOSE ADVICE: ends the setup where there is no Go that can build anything of ours.
want_go() {
  local go
  go=$(go env GOVERSION 2>/dev/null) || go=none
  if [[ $go == none ]] || ! at_least "$GO_WANTED" "${go#go}"; then
    fail "Go $GO_WANTED or newer is needed to $1 (found: $go): install $2"
  fi
}

# go_build FOLDER VERSION PACKAGE…: builds PACKAGEs with exactly the modules that tools/engine/FOLDER pins.
# A killed setup takes the minutes-long build with it.
go_build() {
  quietly env CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off GOTOOLCHAIN=auto setpriv --pdeathsig TERM \
    go build -C "tools/engine/$1" -trimpath -buildvcs=false -o "$SCRATCH/bin/" \
    -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v$2" "${@:3}"
}
