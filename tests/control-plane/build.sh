#!/usr/bin/env bash
# Builds etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubectl
# and kwok from the Go modules that go.mod pins, and fill/ beside them, into
# ./bin (or into $CONSTABLE_CONTROL_PLANE_BIN). Needs Go and a module proxy. Cold it takes ten
# CPU minutes; when nothing changed it returns at once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
bin=${CONSTABLE_CONTROL_PLANE_BIN:-$PWD/bin}
mkdir -p "$bin"

declare -A packages=(
    [etcd]=go.etcd.io/etcd/server/v3
    [kube-apiserver]=k8s.io/kubernetes/cmd/kube-apiserver
    [kube-controller-manager]=k8s.io/kubernetes/cmd/kube-controller-manager
    [kube-scheduler]=k8s.io/kubernetes/cmd/kube-scheduler
    [kubectl]=k8s.io/kubernetes/cmd/kubectl
    [kwok]=sigs.k8s.io/kwok/cmd/kwok
    [fill]=./fill
)
# The order in which they are needed; kube-apiserver is by far the longest.
order=(etcd kube-apiserver kube-controller-manager kube-scheduler kubectl kwok fill)

stamp=$(cat go.mod go.sum build.sh fill/*.go | sha256sum | cut -d' ' -f1)
missing=0
for name in "${order[@]}"; do
    [ -x "$bin/$name" ] || missing=1
done
if [ "$missing" = 0 ] && [ "$(cat "$bin/.stamp" 2>/dev/null)" = "$stamp" ]; then
    echo "control plane: up to date in $bin"
    exit 0
fi
command -v go >/dev/null || {
    echo "control plane: no Go toolchain found; install Go (see go.mod for the version) or set CONSTABLE_CONTROL_PLANE_BIN to a folder with the binaries" >&2
    exit 1
}

# Without a version stamp a client cannot parse what /version says.
version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
major=${version#v}; minor=${major#*.}; major=${major%%.*}; minor=${minor%%.*}
flags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $package.gitVersion=$version -X $package.gitMajor=$major -X $package.gitMinor=$minor"
    flags+=" -X $package.gitTreeState=clean"
done
kwok=$(go list -m -f '{{.Version}}' sigs.k8s.io/kwok)
flags+=" -X sigs.k8s.io/kwok/pkg/consts.Version=$kwok"

export CGO_ENABLED=0 GOFLAGS="-mod=readonly -trimpath -buildvcs=false"
go mod download
for name in "${order[@]}"; do
    began=$SECONDS
    # A fresh name and a rename, so that a running binary is never written to.
    go build -ldflags "$flags" -o "$bin/.$name.new" "${packages[$name]}"
    mv "$bin/.$name.new" "$bin/$name"
    echo "control plane: $name built in $((SECONDS - began)) s"
done
# kwok has no stage built in: its general and fast ones are files of its module.
rm -rf "$bin/stages"
mkdir -p "$bin/stages"
stages=$(go list -m -f '{{.Dir}}' sigs.k8s.io/kwok)/kustomize/stage
cp -r "$stages/node" "$stages/pod" "$bin/stages/"
chmod -R u+w "$bin/stages"
echo "$stamp" > "$bin/.stamp"
