# shellcheck shell=bash
# What a host takes from the machine: processes, a network namespace, a branch in every
# cgroup hierarchy. All of it can be found again from the lab's folder, and is taken away.

# --------------------------------------------------------------- processes

# A pid file holds "PID START"; START (field 22 of stat) guards against reuse.
start_of() { # PID
  local stat fields
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  read -r -a fields <<<"${stat##*) }"
  printf '%s\n' "${fields[19]}"
}

is_alive() { # PID START: not one that has ended and waits for its parent
  [[ $(start_of "$1") == "$2" && $(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) != Z ]]
}

supervisor() { # NAME: the pid of its nspawn's parent, if that still runs
  local pid start
  read -r pid start 2>/dev/null <"$HOSTS/$1/pid" || return 1
  is_alive "$pid" "$start" || return 1
  printf '%s\n' "$pid"
}

children() { # PID
  ps -o pid= --ppid "$1" || true
}

leader() { # NAME: the pid, seen from here, of its PID 1
  local pid nspawn child
  pid=$(supervisor "$1") || return 1
  for nspawn in $(children "$pid"); do
    for child in $(children "$nspawn"); do
      case $(sed -n 's/^NSpid:[[:space:]]*//p' "/proc/$child/status" 2>/dev/null) in
        *[[:space:]]1)
          printf '%s\n' "$child"
          return 0
          ;;
      esac
    done
  done
  return 1
}

await_gone() { # PID SECONDS
  local i
  for ((i = $2 * 20; i > 0; i--)); do
    [[ -d /proc/$1 ]] || return 0
    sleep 0.05
  done
  return 1
}

# ------------------------------------------------------------------ network

in_ns() { # NETNS COMMAND...
  local ns=$1
  shift
  nsenter --net="/run/netns/$ns" "$@"
}

# As somebody on the operator's network: with its names too, which the machine does not have.
as_operator() { # COMMAND...
  # shellcheck disable=SC2016  # the inner shell expands them
  exec nsenter --net="/run/netns/$OPERATOR" unshare --mount \
    sh -euc 'mount --bind "$0" /etc/hosts; exec "$@"' "$LAB_DIR/etc-hosts" "$@"
}

net_operator() { # ADDRESS: the operator's namespace, with the bridge
  local net=${1%.*}
  [[ -e /run/netns/$OPERATOR ]] || ip netns add "$OPERATOR"
  in_ns "$OPERATOR" ip link set lo up
  if ! in_ns "$OPERATOR" ip link show "$BRIDGE" >/dev/null 2>&1; then
    in_ns "$OPERATOR" ip link add "$BRIDGE" type bridge
    in_ns "$OPERATOR" ip addr add "$net.1/$PREFIX_LEN" dev "$BRIDGE"
    in_ns "$OPERATOR" ip link set "$BRIDGE" up
    # The hosts' gateway says, as routers do, what it cannot reach. Without a word, whoever looks
    # for a cloud's metadata service (the kubelet does) would wait for its own time to run out.
    in_ns "$OPERATOR" sysctl -q -w net.ipv4.ip_forward=1
    in_ns "$OPERATOR" ip route add unreachable default
  fi
  in_ns "$OPERATOR" ip -o -4 addr show dev "$BRIDGE" | grep -q -F " $net.1/" ||
    die "the lab's network is another one than $net.0/$PREFIX_LEN"
}

net_host() { # NAME: a fresh namespace, as after a reboot: no link or rule of a container is left
  local ns=$NETNS-$1 address mac octets cidr via
  address=$(<"$HOSTS/$1/address")
  IFS=. read -r -a octets <<<"$address"
  printf -v mac '02:00:%02x:%02x:%02x:%02x' "${octets[@]}" # the same at every boot
  net_host_gone "$1"
  ip netns add "$ns"
  in_ns "$ns" ip link set lo up
  in_ns "$OPERATOR" ip link add "v-$1" type veth peer name "peer-$$"
  in_ns "$OPERATOR" ip link set "peer-$$" netns "$ns"
  in_ns "$OPERATOR" ip link set "v-$1" master "$BRIDGE" up
  in_ns "$ns" ip link set "peer-$$" name eth0 address "$mac"
  in_ns "$ns" ip addr add "$address/$PREFIX_LEN" dev eth0
  in_ns "$ns" ip link set eth0 up
  in_ns "$ns" ip route add default via "${address%.*}.1"
  while read -r cidr via; do
    [[ $via == "$address" ]] || in_ns "$ns" ip route replace "$cidr" via "$via"
  done <"$LAB_DIR/routes"
}

net_host_silent() { # NAME: no packet of it gets out any more
  if [[ -e /run/netns/$OPERATOR ]]; then in_ns "$OPERATOR" ip link set "v-$1" down 2>/dev/null || true; fi
}

