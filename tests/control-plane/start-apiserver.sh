#!/usr/bin/env bash
# Starts the API server under DIR again, on the same port and data, and returns
# when it is ready.
# usage: start-apiserver.sh DIR
set -uo pipefail
[ $# -ge 1 ] || { sed -n 2,4p "$0" | cut -c3- >&2; exit 2; }
dir=$(cd "$1" && pwd) || exit 1
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
launch kube-apiserver
await_apiserver 60
