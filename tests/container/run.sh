#!/bin/sh
# Holds the container image against what the head of the Dockerfile promises.
#
#   tests/container/run.sh
#
# Where a container runtime answers, the image is built and run. Elsewhere the final stage of the
# Dockerfile is read, and the program that HOLM_BIN names (without it `holm` is built in release mode
# first) runs with the same command line and environment behind forwarded ports.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$root/tests/program.sh"

find_program
if docker info >/dev/null 2>&1; then
    commit=$(git -C "$root" rev-parse HEAD)
    image=holm-test-$$
    docker build --quiet --build-arg "HOLM_COMMIT=$commit" --tag "$image" "$root"
    trap 'docker image rm --force "$image" >/dev/null' EXIT
    python3 "$here/suite.py" "$holm" --image "$image"
else
    echo "# no container runtime: the program runs as the Dockerfile says"
    python3 "$here/suite.py" "$holm"
fi
