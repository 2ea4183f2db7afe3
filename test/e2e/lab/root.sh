# shellcheck shell=bash
# The cached root file system that all hosts are overlays of: a base system, and above it
# a layer with what an operator of Kubernetes' official binaries has put on the hosts.
# Each is kept under a name made from everything that decides its contents, built beside
# its place and renamed into it, so that what stands there is whole and up to date.

readonly SUITE=bookworm
readonly BASE_PACKAGES='systemd systemd-sysv dbus libpam-systemd openssh-server iproute2
  iptables kmod procps curl openssl ca-certificates'
# As a distribution gives them to a worker, and to a load balancer.
readonly TOOLS_PACKAGES='containerd runc conntrack socat ipset ebtables ethtool jq haproxy keepalived'
# Only their programs, put where a release unpacked by hand has them: the packages' own
# users, units and settings are not on such a host.
readonly UNPACKED_PACKAGES='etcd-server etcd-client containernetworking-plugins busybox-static'
# Both names of the one image; also the names in test/e2e/support/image.ts.
readonly IMAGE_TAGS='"hardway.test/pause:1","hardway.test/busybox:1"'

base_path() { # its name covers the kernel too, whose built-in modules it lists
  local key
  key=$({ printf '%s\n' "$SUITE" "$BASE_PACKAGES" "$(uname -r)"; declare -f build_base finish_base builtin_modules scrub_apt; } | sha256sum)
  printf '%s/base-%s\n' "$LAB_CACHE" "${key:0:12}"
}

tools_path() {
  local key
  key=$({ base_path; printf '%s\n' "$TOOLS_PACKAGES" "$UNPACKED_PACKAGES" "$IMAGE_TAGS"; declare -f build_tools unpack_programs build_image install_runc_shim; } | sha256sum)
  printf '%s/tools-%s\n' "$LAB_CACHE" "${key:0:12}"
}

build_root() {
  local base tools
  base=$(base_path) tools=$(tools_path)
  mkdir -p "$LAB_CACHE"
  exec 7>"$LAB_CACHE/lock"
  flock -w 900 7 || die "another build holds $LAB_CACHE/lock"
  [[ -d $base ]] || timed "base root" build_base "$base"
  [[ -d $tools ]] || timed "tools layer" build_tools "$base" "$tools"
  touch "$base" "$tools"
  # Earlier builds; one that a lab may still run on has been touched more recently.
  find "$LAB_CACHE" -mindepth 1 -maxdepth 1 -type d -mtime +7 -exec rm -rf --one-file-system {} +
  exec 7>&-
}

timed() { # WHAT COMMAND...
  local what=$1 start=$SECONDS
  shift
  "$@"
  say "$what built in $((SECONDS - start)) s"
}

apt_sources() { # what this machine's apt uses for Debian itself
  apt-get indextargets --format "deb \$(REPO_URI) \$(CODENAME) \$(COMPONENT)" \
    'Created-By: Packages' 'Origin: Debian' | grep -E " $SUITE(-|\$| )" | sort -u
}

in_root() { # ROOT COMMAND...
  local root=$1
  shift
  chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@" >&2
}

build_base() { # DESTINATION
  local mirror root=$1.new packages
  mirror=$(apt_sources | awk -v suite="$SUITE" '$3 == suite { print $2; exit }')
  [[ -n $mirror ]] || die "this machine's apt knows no Debian mirror"
  packages=$(xargs <<<"$BASE_PACKAGES")
  rm -rf "$root"
  nice debootstrap --variant=minbase --include="${packages// /,}" "$SUITE" "$root" "$mirror" >&2
  finish_base "$root"
  scrub_apt "$root"
  rm -rf "$root/debootstrap"
  mv -T "$root" "$1"
}

