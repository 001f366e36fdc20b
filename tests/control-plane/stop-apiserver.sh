#!/usr/bin/env bash
# Stops the API server of the control plane under DIR; its data stays. With
# --kill at once, as in a crash, else politely (which takes up to 10 s).
# usage: stop-apiserver.sh DIR [--kill]
set -uo pipefail
[ $# -ge 1 ] || { sed -n 2,4p "$0" | cut -c3- >&2; exit 2; }
dir=$(cd "$1" && pwd) || exit 1
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
if [ "${2:-}" = --kill ]; then
    halt kube-apiserver KILL 5
else
    halt kube-apiserver TERM 15
fi
