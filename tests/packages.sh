#!/bin/sh
# Installs the named Debian packages that are missing; elsewhere says what the tests would use.
set -eu
command -v dpkg-query >/dev/null 2>&1 || {
  echo "not a Debian system: tests that need one of ($*) are skipped where it is missing" >&2
  exit 0
}
missing=""
for package in "$@"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
root=""
[ "$(id -u)" -eq 0 ] || root="sudo"
echo "installing system packages:$missing"
$root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
