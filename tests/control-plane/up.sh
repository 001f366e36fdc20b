#!/usr/bin/env bash
# Starts a control plane under DIR, on free ports of 127.0.0.1: etcd,
# kube-apiserver, kube-controller-manager, kube-scheduler, and kwok for the
# nodes. Several can run side by side, each in its own DIR. When it returns, the
# API server is ready and DIR/kubeconfig leads to it.
#
# usage: up.sh DIR [options]
#   --nodes POOL=N,...   fake nodes, labelled and tainted as the demo's: pools
#                        controllers, patricians, and any other as a pool of job
#                        nodes (default controllers=3,patricians=4,runner-large=5,runner-small=3)
#   --nodes-file FILE    the nodes of this manifest instead; kwok cares for those with the
#                        annotation kwok.x-k8s.io/node: fake
#   --stages general|fast  kwok's stages: general steps through init containers
#                        and waits for grace periods, and runner pods end by
#                        themselves (stages/runner.yaml); fast is for scale
#   --apiserver-only     etcd and API server alone
#   --fill NODES,PODS    etcd and API server alone, filled with a large cluster of the
#                        demo's scheme (fill/), about 20,000 objects a second; GOMEMLIMIT
#                        (8GiB unless it is set) keeps both from using all memory
#   --wait               return when every node is Ready and the default
#                        ServiceAccount exists
#   --audit              write the API server's requests to DIR/log/audit.log
set -euo pipefail

usage() {
    sed -n '/^# usage/,/^set /p' "$0" | sed '$d' | cut -c3- >&2
    exit 2
}
nodes=controllers=3,patricians=4,runner-large=5,runner-small=3
nodes_file= stages=general fill= only= wait= audit= dir=
while [ $# -gt 0 ]; do
    case $1 in
        --nodes) nodes=${2?} && shift ;;
        --nodes-file) nodes_file=${2?} && shift ;;
        --stages) stages=${2?} && shift ;;
        --apiserver-only) only=1 ;;
        --fill) fill=${2?} only=1 nodes='' && shift ;;
        --wait) wait=1 ;;
        --audit) audit=1 ;;
        -*) usage ;;
        *) [ -z "$dir" ] || usage; dir=$1 ;;
    esac
    shift
done
[ -n "$dir" ] || usage
case $stages in general | fast) ;; *) usage ;; esac
[[ $fill =~ ^([0-9]+,[0-9]+)?$ ]] || usage
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
for name in etcd kube-apiserver kubectl ${fill:+fill}; do
    [ -x "$bin/$name" ] || die "$bin/$name is missing: run $here/build.sh"
done
running kube-apiserver > /dev/null && die "one runs under $dir already: $here/down.sh $dir"
mkdir -p "$dir"/{pki,run,log}
echo "$bin" > "$dir/run/bin"
if [ -n "$fill" ]; then echo "${GOMEMLIMIT:-8GiB}" > "$dir/run/memory"; fi

# ---- ports: below the range from which the kernel gives out its own
used=()
free_port() {
    local candidate
    while :; do
        candidate=$((18000 + RANDOM % 14000))
        [[ " ${used[*]-} " == *" $candidate "* ]] && continue
        if ! (exec 3<> "/dev/tcp/127.0.0.1/$candidate") 2> /dev/null; then
            used+=("$candidate")
            port=$candidate
            return
        fi
    done
}
if [ ! -f "$dir/run/ports" ]; then
    for name in etcd peer apiserver kcm scheduler kwok; do
        free_port
        echo "$name=$port"
    done > "$dir/run/ports"
fi
port_of() { sed -n "s/^$1=//p" "$dir/run/ports"; }
port_of apiserver > "$dir/run/apiserver.port"
server=https://127.0.0.1:$(port_of apiserver)

