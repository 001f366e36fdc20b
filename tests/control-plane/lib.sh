# Shared by up.sh, down.sh, stop-apiserver.sh and start-apiserver.sh; sourced.
# Everything of one control plane lives under $dir:
#   pki/ run/ (pid files, commands, ports) log/ etcd/ kubeconfig kubeconfig-USER
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=${CONSTABLE_CONTROL_PLANE_BIN:-$here/bin}
# What is started from one folder of binaries is also stopped as that.
if [ -f "$dir/run/bin" ]; then bin=$(cat "$dir/run/bin"); fi

die() {
    echo "control plane: $*" >&2
    exit 1
}

kubectl() {
    timeout 30 "$bin/kubectl" --kubeconfig "$dir/kubeconfig" "$@"
}

# The process of a pid file, if it still is the program that was started.
running() { # NAME
    local pid
    pid=$(cat "$dir/run/$1.pid" 2>/dev/null) || return 1
    [[ $(ps -o args= -p "$pid" 2>/dev/null) == "$bin/$1 "* ]] || return 1
    echo "$pid"
}

# Starts DIR/run/NAME.args (one argument a line), the same each time.
launch() { # NAME
    local args
    running "$1" >/dev/null && return 0
    mapfile -t args < "$dir/run/$1.args"
    if [ -f "$dir/run/memory" ]; then
        export GOMEMLIMIT
        GOMEMLIMIT=$(cat "$dir/run/memory")
    fi
    setsid "$bin/$1" "${args[@]}" >> "$dir/log/$1.log" 2>&1 < /dev/null &
    echo $! > "$dir/run/$1.pid"
    disown
}

# Ends NAME with SIGNAL and waits; after SECONDS it is killed.
halt() { # NAME SIGNAL SECONDS
    local pid deadline=$((SECONDS + $3))
    if pid=$(running "$1"); then
        kill -s "$2" "$pid" 2>/dev/null
        while kill -0 "$pid" 2>/dev/null; do
            if [ $SECONDS -ge $deadline ]; then
                kill -s KILL "$pid" 2>/dev/null
            fi
            sleep 0.05
        done
    fi
    rm -f "$dir/run/$1.pid"
}

await_apiserver() { # SECONDS
    local deadline=$((SECONDS + $1)) port
    port=$(cat "$dir/run/apiserver.port")
    until [ "$(curl -s --max-time 2 --cacert "$dir/pki/ca.crt" --cert "$dir/pki/admin.crt" \
        --key "$dir/pki/admin.key" "https://127.0.0.1:$port/readyz" 2>/dev/null)" = ok ]; do
        running kube-apiserver >/dev/null || {
            tail -n 20 "$dir/log/kube-apiserver.log" >&2
            die "kube-apiserver ended; its log is $dir/log/kube-apiserver.log"
        }
        [ $SECONDS -lt $deadline ] || die "kube-apiserver is not ready after $1 s; its log is $dir/log/kube-apiserver.log"
        sleep 0.1
    done
}
