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
# Tests start the servers that they need: no package may start its own, now or at the next boot.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap '$root rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | $root tee "$policy" >/dev/null
  $root chmod 755 "$policy"
fi
$root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
for package in $missing; do
  $root systemctl --quiet disable "$package" >/dev/null 2>&1 || true
done