# ---- certificates, kubeconfigs, tokens
pki=$dir/pki
leaf() { # NAME SUBJECT USAGE
    openssl ecparam -name prime256v1 -genkey -noout -out "$pki/$1.key"
    printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=%s\n' "$3" > "$pki/$1.ext"
    if [ "$3" = serverAuth ]; then
        echo 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc' >> "$pki/$1.ext"
    fi
    openssl req -new -key "$pki/$1.key" -subj "$2" -out "$pki/$1.csr"
    openssl x509 -req -in "$pki/$1.csr" -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -CAcreateserial \
        -days 30 -extfile "$pki/$1.ext" -out "$pki/$1.crt" 2> /dev/null
    rm "$pki/$1.csr" "$pki/$1.ext"
}
config() { # FILE USER CREDENTIALS
    cat > "$1" << K
apiVersion: v1
kind: Config
clusters:
- name: control-plane
  cluster: {server: "$server", certificate-authority-data: $(base64 -w0 < "$pki/ca.crt")}
users:
- name: $2
  user: $3
contexts:
- name: control-plane
  context: {cluster: control-plane, user: $2}
current-context: control-plane
K
    chmod 600 "$1"
}
certificate() { echo "{client-certificate-data: $(base64 -w0 < "$pki/$1.crt"), client-key-data: $(base64 -w0 < "$pki/$1.key")}"; }
users=(viewer ns-only no-nodes nobody)
if [ ! -f "$pki/done" ]; then
    openssl ecparam -name prime256v1 -genkey -noout -out "$pki/ca.key"
    openssl req -x509 -new -key "$pki/ca.key" -subj /CN=control-plane -days 30 -out "$pki/ca.crt" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2> /dev/null
    leaf apiserver /CN=kube-apiserver serverAuth
    leaf kubelet /CN=kwok serverAuth
    leaf kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client clientAuth
    leaf admin /O=system:masters/CN=admin clientAuth
    leaf kwok /O=system:masters/CN=kwok clientAuth
    leaf kcm /CN=system:kube-controller-manager clientAuth
    leaf scheduler /CN=system:kube-scheduler clientAuth
    openssl ecparam -name prime256v1 -genkey -noout -out "$pki/sa.key"
    openssl ec -in "$pki/sa.key" -pubout -out "$pki/sa.pub" 2> /dev/null
    for name in kcm scheduler kwok; do config "$pki/$name.kubeconfig" $name "$(certificate $name)"; done
    config "$dir/kubeconfig" admin "$(certificate admin)"
    : > "$pki/tokens.csv"
    for name in "${users[@]}"; do
        echo "$name,$name,$name" >> "$pki/tokens.csv"
        config "$dir/kubeconfig-$name" "$name" "{token: $name}"
    done
    touch "$pki/done"
fi

# ---- the programs and their arguments
etcd_url=http://127.0.0.1:$(port_of etcd)
peer_url=http://127.0.0.1:$(port_of peer)
cat > "$dir/run/etcd.args" << E2
--name=one
--data-dir=$dir/etcd
--unsafe-no-fsync
--quota-backend-bytes=8589934592
--listen-client-urls=$etcd_url
--advertise-client-urls=$etcd_url
--listen-peer-urls=$peer_url
--initial-advertise-peer-urls=$peer_url
--initial-cluster=one=$peer_url
--log-level=warn
E2
cat > "$dir/run/kube-apiserver.args" << E2
--etcd-servers=$etcd_url
--bind-address=127.0.0.1
--secure-port=$(port_of apiserver)
--advertise-address=127.0.0.1
--endpoint-reconciler-type=none
--service-cluster-ip-range=10.96.0.0/16
--tls-cert-file=$pki/apiserver.crt
--tls-private-key-file=$pki/apiserver.key
--client-ca-file=$pki/ca.crt
--token-auth-file=$pki/tokens.csv
--authorization-mode=RBAC
--service-account-issuer=https://kubernetes.default.svc
--service-account-key-file=$pki/sa.pub
--service-account-signing-key-file=$pki/sa.key
--kubelet-preferred-address-types=InternalIP
--kubelet-certificate-authority=$pki/ca.crt
--kubelet-client-certificate=$pki/kubelet-client.crt
--kubelet-client-key=$pki/kubelet-client.key
--allow-privileged=true
--profiling=false
E2
if [ -n "$audit" ]; then
    printf 'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n' > "$dir/run/audit.yaml"
    printf '%s\n' "--audit-policy-file=$dir/run/audit.yaml" "--audit-log-path=$dir/log/audit.log" >> "$dir/run/kube-apiserver.args"
fi
# The long grace period keeps a busy machine from taking its nodes for dead.
cat > "$dir/run/kube-controller-manager.args" << E2
--kubeconfig=$pki/kcm.kubeconfig
--authentication-kubeconfig=$pki/kcm.kubeconfig
--authorization-kubeconfig=$pki/kcm.kubeconfig
--bind-address=127.0.0.1
--secure-port=$(port_of kcm)
--leader-elect=false
--use-service-account-credentials=true
--service-account-private-key-file=$pki/sa.key
--root-ca-file=$pki/ca.crt
--node-monitor-grace-period=10m
--kube-api-qps=500
--kube-api-burst=1000
--profiling=false
E2
cat > "$dir/run/kube-scheduler.args" << E2
--kubeconfig=$pki/scheduler.kubeconfig
--authentication-kubeconfig=$pki/scheduler.kubeconfig
--authorization-kubeconfig=$pki/scheduler.kubeconfig
--bind-address=127.0.0.1
--secure-port=$(port_of scheduler)
--leader-elect=false
--kube-api-qps=500
--kube-api-burst=1000
--profiling=false
E2
cat > "$dir/run/kwok.args" << E2
--kubeconfig=$pki/kwok.kubeconfig
--config=$dir/run/kwok.yaml
--manage-all-nodes=false
--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake
--node-ip=127.0.0.1
--node-port=$(port_of kwok)
--server-address=127.0.0.1:$(port_of kwok)
--tls-cert-file=$pki/kubelet.crt
--tls-private-key-file=$pki/kubelet.key
--node-lease-duration-seconds=40
E2