finish_base() { # ROOT
  local root=$1 release conf unit
  release=$(uname -r)
  install -d -m 755 "$root/lib/modules/$release" "$root/etc/sysctl.d" \
    "$root/etc/systemd/journald.conf.d" "$root/usr/local/sbin"
  install -d -m 700 "$root/root/.ssh"
  : >"$root/lib/modules/$release/modules.order"
  builtin_modules >"$root/lib/modules/$release/modules.builtin"
  in_root "$root" depmod "$release"

  # nspawn mounts the v1 controllers read-only; systemd and runc need to write.
  cat >"$root/usr/local/sbin/lab-init" <<'EOF'
#!/bin/sh
mount -o remount,bind,rw /sys/fs/cgroup
for dir in /sys/fs/cgroup/*; do
  if [ ! -L "$dir" ] && mountpoint -q "$dir"; then mount -o remount,bind,rw "$dir"; fi
done
mount --make-rshared /
exec /lib/systemd/systemd
EOF
  chmod 755 "$root/usr/local/sbin/lab-init"
  # Persistent, so that the journal of a host that lost power can be read afterwards.
  printf '[Journal]\nReadKMsg=no\nStorage=persistent\n' >"$root/etc/systemd/journald.conf.d/lab.conf"
  # Distribution defaults that would change the whole machine.
  for conf in "$root"/usr/lib/sysctl.d/*.conf; do
    [[ ! -e $conf ]] || ln -sf /dev/null "$root/etc/sysctl.d/${conf##*/}"
  done
  for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
    e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-timesyncd.service; do
    in_root "$root" systemctl mask "$unit" 2>/dev/null || true
  done
  # Nothing of the machine that built it.
  rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/hostname" "$root/etc/resolv.conf"
  printf '127.0.0.1 localhost\n' >"$root/etc/hosts"
  printf '# no name server in the lab\n' >"$root/etc/resolv.conf"
  : >"$root/etc/machine-id"
  : >"$root/etc/default/locale"
}

builtin_modules() { # so that modprobe tells the truth on a kernel without modules
  local option module config
  config=$(zcat /proc/config.gz)
  while read -r option module; do
    if grep -q "^CONFIG_$option=y" <<<"$config"; then printf 'kernel/lab/%s.ko\n' "$module"; fi
  done <<'EOF'
OVERLAY_FS overlay
BRIDGE bridge
BRIDGE_NETFILTER br_netfilter
VETH veth
VXLAN vxlan
NF_CONNTRACK nf_conntrack
NF_NAT nf_nat
NF_TABLES nf_tables
NETFILTER_XTABLES x_tables
IP_NF_IPTABLES ip_tables
IP_NF_FILTER iptable_filter
IP_NF_NAT iptable_nat
IP_NF_MANGLE iptable_mangle
NETFILTER_XT_SET xt_set
NETFILTER_XT_NAT xt_nat
NETFILTER_XT_MATCH_COMMENT xt_comment
NETFILTER_XT_MATCH_CONNTRACK xt_conntrack
NETFILTER_XT_MATCH_STATISTIC xt_statistic
IP_SET ip_set
IP_VS ip_vs
IP_VS_RR ip_vs_rr
IP_VS_WRR ip_vs_wrr
IP_VS_SH ip_vs_sh
EOF
}

build_tools() ( # BASE DESTINATION
  root=$2.root upper=$2.new work=$2.work packages=()
  # shellcheck disable=SC2317,SC2329  # called by the trap
  unmount() {
    if mountpoint -q "$root/proc"; then umount "$root/proc"; fi
    if mountpoint -q "$root"; then umount "$root"; fi
    rm -rf "$work" "$root"
  }
  trap unmount EXIT
  unmount
  rm -rf "$upper"
  mkdir -p "$upper" "$work" "$root"
  mount -t overlay hardway-e2e-tools -o "lowerdir=$1,upperdir=$upper,workdir=$work" "$root"
  mount -t proc proc "$root/proc"
  apt_sources >"$root/etc/apt/sources.list"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  # No daemon starts while its package is installed.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  read -r -d '' -a packages <<<"$TOOLS_PACKAGES" || true
  in_root "$root" nice apt-get -qq -o Acquire::Check-Valid-Until=false update
  in_root "$root" nice apt-get -qq -y --no-install-recommends install "${packages[@]}"
  unpack_programs "$root"
  install_runc_shim "$root"
  # Control planes run no containers; a test enables it where it is wanted. Nor is anything
  # balanced before a bundle says so.
  in_root "$root" systemctl disable containerd haproxy keepalived
  scrub_apt "$root"
  printf '# no name server in the lab\n' >"$root/etc/resolv.conf"
  unmount
  mv -T "$upper" "$2"
)

