# The other languages: what runs their programs, the SDKs made of our schema, and a Python that has ours.
# shellcheck shell=bash

YAML_HOST=1.38.1
# The last version at which the Go and Python language hosts are parts of a Go module that can be fetched. They run
# programs with today's SDKs, but do not hear the options of a runtime in Pulumi.yaml.
OTHER_HOSTS=3.62.0
PYTHON_PACKAGES=(pulumi==3.259.0 mypy==2.4.1 setuptools==80.9.0)

step_languages() {
  step languages "$CACHE/languages/bin/sdks" \
    "$(content tools/engine tools/setup/languages.sh)-$(stat -Lc '%n-%s-%Y' "$(engine_folder)/pulumi")" \
    "what runs programs in YAML, Go and Python, and makes SDKs" make_languages
}

# engine_folder: where the engine was found, with its language hosts beside it if it came with them.
engine_folder() {
  local pulumi=$CACHE/engine/bin/pulumi
  dirname "$(readlink "$pulumi" || echo "$pulumi")"
}

make_languages() {
  want_go 'make the SDKs' Go
  mkdir "$SCRATCH/bin"
  echo "    building what makes SDKs of the schema"
  go_build cli "$ENGINE" ./sdks
  link_hosts || build_hosts
  rm -rf "$CACHE/languages"
  mkdir "$CACHE/languages"
  mv "$SCRATCH/bin" "$CACHE/languages/"
}

link_hosts() {
  local folder host
  folder=$(engine_folder)
  for host in "${LANGUAGE_HOSTS[@]}"; do
    [[ -x $folder/$host ]] || return 1
  done
  ln -s "${LANGUAGE_HOSTS[@]/#/$folder/}" "$SCRATCH/bin/"
}

build_hosts() {
  local sdk=github.com/pulumi/pulumi/sdk/v3 script
  echo "    building the language hosts of YAML v$YAML_HOST, Go and Python v$OTHER_HOSTS from Go modules"
  go_build cli "$YAML_HOST" github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml
  go_build languages "$OTHER_HOSTS" $sdk/go/pulumi-language-go $sdk/python/cmd/pulumi-language-python
  script=$(go list -C tools/engine/languages -f '{{.Dir}}' -m $sdk)/python/cmd/pulumi-language-python-exec
  install -m 755 "$script" "$SCRATCH/bin/"
}

step_sdks() {
  step sdks "$CACHE/sdks" "$(content provider/plugin/schema.json "$CACHE/languages/bin/sdks")" \
    "the Python and Go SDKs, made of provider/plugin/schema.json" make_sdks
}

make_sdks() {
  "$CACHE/languages/bin/sdks" provider/plugin/schema.json "$SCRATCH/sdks"
  rm -rf "$CACHE/sdks"
  mv "$SCRATCH/sdks" "$CACHE/"
}

step_python() {
  step python "$CACHE/python/bin/python3" \
    "${PYTHON_PACKAGES[*]}-$(/usr/bin/python3 --version)-$(content "$CACHE/sdks/python")" \
    "a Python with ${PYTHON_PACKAGES[*]} and our SDK" make_python
}

# make_python: at its place from the start, since the programs of a venv know where they are.
make_python() {
  local pip=("$CACHE/python/bin/pip" --disable-pip-version-check install)
  rm -rf "$CACHE/python"
  quietly /usr/bin/python3 -m venv "$CACHE/python"
  quietly "${pip[@]}" "${PYTHON_PACKAGES[@]}"
  cp -r "$CACHE/sdks/python" "$SCRATCH/sdk"
  quietly "${pip[@]}" --no-build-isolation "$SCRATCH/sdk"
}