# ---- kwok's stages and logs
stage_files() {
    local file
    for file in "$bin"/stages/node/fast/node-initialize.yaml "$bin"/stages/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml; do
        echo ---
        cat "$file"
    done
    if [ "$stages" = fast ]; then
        for file in "$bin"/stages/pod/fast/pod-*.yaml; do
            echo ---
            cat "$file"
        done
        return
    fi
    for file in "$bin"/stages/pod/general/pod-*.yaml; do
        echo ---
        case $file in
            # Runner pods are created and deleted like any other.
            */pod-create.yaml) sed 's/urationMilliseconds: 1000$/urationMilliseconds: 200/; s/urationMilliseconds: 5000$/urationMilliseconds: 800/' "$file" ;;
            */pod-delete.yaml) cat "$file" ;;
            # In between they have stages of their own. The rest steps a little
            # faster than kwok's 1 to 6 s.
            *) sed "s/^    matchExpressions:\$/&\n    - {key: '.metadata.labels[\"jobs.constable\/id\"]', operator: DoesNotExist}/
                    s/urationMilliseconds: 1000\$/urationMilliseconds: 300/; s/urationMilliseconds: 5000\$/urationMilliseconds: 1500/" "$file" ;;
        esac
    done
    echo ---
    cat "$here/stages/runner.yaml"
}
{
    stage_files
    # kwok serves one file as the log of every container; a test may append to it.
    cat << E2
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterLogs
metadata: {name: pods}
spec:
  logs:
  - {logsFile: $dir/pod.log, previousLogsFile: $dir/pod-previous.log, follow: true}
E2
} > "$dir/run/kwok.yaml"
now=$(date -u +%Y-%m-%dT%H:%M:%S)
if [ ! -f "$dir/pod.log" ]; then
    for i in $(seq 1 40); do
        printf '%s.%09dZ stdout F step 1: line %d of the log\n' "$now" "$i" "$i"
    done > "$dir/pod.log"
    printf '%s.%09dZ stderr F step 0: it crashed\n' "$now" 1 > "$dir/pod-previous.log"
fi

# ---- start
launch etcd
deadline=$((SECONDS + 30))
until curl -sf --max-time 2 "$etcd_url/health" > /dev/null; do
    running etcd > /dev/null || { tail "$dir/log/etcd.log" >&2; die "etcd ended; its log is $dir/log/etcd.log"; }
    [ $SECONDS -lt $deadline ] || die "etcd does not answer; its log is $dir/log/etcd.log"
    sleep 0.1
done
if [ ! -f "$dir/run/filled" ]; then
    # Revisions from before the API server's time, compacted, so that an old
    # resourceVersion is really too old.
    for i in 1 2 3 4 5 6 7 8; do
        curl -sf --max-time 5 "$etcd_url/v3/kv/put" -d '{"key":"Y29uc3RhYmxl","value":"MQ=="}' > /dev/null
    done
    curl -sf --max-time 5 "$etcd_url/v3/kv/compaction" -d '{"revision":"6"}' > /dev/null
    # Before the API server starts: its caches then read it in one list.
    if [ -n "$fill" ]; then
        "$bin/fill" load --etcd "$etcd_url" --nodes "${fill%,*}" --pods "${fill#*,}"
    fi
fi
launch kube-apiserver
await_apiserver 60
if [ -z "$only" ]; then
    launch kube-controller-manager
    launch kube-scheduler
    launch kwok
fi
if [ ! -f "$dir/run/filled" ]; then
    # The namespace "default" and the bootstrap roles come a moment after /readyz.
    deadline=$((SECONDS + 30))
    until kubectl apply -f "$here/rbac.yaml" > "$dir/log/rbac.log" 2>&1; do
        [ $SECONDS -lt $deadline ] || die "the users' rights could not be written: $(cat "$dir/log/rbac.log")"
        sleep 0.2
    done
    if [ -n "$nodes_file" ]; then
        kubectl create -f "$nodes_file" > /dev/null
    elif [ -n "$nodes" ]; then
        "$here/nodes.sh" "$nodes" | kubectl create -f - > /dev/null
    fi
    touch "$dir/run/filled"
fi
if [ -n "$wait" ] && [ -z "$only" ]; then
    deadline=$((SECONDS + 120))
    until kubectl get serviceaccount default > /dev/null 2>&1 \
        && [ -z "$(kubectl get nodes -o 'jsonpath={.items[*].spec.taints[?(@.key=="node.kubernetes.io/not-ready")].key}')" ]; do
        [ $SECONDS -lt $deadline ] || die "the nodes are not Ready after 120 s; the logs are in $dir/log"
        sleep 0.3
    done
fi
echo "control plane: $server, kubeconfig $dir/kubeconfig"