net_host_gone() { # NAME
  if [[ -e /run/netns/$OPERATOR ]]; then in_ns "$OPERATOR" ip link del "v-$1" 2>/dev/null || true; fi
  if [[ -e /run/netns/$NETNS-$1 ]]; then ip netns del "$NETNS-$1"; fi
}

net_operator_gone() {
  local pid pids
  [[ -e /run/netns/$OPERATOR ]] || return 0
  # What an interrupted test has left running there: nobody else knows this namespace.
  pids=$(ip netns pids "$OPERATOR")
  for pid in $pids; do kill -KILL "$pid" 2>/dev/null || true; done
  ip netns del "$OPERATOR"
}

# ------------------------------------------------------------------ cgroups

# One branch per host below the cgroup this shell is in, in every hierarchy.
cgroup_mounts() { # lines "MOUNTPOINT PATH-OF-THIS-SHELL"
  local _id controllers path mount
  while IFS=: read -r _id controllers path; do
    if [[ -z $controllers ]]; then
      mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
    else
      mount=$(awk -v c="$controllers" '$3 == "cgroup" && index("," $4 ",", "," c ",") { print $2; exit }' /proc/mounts)
    fi
    if [[ -n $mount ]]; then printf '%s %s\n' "$mount" "${path%/}"; fi
  done </proc/self/cgroup
}

cgroups_make() { # NAME: makes them and lists them in its file
  local mount path parent dir file
  cgroups_gone "$1"
  cgroup_mounts | while read -r mount path; do
    parent=$mount$path/$NETNS dir=$mount$path/$NETNS/$1
    mkdir -p "$dir"
    for file in cpuset.cpus cpuset.mems; do # a new v1 cpuset starts empty
      if [[ ${mount##*/} == cpuset ]]; then
        cat "$mount$path/$file" >"$parent/$file"
        cat "$mount$path/$file" >"$dir/$file"
      fi
    done
    printf '%s\n' "$dir"
  done >"$HOSTS/$1/cgroups"
}

cgroups_gone() { # NAME
  local dir
  [[ -f $HOSTS/$1/cgroups ]] || return 0
  while read -r dir; do
    if [[ -d $dir ]]; then find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null || true; fi
    rmdir "${dir%/*}" 2>/dev/null || true
  done <"$HOSTS/$1/cgroups"
}

cgroups_enter() { # NAME: moves this very process
  local dir
  while read -r dir; do
    if [[ -d $dir/payload/init.scope ]]; then dir=$dir/payload/init.scope; fi
    echo "$BASHPID" >"$dir/cgroup.procs" 2>/dev/null || true
  done <"$HOSTS/$1/cgroups"
}

# ------------------------------------------------------------------ sysctls

# Not namespaced: hosts (kubelet, sysctl --system) really change these on the machine;
# they are noted by the first lab, and put back when the last one goes.
readonly SHARED_SYSCTLS='
  vm.overcommit_memory vm.panic_on_oom vm.swappiness vm.max_map_count
  vm.dirty_ratio vm.dirty_background_ratio vm.min_free_kbytes
  kernel.panic kernel.panic_on_oops kernel.pid_max kernel.threads-max
  kernel.keys.root_maxkeys kernel.keys.root_maxbytes kernel.softlockup_panic
  fs.file-max fs.nr_open fs.aio-max-nr
  fs.inotify.max_user_instances fs.inotify.max_user_watches
  fs.inotify.max_queued_events net.netfilter.nf_conntrack_max'

sysctl_path() { printf '/proc/sys/%s\n' "${1//.//}"; } # dots separate, as in sysctl(8)

sysctls_save() {
  local key path want
  if [[ ! -s $SYSCTLS ]]; then
    for key in $SHARED_SYSCTLS; do
      path=$(sysctl_path "$key")
      if [[ -r $path ]]; then printf '%s %s\n' "$key" "$(<"$path")"; fi
    done >"$SYSCTLS.new"
    mv "$SYSCTLS.new" "$SYSCTLS"
  fi
  # All hosts share root's inotify allowance.
  echo 8192 >/proc/sys/fs/inotify/max_user_instances
  echo 1048576 >/proc/sys/fs/inotify/max_user_watches
  # Only the machine itself may set this one, and kube-proxy ends when it cannot make it
  # what its defaults ask for: max(32768 * cores, 131072).
  want=$((32768 * $(nproc --all)))
  path=$(sysctl_path net.netfilter.nf_conntrack_max)
  if [[ -w $path ]]; then echo $((want < 131072 ? 131072 : want)) >"$path"; fi
}

sysctls_restore() {
  local key value path
  [[ -s $SYSCTLS ]] || return 0
  while read -r key value; do
    path=$(sysctl_path "$key")
    if [[ $(<"$path") != "$value" ]]; then
      echo "$value" >"$path" || say "could not put back $key=$value"
    fi
  done <"$SYSCTLS"
  rm -f "$SYSCTLS"
}
