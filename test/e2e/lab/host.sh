# shellcheck shell=bash
# The life of a host: made, booted, watched until it is up, without power, gone; and the
# end of a whole lab whose owner is gone.

mount_root() { # NAME
  local dir=$HOSTS/$1
  mountpoint -q "$dir/root" && return 0
  mount -t overlay "$NETNS-$1" -o "lowerdir=$(<"$dir/lower"),upperdir=$dir/upper,workdir=$dir/work" "$dir/root"
}

create() { # NAME ADDRESS
  local dir=$HOSTS/$1 root=$HOSTS/$1/root
  rm -rf "$dir.new"
  mkdir -p "$dir.new"/{upper,work,root,var}
  printf '%s\n' "$2" >"$dir.new/address"
  printf '%s\n' "${LAB_BIND_RO:-}" >"$dir.new/binds"
  printf '%s:%s\n' "$(tools_path)" "$(base_path)" >"$dir.new/lower"
  mv "$dir.new" "$dir"
  mount_root "$1"
  cp -a "$root/var/." "$dir/var/"
  printf '%s\n' "$1" >"$root/etc/hostname"
  tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
  install -m 600 "$KEYS/id_ed25519.pub" "$root/root/.ssh/authorized_keys"
  ssh-keygen -q -t ed25519 -N '' -C "root@$1" -f "$root/etc/ssh/ssh_host_ed25519_key"
  printf '%s,%s %s\n' "$1" "$2" "$(cut -d ' ' -f 1,2 "$root/etc/ssh/ssh_host_ed25519_key.pub")" >>"$KEYS/known_hosts"
}

launch() { # NAME: boots it, does not wait
  local dir=$HOSTS/$1 pid
  supervisor "$1" >/dev/null && return 0
  mount_root "$1"
  # No job control here, so setsid need not fork and $! is the supervisor.
  setsid "$SELF" _run "$1" </dev/null >"$dir/console.log" 2>&1 8>&- 9>&- &
  pid=$!
  disown "$pid"
  printf '%s %s\n' "$pid" "$(start_of "$pid")" >"$dir/pid"
}

cmd__run() { # NAME: the supervisor, one turn per boot
  local name=$1 dir=$HOSTS/$1 bind binds rc args=()
  read -r -a binds <"$dir/binds"
  for bind in "${binds[@]}"; do args+=("--bind-ro=$bind"); done
  while :; do
    net_host "$name"
    cgroups_make "$name"
    rc=0
    (
      cgroups_enter "$name"
      export SYSTEMD_NSPAWN_API_VFS_WRITABLE=1 SYSTEMD_SECCOMP=0
      exec systemd-nspawn --quiet --keep-unit --register=no \
        --directory="$dir/root" --machine="$NETNS-$name" --hostname="$name" \
        --network-namespace-path="/run/netns/$NETNS-$name" \
        --capability=all --link-journal=no --resolv-conf=off --timezone=off \
        --bind=/dev/kmsg --bind="$dir/var:/var" "${args[@]}" \
        --kill-signal=SIGRTMIN+3 --console=read-only /usr/local/sbin/lab-init
    ) || rc=$?
    [[ $rc == 133 ]] || exit "$rc" # 133: the host asked for a reboot
  done
}

await_boot() { # NAME START
  local name=$1 state='' until=$((SECONDS + LAB_TIMEOUT))
  while ((SECONDS < until)); do
    supervisor "$name" >/dev/null || {
      tail -n 20 "$HOSTS/$name/console.log" >&2
      die "$name: did not boot"
    }
    state=$(cmd_exec "$name" systemctl is-system-running --wait 2>/dev/null </dev/null) || true
    case $state in
      running | degraded)
        if in_ns "$OPERATOR" nc -z -w 1 "$(<"$HOSTS/$name/address")" 22 2>/dev/null; then
          say "$name: $state, sshd answers, $(($(date +%s%3N) - $2)) ms"
          return 0
        fi
        ;;
    esac
    sleep 0.2
  done
  die "$name: not up after $LAB_TIMEOUT s (state: ${state:-unknown})"
}

power_off() { # NAME
  local pid child
  pid=$(supervisor "$1") || return 0
  for child in $(leader "$1") $(children "$pid"); do
    kill -KILL "$child" 2>/dev/null || true
    await_gone "$pid" 5 && return 0
  done
  if supervisor "$1" >/dev/null; then kill -KILL "$pid"; fi
  await_gone "$pid" 5 || die "$1: process $pid does not end"
}

destroy() { # NAME
  local dir=$HOSTS/$1
  power_off "$1"
  net_host_gone "$1"
  cgroups_gone "$1"
  if mountpoint -q "$dir/root"; then umount "$dir/root" || die "$1: its root is in use"; fi
  rmdir "/run/systemd/nspawn/propagate/$NETNS-$1" 2>/dev/null || true
  rm -rf "$dir"
}

# A test runner that was killed cleans nothing up: a process of its own waits for its end.
arrange_end() {
  local pid owners=()
  read -r -a owners <<<"${LAB_OWNERS:-}" || true
  ((${#owners[@]})) && [[ ! -e $LAB_DIR/owners ]] || return 0
  for pid in "${owners[@]}"; do printf '%s %s\n' "$pid" "$(start_of "$pid")"; done >"$LAB_DIR/owners"
  setsid "$SELF" _reap </dev/null >/dev/null 2>&1 8>&- 9>&- &
  disown "$!"
}

cmd__reap() {
  while [[ -d $LAB_DIR ]]; do
    if owner_is_gone "$LAB_DIR"; then
      cmd_down
      return
    fi
    sleep 1
  done
}

owner_is_gone() { # FOLDER: of a lab that has owners
  local pid start
  [[ -f $1/owners ]] || return 1
  while read -r pid start; do
    is_alive "$pid" "$start" || return 0
  done <"$1/owners"
  return 1
}

sweep() { # what labs of earlier owners have left, should their reapers be gone too
  local dir id
  for dir in "$LABS"-*/; do
    if owner_is_gone "${dir%/}"; then
      id=${dir#"$LABS"-}
      env LAB_ID="${id%/}" "$SELF" down
    fi
  done
}
