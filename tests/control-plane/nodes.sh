#!/usr/bin/env bash
# Prints the fake nodes of a --nodes option (see up.sh) as a manifest, labelled
# and tainted as the demo's nodes are.
# usage: nodes.sh controllers=3,patricians=4,runner-large=5,runner-small=3
set -euo pipefail
[ $# = 1 ] || { sed -n 4p "$0" | cut -c3- >&2; exit 2; }
job=0
IFS=, read -ra pools <<< "$1"
for entry in "${pools[@]}"; do
    pool=${entry%%=*} count=${entry#*=}
    for ((i = 1; i <= count; i++)); do
        case $pool in
            controllers)
                name=c-$i cpu=4 memory=16Gi type=standard-4
                role='node-role.kubernetes.io/control-plane: ""'
                taints='[{key: node-role.kubernetes.io/control-plane, effect: NoSchedule}]' ;;
            patricians)
                printf -v name n-%02d "$i"
                cpu=8 memory=32Gi type=standard-8 role= taints='[]' ;;
            *)
                job=$((job + 1))
                printf -v name p-%02d "$job"
                case $pool in *small*) cpu=8 memory=32Gi ;; *) cpu=16 memory=64Gi ;; esac
                type=standard-$cpu role=
                taints='[{key: jobs.constable/public, value: "true", effect: NoSchedule}]' ;;
        esac
        cat << Y
---
apiVersion: v1
kind: Node
metadata:
  name: $name
  annotations: {kwok.x-k8s.io/node: fake}
  labels:
    kubernetes.io/hostname: $name
    kubernetes.io/os: linux
    kubernetes.io/arch: amd64
    node.kubernetes.io/instance-type: $type
    cloud.google.com/gke-nodepool: $pool
    $role
spec: {taints: $taints}
status:
  allocatable: {cpu: "$cpu", memory: $memory, pods: "110"}
  capacity: {cpu: "$cpu", memory: $memory, pods: "110"}
  nodeInfo: {architecture: amd64, bootID: "", containerRuntimeVersion: containerd://2.1.4, kernelVersion: 6.12.0, kubeProxyVersion: "", kubeletVersion: v1.37.2, machineID: "", operatingSystem: linux, osImage: Linux, systemUUID: ""}
Y
    done
done
