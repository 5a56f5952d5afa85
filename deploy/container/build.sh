#!/bin/sh
# Builds the image for several platforms with docker buildx, named by version; `make image` runs it.
#
#   IMAGE      registry and name (default: obs)
#   EXTRAS     extras of the project, for example aws,otlp or all (default: none); part of the tags
#   PLATFORMS  default: linux/amd64,linux/arm64
#   PUSH=1     push, with a bill of materials and provenance; else one platform is loaded, several
#              are only built
#   DRY=1      print the command, run nothing
set -eu
cd "$(dirname "$0")/../.."
: "${IMAGE:=obs}" "${EXTRAS:=}" "${PLATFORMS:=linux/amd64,linux/arm64}" "${PUSH:=}" "${DRY:=}"

version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' src/obs/__init__.py)
revision=$(git rev-parse HEAD 2>/dev/null || true)
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
created=$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -r "$epoch" +%Y-%m-%dT%H:%M:%SZ)
variant=${EXTRAS:+-$(printf %s "$EXTRAS" | tr , -)}

set -- buildx build --file deploy/container/Dockerfile --platform "$PLATFORMS" \
  --build-arg "EXTRAS=$EXTRAS" --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
  --build-arg "CREATED=$created" --build-arg "SOURCE_DATE_EPOCH=$epoch" \
  --tag "$IMAGE:$version$variant" --tag "$IMAGE:${version%.*}$variant" "$@"
if [ -n "$PUSH" ]; then
  set -- "$@" --push --sbom=true --provenance=mode=max
elif [ "${PLATFORMS#*,}" = "$PLATFORMS" ]; then
  set -- "$@" --load
fi

if [ -n "$DRY" ]; then
  echo "docker $* ."
  exit 0
fi
docker buildx version >/dev/null 2>&1 || {
  echo "docker buildx is not installed; it would run: docker $* ." >&2
  exit 1
}
exec docker "$@" .
