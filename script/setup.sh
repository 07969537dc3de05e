# Sourced by script/test, script/demo and .ci/run: installs what is missing, quietly, and puts Node 24 first in PATH.
# shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }

# Debian packages: the servers of tests and the demo are started by us, in folders of our own, so nothing may start by itself.
need_packages() {
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { say "Please install as root: apt-get install ${missing[*]}"; return 1; }
    as_root=(sudo)
  fi
  say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  local quiet_services=
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    quiet_services=1
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee /usr/sbin/policy-rc.d >/dev/null
    "${as_root[@]}" chmod 755 /usr/sbin/policy-rc.d
  fi
  local log status=0
  log=$(mktemp)
  { "${as_root[@]}" apt-get update && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 || status=$?
  [ -n "$quiet_services" ] && "${as_root[@]}" rm -f /usr/sbin/policy-rc.d
  if [ "$status" != 0 ]; then tail -20 "$log" >&2; say "Cannot install packages (the whole log: $log)"; return "$status"; fi
  rm -f "$log"
}

# npm packages, when the lock file is another one than at the last installation.
need_modules() {
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
}
