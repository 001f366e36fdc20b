#!/usr/bin/env bash
# Stops what up.sh started under DIR, by its pid files and nothing else. The
# data stays; remove DIR to forget it.
# usage: down.sh DIR
set -uo pipefail
[ $# -ge 1 ] || { sed -n 2,4p "$0" | cut -c3- >&2; exit 2; }
[ -d "$1" ] || exit 0
dir=$(cd "$1" && pwd) || exit 1
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
for name in kwok kube-scheduler kube-controller-manager kube-apiserver; do
    # No need for good manners: what matters is in etcd.
    halt "$name" KILL 5
done
# The kernel has what etcd wrote: killing it loses nothing.
halt etcd KILL 5