unpack_programs() { # ROOT
  local deb packages=() dir=$1/var/tmp/unpacked
  read -r -d '' -a packages <<<"$UNPACKED_PACKAGES" || true
  mkdir -p "$dir" "$1/opt/cni/bin" "$1/usr/local/share/lab"
  in_root "$1" sh -euc "cd /var/tmp/unpacked && apt-get -qq -o APT::Sandbox::User=root download ${packages[*]}"
  for deb in "$dir"/*.deb; do dpkg-deb -x "$deb" "$dir"; done
  install -m 755 "$dir"/usr/bin/{etcd,etcdctl} "$1/usr/local/bin/"
  install -m 755 "$dir"/usr/lib/cni/* "$1/opt/cni/bin/"
  build_image "$dir/bin/busybox" "$1/usr/local/share/lab/image.tar"
  rm -rf "$dir"
}

# One image for all: it sleeps until it is told to end, as a sandbox's container has to, and
# holds a shell, a web server and a client for the pods of tests. No registry is needed to
# get it onto a host.
build_image() { # BUSYBOX ARCHIVE
  local dir applet sum
  dir=$(mktemp -d)
  mkdir -p "$dir"/layer/{bin,etc,tmp,proc,sys,dev}
  for applet in $("$1" --list); do ln -sfn busybox "$dir/layer/bin/$applet"; done
  rm -f "$dir/layer/bin/busybox"
  install -m 755 "$1" "$dir/layer/bin/busybox"
  printf 'root:x:0:0::/:/bin/sh\n' >"$dir/layer/etc/passwd"
  tar -C "$dir/layer" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$dir/layer.tar" .
  sum=$(sha256sum "$dir/layer.tar")
  printf '{"architecture":"%s","os":"linux","config":{"Env":["PATH=/bin"],"Entrypoint":["/bin/sh","-c","trap exit TERM; sleep 2147483647 & wait"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}\n' \
    "$(dpkg --print-architecture)" "${sum:0:64}" >"$dir/config.json"
  printf '[{"Config":"config.json","RepoTags":[%s],"Layers":["layer.tar"]}]\n' "$IMAGE_TAGS" >"$dir/manifest.json"
  tar -C "$dir" -cf "$2" manifest.json config.json layer.tar
  rm -rf "$dir"
}

# Where this machine lacks CAP_SYS_RESOURCE nothing may lower oom_score_adj, and runc fails
# on every pod sandbox (-998); the stand-in takes just that wish out of the spec.
install_runc_shim() { # ROOT
  in_root "$1" dpkg-divert --quiet --local --rename --divert /usr/sbin/runc.real /usr/sbin/runc
  cat >"$1/usr/sbin/runc" <<'EOF'
#!/bin/sh
caps=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
if [ $(( 0x$caps >> 24 & 1 )) -eq 0 ]; then
  bundle=. spec='' last=''
  for arg in "$@"; do
    case $last in --bundle | -b) bundle=$arg ;; --process | -p) spec=$arg ;; esac
    case $arg in --bundle=*) bundle=${arg#*=} ;; --process=*) spec=${arg#*=} ;; esac
    last=$arg
  done
  for file in "$bundle/config.json" "$spec"; do
    if [ -f "$file" ]; then sed -i 's/"oomScoreAdj": *-[0-9]*/"oomScoreAdj":0/' "$file"; fi
  done
fi
exec /usr/sbin/runc.real "$@"
EOF
  chmod 755 "$1/usr/sbin/runc"
}

scrub_apt() { # ROOT
  rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin "$1"/var/log/*
  rm -f "$1"/var/cache/apt/archives/*.deb "$1"/etc/apt/sources.list.d/* "$1/usr/sbin/policy-rc.d"
  : >"$1/etc/apt/sources.list"
}
