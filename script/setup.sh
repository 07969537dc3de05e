# Sourced by script/test, script/demo and .ci/run: installs what is missing, quietly, and puts Node 24 first in PATH.
# shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }

# Debian packages: the servers of tests and the demo are started by us, in folders of our own, so nothing may start by itself.
need_packages() {
  command -v apt-get >/dev/null || { say 'This needs Debian or a relative of it, with apt-get'; return 1; }
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
      say 'Some Debian packages are missing. Please run as root, and then this again:'
      say "  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
      return 1
    }
    as_root=(sudo)
  fi
  say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  local log status=0
  log=$(mktemp)
  # a subshell, so that its trap takes the policy away again however the installation ends
  (
    trap 'exit 130' INT TERM HUP
    if [ ! -e /usr/sbin/policy-rc.d ]; then
      trap '"${as_root[@]}" rm -f /usr/sbin/policy-rc.d' EXIT
      printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee /usr/sbin/policy-rc.d
      "${as_root[@]}" chmod 755 /usr/sbin/policy-rc.d
    fi
    "${as_root[@]}" apt-get update && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y --no-install-recommends "${missing[@]}"
  ) >"$log" 2>&1 || status=$?
  if [ "$status" != 0 ]; then tail -20 "$log" >&2; say "Cannot install packages (the whole log: $log)"; return "$status"; fi
  rm -f "$log"
}

# What the tests need of Debian
# shellcheck disable=SC2034
test_packages=(
  ca-certificates procps mariadb-server-core mariadb-client php-cli php-fpm php-mysql php-xml php-mbstring php-zip php-pear
  nginx-light unzip libisal2 libarchive-tools busybox p7zip-full python3 wget curl git openssl util-linux
)

# What the browser tests and the screenshots need beside
# shellcheck disable=SC2034
browser_packages=(chromium fonts-dejavu-core)

# npm packages, when the lock file is another one than at the last installation.
need_modules() {
  command -v npm >/dev/null || { say 'Node 20 or newer and npm are needed, see https://nodejs.org'; return 1; }
  local want
  want=$(sha256sum package-lock.json | cut -d' ' -f1)
  if [ "$(cat node_modules/.cairn-lock 2>/dev/null)" != "$want" ]; then
    say "Installing npm packages (about a minute)"
    local log
    log=$(mktemp)
    npm ci --no-audit --no-fund >"$log" 2>&1 || { tail -20 "$log" >&2; say "npm ci failed (the whole log: $log)"; return 1; }
    rm -f "$log"
    printf '%s' "$want" >node_modules/.cairn-lock
  fi
  export PATH="$PWD/node_modules/.bin:$PATH"
  [ "$(node -p 'parseInt(process.versions.node) >= 24')" = true ] || { say "Node 24 did not come with the npm packages, this is $(node --version)"; return 1; }
}

# The dashboard, when it was not built or a source of it is newer. Behind need_modules.
need_dashboard() {
  local page=dist/dashboard/index.html log
  if [ -f "$page" ] && [ -z "$(find src/dashboard src/contract vite.config.ts package-lock.json -newer "$page" -print -quit)" ]; then return 0; fi
  say "Building the dashboard (some seconds)"
  log=$(mktemp)
  npm run -s build:dashboard >"$log" 2>&1 || { tail -20 "$log" >&2; say "The dashboard could not be built (the whole log: $log)"; return 1; }
  rm -f "$log"
}
