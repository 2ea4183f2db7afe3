#!/bin/bash
#
# install.sh - installs this bundle on the host it was made for, shows how that
# went, and takes it away again. Run ./install.sh --help for its use.
#
# It is the same for every host: all it knows about this one stands in the file
# `manifest`, whose every word is checked for its shape before it is used.
# Needs bash 4.2 and a base Debian, Ubuntu or RHEL family system.
#
# What `install` does, in order:
#   1. open_bundle   the bundle is whole: sums, manifest, nothing surplus
#   2. preflight     every problem of this host at once; nothing has changed yet
#   3. stage         the binaries that differ: found or fetched, held against their
#                    sums and unpacked; nothing but our own folder has changed yet
#   4. apply         users, folders, binaries, files, blocks, unit links; removes what
#                    an earlier bundle had installed and this one has not
#   5. activate      modules, sysctl, images that the runtime lacks, then (re)starts
#                    what changed
#   6. watch         waits, not for ever, until the units are active
#
# What it keeps, below /var/lib/hardway (mode 0700):
#   manifest, receipt  what is installed
#   pending            what has to be restarted still: written before the file
#                      that makes it necessary, so that no kill can lose it
#   created            users, groups and folders that were not there before us
#   once               units of the kind `once` that have succeeded
#   data               which cluster the data folders belong to
#   staged/            binaries on their way to their place, and downloads
#   backups/NNNN/      one transaction: `state` (open, done), `entries` (the
#                      journal: what stood where), `files` (the bytes of it)
#
# The rule that makes kill -9 harmless: first the journal, then the change, and
# each file is renamed into place. The first entry for a path in a transaction
# stands, so a second run never mistakes a half-installed file for the original.

set -euo pipefail
umask 077
export LC_ALL=C TZ=UTC0 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset CDPATH GLOBIGNORE BASH_ENV ENV

# ------------------------------------------------------------ tables, globals

readonly EXIT_OK=0 EXIT_FOUND=1 EXIT_USAGE=2 EXIT_ENVIRONMENT=3
readonly BACKUPS_KEPT=10 SETTLE_SECONDS=3 LOCK_SECONDS=5 LONELY_SECONDS=30 IMPORT_SECONDS=900 ANEW_SECONDS=8 MOST_ANEW=5 FETCH_ATTEMPTS=5
readonly POD_SECONDS=30 # as long as the kubelet gives a pod that says nothing else
readonly KUBELET_DIR=/var/lib/kubelet
readonly STAGED=.hardway.new # beside files: a folder of what is about to replace them
readonly LIVE_LOCK=/run/hardway.lock
readonly LOCAL_MODULES=/etc/modules-load.d/11-k8s-modules-local.conf

# The statements of a manifest and the shapes of their words. See docs/manifest.md.
declare -rA STATEMENTS=(
  [release]='word' [cluster]='word' [cluster-id]='word' [kubernetes]='word'
  [etcd]='word' [endpoint]='word port label' [bootstrap]='label'
  [host]='label' [fqdn]='dns' [address]='address' [arch]='arch' [role]='label'
  [binary]='path word' [archive]='name sum' [download]='name sum url' [images]='name sum' [image]='reference digest'
  [program]='mode owner path units sum name member' [command]='command package package' [clock]='' [swap]='off' [cgroup]='two'
  [runtime]='label unit- path-' [port]='tcp port unit' [space]='path number'
  [peer]='label where port' [module]='module need' [user]='user path' [data]='path'
  [generated]='path' [awaited]='unit path' [dir]='mode owner path' [file]='mode owner path units'
  [block]='mode owner path units' [unit]='unit start'
)
readonly UNIT='[A-Za-z0-9][A-Za-z0-9:_.@-]*\.(service|timer|socket|target|mount|path)'
readonly NAME='[A-Za-z0-9][A-Za-z0-9._+-]*'
readonly PATH_SHAPE='(/[A-Za-z0-9._@:+%=~-]+)+'
declare -rA SHAPES=(
  [word]='[A-Za-z0-9._:+~-]+' [label]='[a-z0-9]([a-z0-9-]*[a-z0-9])?'
  [dns]='(-|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)' [address]='[0-9a-f.:]+' [where]='([0-9a-f.:]+|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)' [arch]='(amd64|arm64)'
  [reference]='[A-Za-z0-9][A-Za-z0-9._:/@-]*' [digest]='sha256:[0-9a-f]{64}'
  [path]="$PATH_SHAPE" [path-]="(-|$PATH_SHAPE)" [command]='[A-Za-z0-9][A-Za-z0-9._+-]*'
  [name]="$NAME" [sum]='[0-9a-f]{64}' [member]="(-|(\\./)?$NAME(/$NAME)*)"
  [url]='https?://[A-Za-z0-9._:+%=,/~@-]+' [package]='(-|[A-Za-z0-9][A-Za-z0-9.+_-]*)' [off]='off' [tcp]='tcp' [two]='2'
  [unit]="$UNIT" [unit-]="(-|$UNIT)" [units]="(-|$UNIT(,$UNIT)*)"
  [port]='[1-9][0-9]{0,4}' [number]='[0-9]{1,9}' [module]='[A-Za-z0-9_][A-Za-z0-9_-]*'
  [need]='(required|optional)' [user]='[a-z_][a-z0-9_-]{0,31}' [mode]='0[0-7]{3}'
  [owner]='[a-z_][a-z0-9_-]{0,31}:[a-z_][a-z0-9_-]{0,31}' [start]='(enable|reload|once|runtime)'
)
# What does not work without a kernel module.
declare -rA MODULE_USE=(
  [br_netfilter]='services are not reachable from pods on the same host'
  [overlay]='the container runtime has to fall back to a slower snapshotter'
  [nf_conntrack]='kube-proxy cannot track connections'
  [nf_tables]='kube-proxy cannot run in nftables mode'
  [ip_vs]='kube-proxy cannot run in ipvs mode'
)

BUNDLE=$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly BUNDLE MANIFEST=$BUNDLE/manifest
VERB=install ROOT='' STATE='' LOG=''
DRY_RUN=false YES=false NO_START=false SET_HOSTNAME=false INSTALL_PACKAGES=false PURGE_DATA=false
WAIT_SECONDS=${HARDWAY_WAIT_SECONDS:-90}
SKIP_CHOWN=false SYNC_FILES=false
SCRATCH='' TEMP='' TX='' LOCK=''
TARGET='' IDS='' DEVICE='' NOW=0 LINES=() # results of resolve, ids_of, file_system_of, now and list_without
ENDED=false RELABEL=false RESUMED=false
PROBLEMS=0 DIFFERENCES=0 CREATED=0 CHANGED=0 REMOVED=0 UNCHANGED=0
declare -A DEVICES=() FOLDERS=() NEED=() FREE=() # file systems, see check_place
declare -A NOTED=() WRITTEN=() UID_OF=() GID_OF=()
declare -A STATED=() PATHS=() SUM_OF=() # of the bundle: statements and paths by their kind, sums by path
declare -A ENABLED=() ACTIVE=() # of units: see look_at_units and look_at_states
declare -A FOUND=() MODES=()            # of files on this host: sum, and mode and owner, see look_at
declare -A NEW_DIRS=() PLANS=()         # these and the next: what write_gathered puts on the disk
GATHERING=false NOTES=() COPIES=()
STAGING=() PREFIXED=() # see place_files
SHORT='' BLOCKED=''
PLANNED='' RESTARTED='' STARTED='' REFUSED='' CLIENTS='' WAITING='' FAILED='' RESTARTING='' # lists of units, separated by blanks
RETIRED='' AWAITED='' # of UNIT:PATH
BEGUN=0 BEGUN_ANEW=0 # when the units of AWAITED were started last, and how often anew

usage() {
  cat <<'EOF'
Usage: ./install.sh [install|preflight|verify|status|rollback|uninstall] [OPTION...]

  install     checks the host, then installs this bundle and starts its units (the default)
  preflight   lists every problem of this host, and the way to fix each; changes nothing
  verify      compares what is installed with this bundle
  status      shows the state of the units
  rollback    puts back what stood here before the last install
  uninstall   stops the units and removes every installed file; keeps data

  --dry-run            print what would change, change nothing
  --yes                do not ask (uninstall)
  --root DIR           work on the system below DIR; starts nothing
  --no-start           install and enable, but start nothing
  --set-hostname       give this machine the host name of the bundle first
  --install-packages   install the missing packages of the distribution
  --purge-data         with uninstall --yes: delete data too, such as that of etcd
  --help               print this

HARDWAY_WAIT_SECONDS   how long to wait for the units to become active (90)

Exit status: 0 done; 1 a check found something (preflight, verify, status, a unit
that failed); 2 wrong usage, or the bundle is not whole; 3 the environment failed (disk full, no permission). Log: /var/log/hardway-install.log
EOF
}

main() {
  parse_arguments "$@"
  trap clean_up EXIT
  trap 'fail "$EXIT_ENVIRONMENT" "interrupted; run it again to finish, or rollback"' INT TERM HUP
  SCRATCH=$(mktemp -d) || fail "$EXIT_ENVIRONMENT" "cannot make a temporary folder"
  open_bundle
  # Who may not read our notes would be told that there is nothing.
  case $VERB in verify | status | rollback | uninstall) need_root ;; esac
  case $VERB in
    install) run_install ;;
    preflight) run_preflight ;;
    verify) run_verify ;;
    status) run_status ;;
    rollback) run_rollback ;;
    uninstall) run_uninstall ;;
  esac
}

parse_arguments() {
  local verb_given=false
  while (($#)); do
    case $1 in
      install | preflight | verify | status | rollback | uninstall)
        ! $verb_given || usage_error "two verbs: $VERB and $1"
        VERB=$1 verb_given=true
        ;;
      --dry-run) DRY_RUN=true ;;
      --yes) YES=true ;;
      --no-start) NO_START=true ;;
      --set-hostname) SET_HOSTNAME=true ;;
      --install-packages) INSTALL_PACKAGES=true ;;
      --purge-data) PURGE_DATA=true ;;
      --root)
        (($# > 1)) || usage_error "--root needs a folder"
        ROOT=$2
        shift
        [[ -n $ROOT ]] || usage_error "--root needs a folder"
        ;;
      --root=?*) ROOT=${1#--root=} ;;
      --help)
        usage
        exit "$EXIT_OK"
        ;;
      *) usage_error "unknown argument: $1" ;;
    esac
    shift
  done
  check_options
}

check_options() {
  [[ $WAIT_SECONDS =~ ^[0-9]{1,5}$ ]] || usage_error "HARDWAY_WAIT_SECONDS is not a number of seconds: $WAIT_SECONDS"
  WAIT_SECONDS=$((10#$WAIT_SECONDS))
  if $PURGE_DATA && [[ $VERB != uninstall ]]; then usage_error "--purge-data goes with uninstall only"; fi
  if $PURGE_DATA && ! $YES && ! $DRY_RUN; then usage_error "--purge-data deletes data for good: give --yes too"; fi
  if [[ -n $ROOT ]]; then
    [[ -d $ROOT ]] || usage_error "--root: no such folder: $ROOT"
    ROOT=$(cd -P -- "$ROOT" && pwd) || usage_error "--root: cannot enter $ROOT"
    [[ $ROOT != / ]] || usage_error "--root /: that is this machine; leave --root out"
    [[ $VERB != status ]] || usage_error "status needs a running system; it does not go with --root"
    NO_START=true
    if ((EUID != 0)); then SKIP_CHOWN=true; fi
  fi
  STATE=$ROOT/var/lib/hardway
  if [[ -n $ROOT ]]; then
    contain "$STATE"
    contain "$ROOT/var/log"
  elif have selinuxenabled && have restorecon && selinuxenabled; then
    RELABEL=true
  fi
  if [[ $(sync --help 2>&1) == *--data* ]]; then SYNC_FILES=true; fi
}

# -------------------------------------------------------------------- output

say() { # MESSAGE: for the operator, and for the log once it is open
  printf '%s\n' "$1"
  if [[ -n $LOG ]]; then printf '%(%Y-%m-%dT%H:%M:%SZ)T %s\n' -1 "$1" >>"$LOG" || true; fi
}

notice() { say "notice: $1"; }
warn() { say "warning: $1"; }

usage_error() {
  printf 'error: %s\n  fix: see ./install.sh --help\n' "$1" >&2
  exit "$EXIT_USAGE"
}

fail() { # STATUS MESSAGE
  say "error: $2" >&2
  end "$1"
}

end() { # STATUS: on purpose, and the reason has been said
  ENDED=true
  exit "$1"
}

refuse_bundle() { fail "$EXIT_USAGE" "this bundle is not whole: $1; copy and unpack it again (nothing was changed)"; }

must() { # COMMAND...: runs it, or ends the run
  "$@" || fail "$EXIT_ENVIRONMENT" "failed: $*"
}

open_log() {
  $DRY_RUN && return
  local log=$ROOT/var/log/hardway-install.log
  [[ -d ${log%/*} && ! -L $log ]] || return 0
  if : 2>/dev/null >>"$log"; then LOG=$log; fi
  say "hardway $(single release): $VERB on $(single host), cluster $(single cluster)"
}

# Runs at every exit, also in the middle of a write: `|| true` keeps the status.
# shellcheck disable=SC2317  # called by the trap
clean_up() {
  local status=$? pid
  for pid in $CLIENTS; do kill "$pid" 2>/dev/null || true; done
  if [[ -n $TEMP ]]; then rm -f -- "$TEMP" || true; fi
  if ((${#STAGING[@]})); then rm -rf -- "${STAGING[@]}" || true; fi
  if [[ -n $SCRATCH ]]; then rm -rf -- "$SCRATCH" || true; fi
  if [[ -n $LOCK ]]; then rm -f -- "$LOCK" || true; fi
  # A command failed that must not, such as a write to a full disk, and nobody has said so. (3 was said
  # in a subshell; above 128 a signal ended us.)
  $ENDED || ((status == 0 || status == EXIT_ENVIRONMENT || status > 128)) || {
    say "error: ended unexpectedly (is a disk full?); run it again to finish, or rollback" >&2 || true
    exit "$EXIT_ENVIRONMENT"
  }
}

# -------------------------------------------------------------- 1. the bundle

open_bundle() {
  check_manifest
  check_sums
  check_contents
}

check_manifest() {
  local line number=0
  [[ -f $MANIFEST && ! -L $MANIFEST ]] || refuse_bundle "it has no manifest"
  while IFS= read -r line || [[ -n $line ]]; do
    number=$((number + 1))
    if ((number == 1)); then
      [[ $line == 'hardway-manifest 1' ]] || refuse_bundle "manifest:1: not a manifest of format 1"
      continue
    fi
    [[ $line == '' || $line == '#'* ]] || check_statement "$number" "$line"
  done <"$MANIFEST"
  check_singles
  check_references
}

check_statement() { # NUMBER LINE
  local shape word rest=$2 words=() shapes=()
  # A glob or a quote never gets further than this line: words are plain characters.
  [[ $rest =~ ^[A-Za-z0-9._@:+%=,/~-]+(\ [A-Za-z0-9._@:+%=,/~-]+)*$ ]] ||
    refuse_bundle "manifest:$1: a character that no word may hold, or not one blank between words"
  read -r -a words <<<"$rest"
  [[ -n ${STATEMENTS[${words[0]}]+known} ]] || refuse_bundle "manifest:$1: unknown statement '${words[0]}'"
  read -r -a shapes <<<"${STATEMENTS[${words[0]}]}" || true
  ((${#words[@]} == ${#shapes[@]} + 1)) || refuse_bundle "manifest:$1: '${words[0]}' takes ${#shapes[@]} words"
  local i
  for ((i = 0; i < ${#shapes[@]}; i++)); do
    shape=${shapes[i]} word=${words[i + 1]}
    [[ $word =~ ^${SHAPES[$shape]}$ ]] || refuse_bundle "manifest:$1: '$word' is not a $shape"
    if [[ $shape == path* && /$word/ =~ /\.\.?/ ]]; then refuse_bundle "manifest:$1: '$word' holds . or .."; fi
    if [[ $shape == port ]] && ((word > 65535)); then refuse_bundle "manifest:$1: '$word' is not a port"; fi
  done
  if [[ ${words[0]} == data ]]; then check_data_path "$1" "${words[1]}"; fi
  keep_statement "${words[@]}"
}

keep_statement() { # KIND WORD...
  local kind=$1
  shift
  STATED[$kind]=${STATED[$kind]-}"$*"$'\n'
  case $kind in file | block | program) PATHS[$kind]=${PATHS[$kind]-}$3$'\n' ;; esac
}

check_data_path() { # NUMBER PATH: uninstall --purge-data deletes such a path with all below it
  case $2 in
    /*/*) ;;
    *) refuse_bundle "manifest:$1: '$2' is too short for a data path" ;;
  esac
  case $2 in
    /usr/* | /boot/* | /dev/* | /proc/* | /sys/* | /bin/* | /sbin/* | /lib*/* | /etc/systemd | /etc/ssl | \
      /var/lib | /var/lib/hardway | /var/log | /var/cache | /var/run | /var/spool | /var/tmp | /var/lib/dpkg | /var/lib/rpm)
      refuse_bundle "manifest:$1: '$2' is no place for data" ;;
  esac
}

check_singles() {
  local word
  for word in release cluster kubernetes host fqdn arch; do
    [[ ${STATED[$word]-} == *$'\n' && ${STATED[$word]} != *$'\n'*$'\n' ]] || refuse_bundle "manifest: wants one '$word'"
  done
  [[ -n ${STATED[address]-} ]] || refuse_bundle "manifest: has no address"
}

check_references() { # no path twice, every unit and every source that is named is declared
  local twice declared sources _mode _owner path units unit _sum name _member
  declared=" $(statements unit "$MANIFEST" | cut -d ' ' -f 1 | tr '\n' ' ')"
  sources=" $(program_sources | cut -d ' ' -f 2 | tr '\n' ' ')"
  twice=$({ managed_paths file; managed_paths block; managed_paths program; program_sources | cut -d ' ' -f 2; } |
    sort | uniq -d | sed -n 1p)
  [[ -z $twice ]] || refuse_bundle "manifest: $twice stands there twice"
  while read -r _mode _owner path units _sum name _member; do
    [[ $sources == *" $name "* ]] || refuse_bundle "manifest: $path comes out of $name, which has no statement"
  done < <(statements program "$MANIFEST")
  while read -r _mode _owner path units _sum; do
    for unit in ${units//,/ }; do
      [[ $unit == - || $declared == *" $unit "* ]] || refuse_bundle "manifest: $path names $unit, which has no unit statement"
    done
  done < <(statements file "$MANIFEST" && statements block "$MANIFEST" && statements program "$MANIFEST")
}

check_sums() {
  local line shape="^[0-9a-f]{64}  (manifest|rootfs$PATH_SHAPE)\$"
  [[ -f $BUNDLE/SHA256SUMS && ! -L $BUNDLE/SHA256SUMS ]] || refuse_bundle "it has no SHA256SUMS"
  while IFS= read -r line || [[ -n $line ]]; do
    [[ $line =~ $shape && ! /$line/ =~ /\.\.?/ ]] || refuse_bundle "SHA256SUMS: a line that is none of its own"
    SUM_OF[${line:72}]=${line:0:64} # of /etc/…; what it is of the manifest is not asked for
    printf '%s\n' "${line:66}"
  done <"$BUNDLE/SHA256SUMS" >"$SCRATCH/listed"
  grep -qx manifest "$SCRATCH/listed" || refuse_bundle "SHA256SUMS does not cover the manifest"
  (cd -- "$BUNDLE" && sha256sum --check --strict --quiet SHA256SUMS) >"$SCRATCH/sums" 2>&1 || {
    sed 's/^/  /' "$SCRATCH/sums" >&2
    refuse_bundle "a file differs from its sum in SHA256SUMS"
  }
}

check_contents() { # rootfs/, SHA256SUMS and the manifest name the same files
  local odd
  if [[ -d $BUNDLE/rootfs ]]; then
    odd=$(find "$BUNDLE/rootfs" ! -type d ! -type f -printf '%P\n' | sed -n 1p)
    [[ -z $odd ]] || refuse_bundle "rootfs/$odd is neither a file nor a folder"
    find "$BUNDLE/rootfs" -type f -printf 'rootfs/%P\n' >"$SCRATCH/found"
  else
    : >"$SCRATCH/found"
  fi
  sort -- "$SCRATCH/found" >"$SCRATCH/present"
  grep -vx manifest "$SCRATCH/listed" | sort >"$SCRATCH/summed" || true
  { managed_paths file; managed_paths block; } | sed 's/^/rootfs/' | sort >"$SCRATCH/stated"
  compare_lists "$SCRATCH/present" "$SCRATCH/summed" "SHA256SUMS"
  compare_lists "$SCRATCH/present" "$SCRATCH/stated" "the manifest"
  while read -r odd; do
    [[ $(block_ranges "$BUNDLE/rootfs$odd") == "1 $(wc -l <"$BUNDLE/rootfs$odd")" ]] ||
      refuse_bundle "rootfs$odd is not one hardway block"
  done < <(managed_paths block)
}

compare_lists() { # PRESENT NAMED WHERE
  local odd
  odd=$(comm -23 "$1" "$2" | sed -n 1p)
  [[ -z $odd ]] || refuse_bundle "$odd is there, but $3 does not name it"
  odd=$(comm -13 "$1" "$2" | sed -n 1p)
  [[ -z $odd ]] || refuse_bundle "$3 names $odd, which is not there"
}

statements() { # KIND FILE...: the words of its statements of that kind, one statement per line
  local kind=$1
  shift
  # That of the bundle was read once.
  if (($# == 1)) && [[ $1 == "$MANIFEST" ]]; then
    printf '%s' "${STATED[$kind]-}"
    return
  fi
  sed -n -e "s|^$kind ||p;t" -e "s|^$kind\$||p" -- "$@"
}

single() { if [[ -n ${STATED[$1]-} ]]; then printf '%s\n' "${STATED[$1]%%$'\n'*}"; fi; }
managed_paths() { printf '%s' "${PATHS[$1]-}"; }
program_sources() { # lines "KIND NAME SUM [URL]"
  if [[ -z ${STATED[archive]-}${STATED[download]-} ]]; then return 0; fi
  sed -n -E '/^(archive|download) /p' -- "$MANIFEST"
}
cluster_id() {
  local id
  id=$(single cluster-id)
  printf '%s\n' "${id:-$(single cluster)}"
}

# What has left something on this host: the installed manifest, and of those of a
# transaction that was interrupted what it had reached.
installed_statements() { # KIND
  local state
  {
    if [[ -f $STATE/manifest ]]; then statements "$1" "$STATE/manifest"; fi
    for state in "$STATE"/backups/[0-9]*/state; do
      if is_open "${state%/state}"; then reached_statements "$1" "${state%/state}"; fi
    done
  } | awk '!seen[$0]++'
}

# Files and binaries of ours, as lines "MODE OWNER PATH UNITS".
installed_files() { { installed_statements file; installed_statements program; } | cut -d ' ' -f 1-4; }

# A file or unit without an entry in the journal is as it was before: the host's own, or not there.
reached_statements() { # KIND DIR
  local journal=$2/entries
  [[ -f $journal ]] || journal=/dev/null
  statements "$1" "$2"/attempted.* | awk -v kind="$1" -v modules="$LOCAL_MODULES" '
    FILENAME == ARGV[1] { if ($NF == ".") noted[$(NF - 1)] = 1; next }
    (kind == "file" || kind == "program") && !noted[$3] { next }
    kind == "generated" && !noted[$1] { next }
    kind == "module" && !noted[modules] { next }
    kind == "unit" && !noted[$1] && !noted["/etc/systemd/system/" $1] { next }
    { print }' "$journal" - |
    if [[ $1 == unit ]]; then reached_units "$2"; else cat; fi
}

# The journal names unit files before the first is replaced: where one is as it was, the unit is the host's own.
reached_units() { # DIR: of the statements on standard input
  local unit start TX=$1
  while read -r unit start; do
    if grep -q -F -- " $unit ." "$TX/entries" || differs_from_backup "/etc/systemd/system/$unit"; then
      printf '%s %s\n' "$unit" "$start"
    fi
  done
}

differs_from_backup() { # PATH: of a file that the journal names
  resolve "$1"
  if [[ -e $TX/files$1 || -L $TX/files$1 ]]; then
    if same_as_backup "$1"; then return 1; fi
  else
    [[ -e $TARGET || -L $TARGET ]]
  fi
}

# ---------------------------------------------------------------- the verbs

run_preflight() {
  preflight
  if ((PROBLEMS)); then
    say "preflight: $PROBLEMS problem(s)"
    end "$EXIT_FOUND"
  fi
  say "preflight: ready"
}

run_install() {
  preflight
  if ((PROBLEMS)); then
    say "$PROBLEMS problem(s), nothing was changed"
    end "$EXIT_FOUND"
  fi
  if ! $DRY_RUN; then
    take_lock
    open_log
    if $INSTALL_PACKAGES; then install_packages; fi
    stage_programs
  fi
  continue_transaction
  apply
  commit
  remove_staged
  if $DRY_RUN; then
    say "dry run: $(totals)"
  elif $NO_START; then
    say "done: $(totals); nothing was started"
  else
    activate
    watch_units
  fi
}

totals() { printf '%s created, %s changed, %s removed, %s unchanged' "$CREATED" "$CHANGED" "$REMOVED" "$UNCHANGED"; }

run_verify() {
  local mode owner path units unit start sum
  while read -r mode owner path; do verify_dir "$mode" "$owner" "$path"; done < <(statements dir "$MANIFEST")
  while read -r mode owner path units sum _; do
    resolve "$path"
    ids_of "$owner"
    verify_file "$path" "$mode" "$owner" "$sum"
  done < <(statements program "$MANIFEST")
  while read -r mode owner path units; do
    resolve "$path"
    ids_of "$owner"
    verify_file "$path" "$mode" "$owner"
  done < <(statements file "$MANIFEST")
  while read -r mode owner path units; do verify_block "$path"; done < <(statements block "$MANIFEST")
  while read -r unit start; do verify_unit "$unit" "$start"; done < <(statements unit "$MANIFEST")
  if ((DIFFERENCES)); then
    say "verify: $DIFFERENCES difference(s)"
    end "$EXIT_FOUND"
  fi
  say "verify: what is installed is what this bundle holds"
}

difference() {
  DIFFERENCES=$((DIFFERENCES + 1))
  say "verify: $1"
}

verify_dir() { # MODE OWNER PATH
  resolve "$3"
  ids_of "$2"
  if [[ ! -d $TARGET ]]; then
    difference "$3: missing"
  elif ! has_mode_and_owner "$1"; then
    difference "$3: mode and owner are $(stat -L -c '%a %U:%G' -- "$TARGET"), wanted ${1#0} $2"
  fi
}

verify_file() { # PATH MODE OWNER [SUM]: a binary has no bytes in the bundle, but a sum
  if [[ ! -e $TARGET && ! -L $TARGET ]]; then
    difference "$1: missing"
  elif [[ -L $TARGET || ! -f $TARGET ]]; then
    difference "$1: not a plain file"
  else
    if [[ -n ${4-} ]]; then has_sum "$4"; else cmp -s -- "$BUNDLE/rootfs$1" "$TARGET"; fi || difference "$1: content differs"
    has_mode_and_owner "$2" || difference "$1: mode and owner are $(stat -c '%a %U:%G' -- "$TARGET"), wanted ${2#0} $3"
  fi
}

verify_block() { # PATH
  resolve "$1"
  if [[ ! -f $TARGET ]]; then
    difference "$1: missing"
    return
  fi
  extract_block "$TARGET" >"$SCRATCH/block"
  cmp -s -- "$BUNDLE/rootfs$1" "$SCRATCH/block" || difference "$1: the hardway block differs"
}

verify_unit() { # UNIT START
  is_for_boot "$1" "$2" || return 0
  is_enabled "$1" || difference "$1: not enabled"
  if [[ -z $ROOT && $2 != once ]] && ! systemctl is-active --quiet "$1"; then difference "$1: not active"; fi
}

run_status() {
  local unit start sick='' state
  if [[ -f $STATE/receipt ]]; then
    sed -n -E 's/^(release|cluster|kubernetes|host|installed) /\1: /p' "$STATE/receipt"
    grep -qx "bundle $(bundle_sum)" "$STATE/receipt" || notice "what is installed is not this bundle"
  else
    say "nothing is installed here"
    sick=' (not installed)'
  fi
  if open_transaction_exists; then
    notice "an install was interrupted: run ./install.sh again, or rollback"
    sick="$sick (interrupted)"
  fi
  while read -r unit start; do
    state=$(unit_property "$unit" ActiveState)
    printf '%-36s %-10s %-14s since %s\n' "$unit" "$state" "$(unit_property "$unit" SubState)" \
      "$(unit_property "$unit" StateChangeTimestamp)"
    case $start:$state in
      enable:active | reload:active | runtime:active) ;;
      # It may have succeeded after the install that started it had ended, and is inactive after a reboot.
      once:active) if [[ -f $STATE/manifest ]]; then note_success "$unit"; fi ;;
      once:inactive) list_has once "$unit" || sick="$sick $unit" ;;
      *) sick="$sick $unit" ;;
    esac
  done < <(statements unit "$MANIFEST")
  if [[ -n $sick ]]; then
    name_missing_peers
    say "not healthy:$sick"
    end "$EXIT_FOUND"
  fi
  say "healthy"
}

# ------------------------------------------------------------- 2. preflight

preflight() {
  check_system
  check_host
  check_tools
  check_programs
  check_place
  if [[ -z $ROOT ]]; then
    check_ports
    check_swap
    check_cgroup
    check_runtime
    check_images
    check_clock
    check_kernel
    check_guards
  fi
  check_certificates
  $SKIP_CHOWN || check_owners
  check_existing
  check_data
}

problem() { # MESSAGE FIX
  PROBLEMS=$((PROBLEMS + 1))
  say "preflight: problem: $1"
  say "  fix: $2"
}

caution() { # MESSAGE FIX
  say "preflight: warning: $1"
  say "  fix: $2"
}

info() { say "preflight: info: $1"; }

# On an image being built, a program may come later; on a running host it may not.
lack() { if [[ -n $ROOT ]]; then caution "$@"; else problem "$@"; fi; }

check_system() {
  if [[ -n $ROOT ]]; then
    if $SKIP_CHOWN; then info "not root: owners of files are not set and not compared"; fi
    return
  fi
  ((EUID == 0)) || problem "not root" "run it as root: sudo ./install.sh"
  [[ -d /run/systemd/system ]] || problem "systemd does not run this machine" "boot it with systemd, or install below another folder with --root DIR"
  have ip || problem "the program ip is missing" "install iproute2 (Debian, Ubuntu) or iproute (RHEL)"
}

have() { command -v -- "$1" >/dev/null 2>&1; }

check_host() {
  local name host address machine arch
  host=$(single host) arch=$(single arch)
  name=$(current_hostname)
  if [[ -z $name ]]; then
    info "no /etc/hostname below $ROOT: the host name is not checked"
  elif ! is_our_name "$name" && ! $SET_HOSTNAME; then
    problem "wrong host: this machine is called '$name', the bundle is for '$host'" \
      "take the bundle of '$name', or run ./install.sh --set-hostname"
  fi
  machine=$(uname -m)
  case $machine in
    x86_64) machine=amd64 ;;
    aarch64) machine=arm64 ;;
  esac
  [[ $machine == "$arch" ]] || problem "wrong architecture: this machine is $machine, the bundle is for $arch" \
    "set 'arch: $machine' for $host in the inventory and render again"
  if [[ -n $ROOT ]] || ! have ip; then return 0; fi
  ip -o addr show | awk '{ sub(/\/.*/, "", $4); print $4 }' >"$SCRATCH/addresses"
  while read -r address; do
    grep -qxF -- "$address" "$SCRATCH/addresses" ||
      problem "address $address is on no interface of this machine" \
        "configure it, take the bundle of this host, or correct the inventory and render again"
  done < <(statements address "$MANIFEST")
}

is_our_name() { [[ $1 == "$(single host)" || $1 == "$(single fqdn)" || ${1%%.*} == "$(single host)" ]]; }

current_hostname() {
  local name=''
  if [[ -z $ROOT ]]; then
    name=$(uname -n)
  elif [[ -f $ROOT/etc/hostname ]]; then
    read -r name <"$ROOT/etc/hostname" || true
  fi
  printf '%s\n' "${name,,}"
}

check_tools() {
  local path version name debian redhat tool missing='' packages
  for tool in awk cmp comm cut dd df find flock grep mktemp readlink sed sha256sum sort stat; do
    have "$tool" || problem "the program $tool is missing" "install the base packages of the distribution"
  done
  while read -r path version; do check_binary "$path" "$version"; done < <(statements binary "$MANIFEST")
  while read -r name debian redhat; do
    in_system "$name" || missing="$missing $name"
  done < <(statements command "$MANIFEST")
  [[ -n $missing ]] || return 0
  packages=$(missing_packages)
  if $INSTALL_PACKAGES && [[ -z $ROOT && -n $packages ]]; then
    info "will install:$packages"
  else
    lack "programs are missing:$missing" "$(package_command)$packages (or run ./install.sh --install-packages)"
  fi
}

in_system() { # NAME
  local dir
  for dir in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
    [[ -x $ROOT$dir/$1 ]] && return 0
  done
  return 1
}

package_command() {
  if have apt-get; then
    printf 'apt-get install -y'
  elif have dnf; then
    printf 'dnf install -y'
  else
    printf 'yum install -y'
  fi
}

missing_packages() { # with a blank before each
  local name debian redhat package
  while read -r name debian redhat; do
    in_system "$name" && continue
    package=$redhat
    if have apt-get; then package=$debian; fi
    [[ $package == - ]] || printf '%s\n' "$package"
  done < <(statements command "$MANIFEST") | sort -u | sed 's/^/ /' | tr -d '\n'
}

check_binary() { # PATH VERSION
  local name=${1##*/} version=" $2" output shape machine
  [[ $2 != - ]] || version=''
  if [[ -f $BUNDLE/rootfs$1 || $'\n'${PATHS[program]-} == *$'\n'"$1"$'\n'* ]]; then return 0; fi
  if [[ ! -x $ROOT$1 || -d $ROOT$1 ]]; then
    lack "$1 is missing or cannot be executed" "put $name$version for $(single arch) there, mode 0755"
    return
  fi
  machine=$(elf_machine "$ROOT$1")
  if [[ -n $machine && $machine != "$(single arch)" ]]; then
    problem "$1 is for $machine, and this host is $(single arch)" "put $name$version for $(single arch) there, mode 0755"
    return
  fi
  if [[ $2 == - || -n $ROOT ]]; then return 0; fi
  case $name in
    kubectl) output=$(timeout 10 "$1" version --client </dev/null 2>&1) || true ;;
    etcdctl | etcdutl) output=$(ETCDCTL_API=3 timeout 10 "$1" version </dev/null 2>&1) || true ;;
    *) output=$(timeout 10 "$1" --version </dev/null 2>&1) || true ;;
  esac
  shape="(^|[^0-9A-Za-z.+-])v?${2//./\\.}(\$|[^0-9A-Za-z.+-])"
  [[ $output =~ $shape ]] && return 0
  case $name in
    kube*) problem "$1 is not version $2" "put $name $2 there, or set kubernetes.version in the inventory and render again" ;;
    *) caution "$1 does not say that it is version $2" "check: $1 --version" ;;
  esac
}

elf_machine() { # FILE: what a program is for, by bytes 4 to 7 and 18 of its header; nothing for a script
  local header=()
  read -r -d '' -a header < <(od -A n -v -t u1 -N 20 -- "$1" 2>/dev/null) || true
  ((${#header[@]} == 20)) && [[ ${header[*]:0:4} == '127 69 76 70' ]] || return 0
  case ${header[18]}.${header[19]} in
    62.0) printf 'amd64\n' ;;
    183.0) printf 'arm64\n' ;;
    3.0) printf '386\n' ;;
    40.0) printf 'arm\n' ;;
    *) printf 'another machine\n' ;;
  esac
}

# What binaries come out of: an archive beside the bundle is held against its sum now; what has to be
# fetched, once all else is ready. Nothing is asked of sources whose binaries are all in place.
check_programs() {
  local kind name sum url
  [[ -n $(program_sources) ]] || return 0
  find_stale_programs
  while read -r kind name sum url; do
    is_source_needed "$name" || continue
    case $kind in
      archive) check_archive "$name" "$sum" ;;
      download) check_fetcher "$url" ;;
    esac
  done < <(program_sources)
}

find_stale_programs() { # $SCRATCH/stale: the statements of binaries that are not in place
  local mode owner path units sum name member
  while read -r mode owner path units sum name member; do
    resolve "$path"
    if [[ ! -f $TARGET || -L $TARGET ]] || ! has_sum "$sum"; then
      printf '%s %s %s %s %s %s %s\n' "$mode" "$owner" "$path" "$units" "$sum" "$name" "$member"
    fi
  done < <(statements program "$MANIFEST") >"$SCRATCH/stale"
}

is_stale() { grep -q -F -- " $1 " "$SCRATCH/stale"; } # PATH
is_source_needed() { cut -d ' ' -f 6 -- "$SCRATCH/stale" | grep -qxF -- "$1"; } # NAME

has_sum() { [[ $(sum_of "$TARGET") == "$1" ]]; } # SUM: TARGET has it
sum_of() { sha256sum <"$1" | cut -d ' ' -f 1; }

check_archive() { # NAME SUM
  local file found
  file=$(find_beside "$1" binaries)
  if [[ -z $file ]]; then
    problem "$1, which holds binaries of this host, is not there" "copy out/binaries/$1 to $BUNDLE/ or $(dirname -- "$BUNDLE")/"
    return
  fi
  found=$(sum_of "$file")
  [[ $found == "$2" ]] || problem "$file is not whole: SHA-256 is $found, wanted $2" "copy out/binaries/$1 of the same render again"
}

check_fetcher() { # URL; said once
  if have curl || have wget; then return 0; fi
  [[ $BLOCKED != *'<curl>'* ]] || return 0
  BLOCKED="$BLOCKED<curl>"
  problem "binaries have to be fetched from $1, and neither curl nor wget is there" "$(package_command) curl"
}

check_place() { # free space, by file system
  local device mount
  add_up_space true
  find_short
  # What is there already wants no more of it. To see that costs a comparison of each file.
  if [[ -n $SHORT ]]; then
    add_up_space false
    find_short
  fi
  for device in $SHORT; do
    mount=$(stat -L -c %m -- "${FOLDERS[$device]}")
    problem "too little space on $mount: $((FREE[$device] / 1024)) MiB free, $((NEED[$device] / 1024 + 1)) MiB wanted" \
      "free or add space on $mount"
  done
}

add_up_space() { # ANEW: NEED, in KiB, as if nothing were installed, or of what is not yet
  local path mib size had='' paths
  NEED=()
  if ! $1 && [[ -f $STATE/manifest ]]; then had=$'\n'$(statements space "$STATE/manifest")$'\n'; fi
  mapfile -t paths < <(managed_paths file)
  look_at_file_systems /var/lib/hardway/backups ${paths[@]+"${paths[@]}"}
  while read -r path mib; do
    [[ $had != *$'\n'"$path $mib"$'\n'* ]] || continue
    file_system_of "$path/."
    NEED[$DEVICE]=$((${NEED[$DEVICE]:-0} + mib * 1024))
  done < <(statements space "$MANIFEST")
  while read -r size path; do
    path=${path#.}
    if ! $1 && is_there "$path"; then continue; fi
    size=$((size / 1024 + 8))
    # Once for the new file beside the old one, once for the backup of the old one.
    file_system_of "$path"
    NEED[$DEVICE]=$((${NEED[$DEVICE]:-0} + size))
    file_system_of /var/lib/hardway/backups
    NEED[$DEVICE]=$((${NEED[$DEVICE]:-0} + size))
  done < <(managed_paths file | sed 's/^/./' | (cd -- "$BUNDLE/rootfs" && xargs -r stat -c '%s %n' --))
}

is_there() { # PATH: with the bytes of the bundle
  resolve "$1"
  cmp -s -- "$BUNDLE/rootfs$1" "$TARGET"
}

find_short() { # SHORT: the file systems with less than NEED; FREE, in KiB
  local device blocks size
  SHORT=''
  for device in "${!NEED[@]}"; do
    read -r blocks size < <(stat -f -c '%a %S' -- "${FOLDERS[$device]}")
    FREE[$device]=$((blocks * size / 1024))
    ((FREE[$device] >= NEED[$device])) || SHORT="$SHORT $device"
  done
}

file_system_of() { # PATH: DEVICE becomes the number of the file system it is or will be on
  [[ -n ${DEVICES[$ROOT${1%/*}]-} ]] || look_at_file_systems "$1"
  DEVICE=${DEVICES[$ROOT${1%/*}]}
}

look_at_file_systems() { # PATH...: DEVICES and FOLDERS of all of them
  local path dir there device
  local -A places=() numbers=()
  for path; do
    dir=$ROOT${path%/*}
    there=$dir
    while [[ ! -d $there/. ]]; do there=${there%/*}; done
    places[$dir]=$there/.
  done
  while read -r device there; do
    numbers[$there]=$device FOLDERS[$device]=$there
  done < <(stat -L -c '%d %n' -- "${places[@]}")
  for dir in "${!places[@]}"; do DEVICES[$dir]=${numbers[${places[$dir]}]}; done
}

check_ports() {
  local _tcp number unit
  listeners >"$SCRATCH/listeners"
  while read -r _tcp number unit; do check_port "$number" "$unit"; done < <(statements port "$MANIFEST")
}

listeners() { # lines "PORT PID..." of what listens on tcp; without ss, ports only
  if have ss; then
    ss -ltnp | awk '$1 == "LISTEN" {
      port = $4; sub(/.*:/, "", port); line = port
      while (match($0, /pid=[0-9]+/)) { line = line " " substr($0, RSTART + 4, RLENGTH - 4); $0 = substr($0, RSTART + RLENGTH) }
      print line }'
  else
    local _slot address _remote state _rest
    while read -r _slot address _remote state _rest; do
      if [[ $state == 0A ]]; then printf '%d\n' "0x${address##*:}"; fi
    done < <(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null)
  fi
}

check_port() { # NUMBER UNIT
  local port pid pids owner
  while read -r port pids; do
    [[ $port == "$1" ]] || continue
    if [[ -z $pids ]]; then
      systemctl is-active --quiet "$2" || problem "port $1/tcp is taken (by whom cannot be seen)" "find out with ss -ltnp (package iproute2) and stop it"
      return
    fi
    for pid in $pids; do
      grep -q -F -- "/$2" "/proc/$pid/cgroup" 2>/dev/null && continue
      owner=$(cat "/proc/$pid/comm" 2>/dev/null) || owner='?'
      problem "port $1/tcp, which $2 needs, is taken by '${owner//[^A-Za-z0-9._:-]/?}' (pid $pid)" \
        "stop it (systemctl status $pid shows its unit), or give $2 another port"
      return
    done
  done <"$SCRATCH/listeners"
}

check_swap() {
  [[ -n $(single_word swap) ]] || return 0
  local lines
  [[ $(sed 1d /proc/swaps 2>/dev/null | wc -l) -gt 0 ]] || return 0
  lines=$(awk '$1 !~ /^#/ && $3 == "swap" { printf "%s%s", sep, NR; sep = ", " }' /etc/fstab 2>/dev/null) || lines=''
  problem "swap is on, and the kubelet does not start then" \
    "swapoff -a${lines:+, and put # before line $lines of /etc/fstab so that it stays off}"
}

single_word() { grep -x -m 1 -E -- "$1( .*)?" "$MANIFEST" || true; }

check_cgroup() {
  [[ -n $(statements cgroup "$MANIFEST") && $(stat -f -c %T /sys/fs/cgroup) != cgroup2fs ]] || return 0
  problem "this host has cgroup v1, with which the kubelet does not start" \
    "boot with systemd.unified_cgroup_hierarchy=1, or set components.kubelet.config.failCgroupV1 to false"
}

check_runtime() {
  local kind unit socket ours
  while read -r kind unit socket; do
    ours=$(statements unit "$MANIFEST" | grep -x -F -- "$unit enable") || ours=''
    if [[ $unit != - ]] && ! unit_exists "$unit" && [[ ! -f $BUNDLE/rootfs/etc/systemd/system/$unit ]]; then
      problem "the container runtime is missing: no unit $unit" "install $kind"
    elif [[ $socket != - && ! -S $socket && -z $ours ]]; then
      if [[ $unit == - ]]; then
        problem "the container runtime does not listen on $socket" "start it, or correct runtime.socket in the inventory"
      else
        problem "the container runtime does not listen on $socket" "systemctl enable --now $unit"
      fi
    fi
  done < <(statements runtime "$MANIFEST")
}

# Images for a host that can pull none: in an archive beside the bundle, for the container runtime.
check_images() {
  local name sum file found
  read -r name sum < <(statements images "$MANIFEST") || return 0
  if ! have "$(image_tool)"; then
    problem "the program $(image_tool), which takes images in, is missing" "install the package of the container runtime that has it"
    return
  fi
  find_missing_images
  [[ -s $SCRATCH/images ]] || return 0
  file=$(find_beside "$name" images)
  if [[ -z $file ]]; then
    problem "$name, which holds images for this host, is not there" "copy images/$name of the kit to $BUNDLE/ or ${BUNDLE%/*}/"
    return
  fi
  found=$(sum_of "$file")
  [[ $found == "$sum" ]] || problem "$file is not whole: SHA-256 is $found, wanted $sum" "copy images/$name of the same kit again"
}

find_beside() { # NAME FOLDER: a file in the bundle's folder, beside that, or in a FOLDER beside that
  local dir
  for dir in "$BUNDLE" "${BUNDLE%/*}" "${BUNDLE%/*}/$2"; do
    if [[ -f $dir/$1 ]]; then
      printf '%s\n' "$dir/$1"
      return
    fi
  done
}

image_tool() { if [[ $(statements runtime "$MANIFEST") == docker* ]]; then printf 'docker\n'; else printf 'ctr\n'; fi; }

find_missing_images() { # $SCRATCH/images: the image statements of what the runtime does not have
  local name digest
  if [[ $(image_tool) == ctr ]]; then
    kubernetes_ctr images list 2>/dev/null | awk '{ print $1, $3 }' >"$SCRATCH/present-images" || true
    statements image "$MANIFEST" | grep -vxF -f "$SCRATCH/present-images" >"$SCRATCH/images" || true
  else # which knows nothing of a manifest's digest
    while read -r name digest; do
      timeout 30 docker image inspect "$name" >/dev/null 2>&1 || printf '%s %s\n' "$name" "$digest"
    done < <(statements image "$MANIFEST") >"$SCRATCH/images"
  fi
}

kubernetes_ctr() { # ARGUMENT...: in the namespace that a kubelet's containerd uses
  local _kind _unit socket
  read -r _kind _unit socket < <(statements runtime "$MANIFEST")
  timeout -k 10 "$IMPORT_SECONDS" ctr --address "$socket" --namespace k8s.io "$@"
}

check_clock() {
  [[ -n $(single_word clock) ]] || return 0
  [[ $(timedatectl show -p NTPSynchronized 2>/dev/null) == *=yes ]] && return 0
  # True when one of them is.
  systemctl is-active --quiet {chronyd,chrony,ntpd,ntp,systemd-timesyncd,openntpd}.service 2>/dev/null && return 0
  caution "no service keeps the clock right; certificates and etcd need that" "$(package_command) chrony && systemctl enable --now chrony || systemctl enable --now chronyd"
}

check_kernel() {
  local name need controller
  while read -r name need; do
    if [[ $need == required ]] && ! module_known "$name"; then
      caution "the kernel has no module $name: ${MODULE_USE[$name]:-${MODULE_USE[${name%%_[a-z]*}]:-what needs it does not work}}" \
        "install the package with the kernel's further modules, or another kernel"
    fi
  done < <(statements module "$MANIFEST")
  [[ -n $(single_word 'role worker') ]] || return 0
  if [[ ! -d /sys/fs/cgroup ]]; then
    problem "control groups are not mounted" "boot with systemd and a kernel with CONFIG_CGROUPS"
    return
  fi
  for controller in cpu memory pids; do
    grep -qsw -- "$controller" /sys/fs/cgroup/cgroup.controllers && continue
    awk -v name="$controller" '$1 == name && $4 == 1 { found = 1 } END { exit !found }' /proc/cgroups 2>/dev/null && continue
    caution "the control group controller $controller is off" "boot with cgroup_enable=$controller"
  done
}

module_known() { # NAME: loaded, built in or loadable
  local name=${1//-/_}
  [[ -d /sys/module/$name ]] && return 0
  modprobe -n -q -- "$1" 2>/dev/null && return 0
  grep -qs -E -- "/${name//_/[_-]}\.ko" "/lib/modules/$(uname -r)/modules.builtin"
}

check_guards() {
  local ports
  if have getenforce && [[ $(getenforce 2>/dev/null) == Enforcing ]]; then
    caution "SELinux is enforcing; daemons outside /usr may be kept from starting" "look for denials with ausearch -m avc, or set it to permissive"
  fi
  if systemctl is-active --quiet firewalld.service 2>/dev/null; then
    ports=$(statements port "$MANIFEST" | awk '{ printf " --add-port=%s/%s", $2, $1 }')
    caution "firewalld is active and may close the cluster's ports" "firewall-cmd --permanent$ports && firewall-cmd --reload"
  fi
}

check_certificates() { # by this machine's clock
  local path start end now clock
  now=$(date +%s)
  clock="by this machine's clock ($(date '+%Y-%m-%d %H:%M') UTC)"
  if ! have openssl; then
    info "openssl is missing: the certificates' dates are not compared with the clock"
    return
  fi
  while read -r path start end; do
    if ((start > now)); then
      problem "$path is not valid yet $clock" "set the clock right"
    elif ((end <= now)); then
      problem "$path has expired $clock" "set the clock right, or hardway certs renew and render again"
    fi
  done < <(certificate_dates)
}

certificate_dates() { # lines "PATH START END", in seconds since 1970
  local path pair
  while read -r path; do
    [[ $path == *.crt ]] || continue
    pair=$(openssl x509 -noout -startdate -enddate -in "$BUNDLE/rootfs$path" 2>/dev/null) || continue
    printf '%s\n' "$path" >&3
    pair=${pair/notBefore=/}
    printf '%s\n' "${pair/notAfter=/}"
  done < <(managed_paths file) 3>"$SCRATCH/certificates" >"$SCRATCH/dates"
  date -f "$SCRATCH/dates" +%s | paste -d ' ' "$SCRATCH/certificates" - -
}

check_existing() { # what stands where we are about to write
  local _mode _owner path _units name ours
  while read -r _mode _owner path; do check_way "$path/."; done < <(statements dir "$MANIFEST")
  ours=$(installed_files)
  while read -r _mode _owner path _units; do
    check_way "$path"
    resolve "$path"
    if [[ -d $TARGET && ! -L $TARGET ]]; then
      problem "$path is a folder, and a file goes there" "move it away"
    elif [[ -e $TARGET ]] && [[ $ours != *" $path "* ]] && ! cmp -s -- "$BUNDLE/rootfs$path" "$TARGET"; then
      info "replaces $path, which is not ours (a backup is kept)"
    fi
  done < <(statements file "$MANIFEST")
  while read -r _mode _owner path _units; do
    check_way "$path"
    resolve "$path"
    if [[ -d $TARGET && ! -L $TARGET ]]; then
      problem "$path is a folder, and a binary goes there" "move it away"
    elif [[ -e $TARGET ]] && [[ $ours != *" $path "* ]] && is_stale "$path"; then
      info "replaces $path, which is not ours (a backup is kept)"
    fi
  done < <(statements program "$MANIFEST")
  while read -r _mode _owner path _units; do
    check_way "$path"
    resolve "$path"
    resolve_link
    if [[ -d $TARGET ]]; then
      problem "$path is a folder, and a block goes into a file there" "move it away"
    elif [[ -f $TARGET ]]; then
      name=$(block_ranges "$TARGET" | sed -n 's/^broken //p' | sed -n 1p)
      [[ -z $name ]] || problem "$path, line $name: a hardway block without its other end" "remove what is left of the block by hand"
    fi
    [[ $path != /etc/hosts ]] || check_hosts_conflict
  done < <(statements block "$MANIFEST")
}

check_way() { # PATH: nothing stands where a folder above it is or will be; each is named once
  local parent=${1%/*}
  while [[ -n $parent && ! -e $ROOT$parent && ! -L $ROOT$parent ]]; do parent=${parent%/*}; done
  if [[ -z $parent || -d $ROOT$parent || $BLOCKED == *"<$parent>"* ]]; then return 0; fi
  BLOCKED="$BLOCKED<$parent>"
  problem "$parent is not a folder, and a folder goes there" "move it away"
}

check_owners() { # of files and folders: the bundle makes them, or they are there
  local owner declared
  declared=" root $(statements user "$MANIFEST" | cut -d ' ' -f 1 | tr '\n' ' ')"
  while IFS= read -r owner; do
    if [[ $declared != *" ${owner%%:*} "* && -z $(entry_id passwd "${owner%%:*}") ]]; then
      problem "files belong to user ${owner%%:*}, who does not exist" "create that user, or install the package that does"
    fi
    if [[ $declared != *" ${owner#*:} "* && -z $(entry_id group "${owner#*:}") ]]; then
      problem "files belong to group ${owner#*:}, which does not exist" "create that group, or install the package that does"
    fi
  done < <({ statements file "$MANIFEST"; statements dir "$MANIFEST"; } | cut -d ' ' -f 2 | sort -u)
}

check_hosts_conflict() { # a name of ours with another address outside our block
  local number address name
  [[ -f $TARGET ]] || return 0
  awk '
    function family(a) { return a ~ /:/ ? 6 : 4 }
    { sub(/#.*/, ""); sub(/\r$/, "") }
    FILENAME == ARGV[1] { for (i = 2; i <= NF; i++) { ours[$i, $1] = 1; named[$i, family($1)] = 1 } next }
    { for (i = 2; i <= NF; i++) if (named[$i, family($1)] && !ours[$i, $1]) print FNR, $1, $i }
  ' "$BUNDLE/rootfs/etc/hosts" <(blank_block "$TARGET") >"$SCRATCH/conflicts"
  while read -r number address name; do
    if [[ $address == 127.* || $address == ::1 ]]; then
      caution "/etc/hosts, line $number gives $name the address $address" "remove the name from that line: daemons that look it up get the loopback address"
    else
      problem "/etc/hosts, line $number gives $name the address $address, the bundle another one" "correct or remove that line"
    fi
  done <"$SCRATCH/conflicts"
}

blank_block() { # FILE: with empty lines in place of our block, so that line numbers hold
  awk '/^# BEGIN hardway([^A-Za-z0-9_-]|$)/ { skip = 1 } { print skip ? "" : $0 } /^# END hardway([^A-Za-z0-9_-]|$)/ { skip = 0 }' "$1"
}

check_data() { # etcd refuses to work with the data of another cluster, and nobody wants it to
  local path owner
  while read -r path; do
    [[ -d $ROOT$path/member ]] || continue
    owner=$(sed -n "s|^\([^ ]*\) $path\$|\1|p" "$STATE/data" 2>/dev/null | tail -n 1) || owner=''
    [[ $owner != "$(cluster_id)" ]] || continue
    problem "$path holds etcd data of ${owner:-an unknown cluster}, and this is $(cluster_id)" \
      "if it is not wanted, move it away: mv $path $path.old; if it is this cluster's: mkdir -p -m 700 $STATE && echo '$(cluster_id) $path' >>$STATE/data"
  done < <(statements data "$MANIFEST")
}

# ----------------------------------------------------------------- 3. stage

# Below STATE, where nobody but root writes: what is checked there is what is installed.
stage_programs() {
  local kind name sum url
  if [[ ! -s $SCRATCH/stale ]]; then return 0; fi
  make_state
  must mkdir -p -m 0700 -- "$STATE/staged"
  while read -r kind name sum url; do
    is_source_needed "$name" || continue
    if [[ $kind == archive ]]; then
      unpack_programs "$name" "$(find_beside "$name" binaries)"
    else
      fetch "$name" "$sum" "$url"
      unpack_programs "$name" "$STATE/staged/$name"
    fi
  done < <(program_sources)
}

unpack_programs() { # NAME FILE: the binaries of that source that are not in place, each with its sum
  local _mode _owner path _units sum name member found members=()
  while read -r _mode _owner path _units sum name member; do
    [[ $name == "$1" && $member != - ]] || continue
    [[ " ${members[*]-} " == *" $member "* ]] || members+=("$member")
  done <"$SCRATCH/stale"
  if ((${#members[@]})); then
    must mkdir -p -m 0700 -- "$STATE/staged/$1.d"
    tar -xzf "$2" --no-same-owner --no-same-permissions -C "$STATE/staged/$1.d" -- "${members[@]}" ||
      give_up_staging "cannot unpack $2 (is the disk full?)"
  fi
  while read -r _mode _owner path _units sum name member; do
    [[ $name == "$1" ]] || continue
    staged_file "$name" "$member"
    [[ -f $TARGET && ! -L $TARGET ]] || give_up_staging "$2 holds no $member"
    found=$(sum_of "$TARGET")
    [[ $found == "$sum" ]] || give_up_staging "$member in $2 is not whole: SHA-256 is $found, wanted $sum"
  done <"$SCRATCH/stale"
}

staged_file() { # NAME MEMBER: TARGET is where stage_programs has put it
  TARGET=$STATE/staged/$1
  if [[ $2 != - ]]; then TARGET=$TARGET.d/$2; fi
}

give_up_staging() { # MESSAGE
  remove_staged
  fail "$EXIT_ENVIRONMENT" "$1; nothing was changed"
}

remove_staged() { # and what was made for it, where nothing else came of it
  if $DRY_RUN || [[ ! -d $STATE/staged ]]; then return 0; fi
  must rm -rf -- "$STATE/staged"
  rmdir -- "$STATE/backups" "$STATE" 2>/dev/null || true
}

# A part of an earlier run or attempt is gone on with. Where the server refuses that, or what comes out
# differs from its sum, the part may be to blame, and the file is fetched once more as a whole.
fetch() { # NAME SUM URL
  local file=$STATE/staged/$1 found='' resumed=false
  if [[ -s $file ]]; then
    resumed=true
    [[ $(sum_of "$file") != "$2" ]] || return 0
  fi
  say "fetching $3"
  if try_to_get "$3" "$file"; then found=$(sum_of "$file"); elif ! $resumed || [[ -s $file ]]; then give_up_fetching "$3"; fi
  if [[ $found != "$2" ]] && $resumed; then
    must rm -f -- "$file"
    try_to_get "$3" "$file" || give_up_fetching "$3"
    found=$(sum_of "$file")
  fi
  [[ $found == "$2" ]] || give_up_staging "what $3 gives is not $1: SHA-256 is $found, wanted $2"
}

give_up_fetching() { # URL
  fail "$EXIT_ENVIRONMENT" "cannot fetch $1; nothing was changed, and the next run goes on where this one ended"
}

try_to_get() { # URL FILE: again where the connection broke; a part that the server does not go on with is removed
  local attempt status
  for ((attempt = 1; attempt <= FETCH_ATTEMPTS; attempt++)); do
    status=0
    get "$1" "$2" || status=$?
    case $status in
      0) return 0 ;;
      8 | 22 | 33 | 36) # what wget and curl say of an answer that is an error, and of a part not gone on with
        must rm -f -- "$2"
        return 1
        ;;
    esac
    ((attempt == FETCH_ATTEMPTS)) || sleep "$((attempt * 2))"
  done
  return 1
}

get() { # URL FILE: goes on where FILE ends; gives up on a server that is silent for a minute
  if have curl; then
    curl -g -f -s -S -L --max-redirs 5 --proto '=http,https' --connect-timeout 20 --speed-limit 1 --speed-time 60 \
      -C - -o "$2" "$1" 8>&-
  else
    wget -nv -c --tries=1 --timeout=60 --max-redirect=5 -O "$2" "$1" 8>&-
  fi
}

# ----------------------------------------------------------------- 4. apply

apply() {
  local mode owner path units user home sum name member
  remove_temporary_files
  set_hostname
  while read -r user home; do ensure_user "$user" "$home"; done < <(statements user "$MANIFEST")
  ensure_dirs
  while read -r mode owner path units sum name member; do
    ensure_program "$mode" "$owner" "$path" "$units" "$sum" "$name" "$member"
  done < <(statements program "$MANIFEST")
  ensure_files
  while read -r mode owner path units; do ensure_block "$mode" "$owner" "$path" "$units"; done < <(statements block "$MANIFEST")
  probe_optional_modules
  remove_obsolete
  ensure_units_enabled
  if [[ -z $ROOT ]] && list_has pending reload && ! $DRY_RUN; then
    must systemctl daemon-reload
    list_del pending reload
  fi
  claim_data
}

set_hostname() {
  $SET_HOSTNAME || return 0
  local host name
  host=$(single host) name=$(current_hostname)
  ! is_our_name "$name" || return 0
  count change "host name: $host (was '$name')"
  $DRY_RUN && return 0
  # Undone after the name, so that the file comes back byte for byte.
  resolve /etc/hostname
  back_up /etc/hostname saved
  note hostname "hostname ${name:--}"
  write_hostname "$host"
}

write_hostname() { # NAME
  if [[ -z $ROOT ]] && have hostnamectl && hostnamectl set-hostname -- "$1"; then return 0; fi
  printf '%s\n' "$1" >"$SCRATCH/hostname"
  resolve /etc/hostname
  make_parents /etc/hostname
  place "$SCRATCH/hostname" 0644 "$(root_ids)"
  if [[ -z $ROOT ]]; then must hostname -- "$1"; fi
}

install_packages() {
  local packages tool list=()
  [[ -z $ROOT ]] || return 0
  read -r -a list < <(missing_packages) || true
  if ((${#list[@]})); then
    read -r -a tool < <(package_command) || true
    packages="${list[*]}"
    say "installing packages: $packages"
    if [[ ${tool[0]} == apt-get ]]; then
      # A fresh host updates itself meanwhile.
      DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 update </dev/null >>"${LOG:-/dev/null}" 2>&1 8>&- ||
        warn "apt-get update failed"
      tool+=(--no-install-recommends -o DPkg::Lock::Timeout=120)
    fi
    # Without "--", which dnf5 does not know; no name of a package begins with "-".
    DEBIAN_FRONTEND=noninteractive "${tool[@]}" "${list[@]}" </dev/null >"$SCRATCH/packages" 2>&1 8>&- || {
      tail -n 5 "$SCRATCH/packages" >&2
      fail "$EXIT_ENVIRONMENT" "cannot install packages; nothing else was changed: ${tool[*]} $packages"
    }
  fi
}

# Users stay after a rollback: what they own in a data folder would be nobody's.
ensure_user() { # NAME HOME: and the group of that name
  local shell=/usr/sbin/nologin id gid
  id=$(entry_id passwd "$1") gid=$(entry_id group "$1")
  [[ -z $id || -z $gid ]] || return 0
  if [[ -n $id ]]; then count create "group $1"; else count create "user $1"; fi
  $DRY_RUN && return 0
  [[ -x $ROOT$shell || ! -x $ROOT/sbin/nologin ]] || shell=/sbin/nologin
  begin
  if [[ -z $gid ]]; then
    list_add created "group $1"
    add_group "$1"
  fi
  if [[ -z $id ]]; then
    list_add created "user $1"
    add_user "$1" "$2" "$shell"
  fi
  UID_OF=() GID_OF=()
}

in_image() { # PROGRAM: below ROOT, and it works there
  ((EUID == 0)) && [[ -x $ROOT$1 ]] && chroot "$ROOT" "$1" --help >/dev/null 2>&1
}

add_group() { # NAME; without a program for it into the tables below ROOT, which nobody else is using
  if [[ -z $ROOT ]]; then
    must groupadd -r -- "$1"
  elif in_image /usr/sbin/groupadd; then
    must chroot "$ROOT" /usr/sbin/groupadd -r -- "$1"
  else
    append_entry /etc/group 0644 "$1:x:$(free_id ''):"
    append_entry /etc/gshadow 0640 "$1:!::"
  fi
}

add_user() { # NAME HOME SHELL: in the group of that name
  local gid
  if [[ -z $ROOT ]]; then
    must useradd -r -g "$1" -d "$2" -M -s "$3" -- "$1"
  elif in_image /usr/sbin/useradd; then
    must chroot "$ROOT" /usr/sbin/useradd -r -g "$1" -d "$2" -M -s "$3" -- "$1"
  else
    gid=$(entry_id group "$1")
    append_entry /etc/shadow 0640 "$1:!*:::::::"
    append_entry /etc/passwd 0644 "$1:x:$(free_id "$gid"):$gid::$2:$3"
  fi
}

free_id() { # GID: a number that no user has, that of the group when it is there already
  cat -- "$ROOT/etc/passwd" "$ROOT/etc/group" 2>/dev/null | awk -F : -v gid="$1" '
    { taken[$3] = 1 }
    NF > 4 { user[$3] = 1 }
    END {
      if (gid != "" && !user[gid]) { print gid; exit }
      for (id = 999; id > 100; id--) if (!taken[id]) { print id; exit }
    }'
}

append_entry() { # PATH MODE LINE
  local mode=$2 ids
  ids=$(root_ids)
  resolve "$1"
  if [[ -f $TARGET ]]; then
    ! grep -q -- "^${3%%:*}:" "$TARGET" || return 0
    mode=$(stat -c %a -- "$TARGET") ids=$(stat -c '%u:%g' -- "$TARGET")
    cat -- "$TARGET" >"$SCRATCH/entry"
  else
    [[ $1 != /etc/shadow && $1 != /etc/gshadow ]] || return 0
    : >"$SCRATCH/entry"
    make_parents "$1"
  fi
  printf '%s\n' "$3" >>"$SCRATCH/entry"
  place "$SCRATCH/entry" "$mode" "$ids"
}

# Folders, files and units are gone through twice: first all that is about to change goes into the journal
# and onto the disk, by one write; then it is changed, much of it by one program.
ensure_dirs() {
  local mode owner path ids DUE=()
  local -A with_ids=() with_mode=()
  GATHERING=true
  while read -r mode owner path; do note_dir "$mode" "$owner" "$path"; done < <(statements dir "$MANIFEST")
  write_gathered
  ((${#DUE[@]})) || return 0
  while read -r mode ids path; do
    if [[ ! -d $ROOT$path ]]; then
      make_parents "$path"
      make_dir "$path" 0700
    fi
    with_ids[$ids]+=" $path" with_mode[$mode]+=" $path"
  done < <(printf '%s\n' "${DUE[@]}")
  set_owners_and_modes
}

note_dir() { # MODE OWNER PATH: adds to DUE what there is to do
  resolve "$3"
  contain_link
  ids_of "$2"
  if [[ -d $TARGET ]] && has_mode_and_owner "$1"; then return 0; fi
  if [[ -d $TARGET ]]; then
    count change "$3/"
    $DRY_RUN && return 0
    note "$3" "dirmode $(stat -L -c '%a %u:%g' -- "$TARGET") $3"
  else
    count create "$3/"
    $DRY_RUN && return 0
    [[ ! -e $TARGET && ! -L $TARGET ]] || fail "$EXIT_ENVIRONMENT" "$3 is not a folder"
    begin
    note_new_dirs "$3"
  fi
  DUE+=("$1 $IDS $3")
}

note_new_dirs() { # PATH: that folder and those above it that are missing
  [[ -n $1 && ! -d $ROOT$1 && -z ${NEW_DIRS[dir $1]-} ]] || return 0
  note_new_dirs "${1%/*}"
  note "$1" "newdir $1"
  NEW_DIRS[dir $1]=yes
}

make_parents() { # PATH: the folders above it that are missing, mode 0755
  local parent=${1%/*}
  [[ -n $parent && ! -d $ROOT$parent ]] || return 0
  make_parents "$parent"
  make_dir "$parent" 0755
}

make_dir() { # PATH MODE: in one step, since nobody comes back to a parent folder for its mode
  if [[ -n $TX ]]; then
    note "$1" "newdir $1"
    list_has created "dir $1" || list_add created "dir $1"
  fi
  must mkdir -m "$2" -- "$ROOT$1"
  WRITTEN[$ROOT${1%/*}/]=yes
  relabel "$ROOT$1"
}

ensure_files() { # those of the manifest
  local mode owner path units DUE=()
  look_at_files
  GATHERING=true
  while read -r mode owner path units; do
    resolve "$path"
    ids_of "$owner"
    printf -v mode '%o' "$((8#$mode))"
    if has_our_bytes "$path" && [[ ${MODES[$path]} == "$mode $IDS" ]]; then
      UNCHANGED=$((UNCHANGED + 1))
      # It may have been moved into place, and not labelled any more.
      if $RESUMED; then relabel "$TARGET"; fi
      continue
    fi
    count_file "$path"
    plan_restart "$path" "$units"
    $DRY_RUN && continue
    begin
    note_new_dirs "${path%/*}"
    back_up "$path" saved
    DUE+=("$mode $IDS $path")
  done < <(statements file "$MANIFEST")
  write_gathered
  if ((${#DUE[@]})); then place_files; fi
}

look_at_files() { # FOUND and MODES: of the manifest's files that are there
  local name sum mode ids names=()
  FOUND=() MODES=()
  while read -r name; do
    if [[ -f $ROOT$name && ! -L $ROOT$name ]]; then names+=(".$name"); fi
  done < <(managed_paths file)
  ((${#names[@]})) || return 0
  # One that cannot be read is none of ours.
  while read -r sum name; do FOUND[${name#.}]=$sum; done < <(cd -- "$ROOT/" && sha256sum -- "${names[@]}" 2>/dev/null)
  while read -r mode ids name; do MODES[${name#.}]="$mode $ids"; done < <(cd -- "$ROOT/" && stat -c '%a %u:%g %n' -- "${names[@]}")
}

has_our_bytes() { [[ -n ${FOUND[$1]-} && ${FOUND[$1]} == "${SUM_OF[$1]-}" ]]; } # PATH: by the last look_at_files

# DUE, of "MODE IDS PATH": each becomes the bundle's bytes in one step, or stays as it was. They are made in
# a folder beside their place, open to nobody else, and are on the disk with mode and owner before they move.
place_files() {
  local mode ids path dir
  local -A in_dir=() with_ids=() with_mode=() # names and paths, separated by blanks
  while read -r mode ids path; do
    make_parents "$path"
    dir=${path%/*}
    in_dir[$dir]+=" ${path##*/}"
    with_ids[$ids]+=" $dir/$STAGED/${path##*/}"
    with_mode[$mode]+=" $dir/$STAGED/${path##*/}"
  done < <(printf '%s\n' "${DUE[@]}")
  for dir in "${!in_dir[@]}"; do
    # There already: a link leads here and to another folder of the bundle alike.
    if [[ ! -d $ROOT$dir/$STAGED ]]; then
      must mkdir -m 0700 -- "$ROOT$dir/$STAGED"
      STAGING+=("$ROOT$dir/$STAGED")
    fi
  done
  copy_staged
  set_owners_and_modes
  flush_staged
  move_staged
}

copy_staged() {
  local dir
  for dir in "${!in_dir[@]}"; do
    prefix "$BUNDLE/rootfs$dir/" "${in_dir[$dir]}"
    cp -- "${PREFIXED[@]}" "$ROOT$dir/$STAGED/" || cannot_place "$dir"
  done
}

set_owners_and_modes() { # of with_ids and with_mode; the owner before the mode, which opens them
  local ids mode
  for ids in "${!with_ids[@]}"; do
    prefix "$ROOT" "${with_ids[$ids]}"
    $SKIP_CHOWN || must chown -- "$ids" "${PREFIXED[@]}"
  done
  for mode in "${!with_mode[@]}"; do
    prefix "$ROOT" "${with_mode[$mode]}"
    must chmod -- "$mode" "${PREFIXED[@]}"
  done
}

flush_staged() { # one call for each file system, where sync can
  local mode file
  if $SYNC_FILES; then
    flush_file_systems "${STAGING[@]}"
    return
  fi
  for mode in "${!with_mode[@]}"; do
    prefix "$ROOT" "${with_mode[$mode]}"
    for file in "${PREFIXED[@]}"; do flush "$file"; done
  done
}

move_staged() { # each by a rename within its folder
  local dir
  for dir in "${!in_dir[@]}"; do
    prefix "$ROOT$dir/$STAGED/" "${in_dir[$dir]}"
    mv -f -t "$ROOT$dir/" -- "${PREFIXED[@]}" || cannot_place "$dir"
    WRITTEN[$ROOT$dir/]=yes
    prefix "$ROOT$dir/" "${in_dir[$dir]}"
    relabel "${PREFIXED[@]}"
  done
  must rmdir -- "${STAGING[@]}"
  STAGING=()
}

prefix() { # PREFIX NAMES: PREFIXED is each of the names, which hold no blank, behind the prefix, which may
  local name names
  read -r -a names <<<"$2"
  PREFIXED=()
  for name in "${names[@]}"; do PREFIXED+=("$1$name"); done
}

cannot_place() { # DIR
  fail "$EXIT_ENVIRONMENT" "cannot write below $ROOT$1 (is the disk full?); each file there is as it was, or whole and new"
}

ensure_file() { # SOURCE MODE OWNER PATH UNITS
  resolve "$4"
  ids_of "$3"
  if [[ -f $TARGET && ! -L $TARGET ]] && cmp -s -- "$1" "$TARGET" && has_mode_and_owner "$2"; then
    UNCHANGED=$((UNCHANGED + 1))
    return 0
  fi
  count_file "$4"
  plan_restart "$4" "$5"
  $DRY_RUN && return 0
  begin
  make_parents "$4"
  back_up "$4" saved
  place "$1" "$2" "$IDS"
}

ensure_program() { # MODE OWNER PATH UNITS SUM NAME MEMBER
  local source
  staged_file "$6" "$7"
  source=$TARGET
  resolve "$3"
  ids_of "$2"
  # Nothing was staged for one that has its sum; its mode or owner may still differ.
  if ! is_stale "$3"; then
    if has_mode_and_owner "$1"; then
      UNCHANGED=$((UNCHANGED + 1))
      return 0
    fi
    source=$TARGET
  fi
  count_file "$3"
  plan_restart "$3" "$4"
  $DRY_RUN && return 0
  begin
  make_parents "$3"
  back_up "$3" saved
  place "$source" "$1" "$IDS"
}

ensure_block() { # MODE OWNER PATH UNITS
  local mode=$1 path
  resolve "$3"
  ids_of "$2"
  resolve_link
  path=${TARGET#"$ROOT"}
  if [[ -f $TARGET ]]; then
    mode=$(stat -c %a -- "$TARGET") IDS=$(stat -c '%u:%g' -- "$TARGET")
    with_block "$TARGET" "$BUNDLE/rootfs$3" >"$SCRATCH/with"
    if cmp -s -- "$SCRATCH/with" "$TARGET"; then
      UNCHANGED=$((UNCHANGED + 1))
      return 0
    fi
  else
    cat -- "$BUNDLE/rootfs$3" >"$SCRATCH/with"
  fi
  count_file "$3"
  plan_restart "$3" "$4"
  $DRY_RUN && return 0
  begin
  make_parents "$path"
  back_up "$path" block
  place "$SCRATCH/with" "$mode" "$IDS"
}

probe_optional_modules() { # loads those this kernel has, and keeps them for the next boot
  [[ -z $ROOT ]] && ! $DRY_RUN || return 0
  local name need
  while read -r name need; do
    [[ $need == optional ]] || continue
    if modprobe -q -- "$name" 2>/dev/null; then printf '%s\n' "$name"; fi
  done < <(statements module "$MANIFEST") >"$SCRATCH/modules"
  if [[ -s $SCRATCH/modules ]]; then
    ensure_file "$SCRATCH/modules" 0644 root:root "$LOCAL_MODULES" -
  elif [[ -f $LOCAL_MODULES ]] && [[ -n $(installed_statements module) ]]; then
    remove_file "$LOCAL_MODULES" -
  fi
}

remove_obsolete() { # what is installed and no longer in the bundle
  local unit start mode owner path units
  local -A kept=()
  [[ -d $STATE ]] || return 0
  while read -r unit start; do
    declares_unit "$unit" || retire_unit "$unit" "$start"
  done < <(installed_statements unit)
  if [[ $RETIRED == *' kubelet.service '* ]]; then leave_node; fi
  # A binary that this bundle leaves to the host stays for it.
  while read -r path; do kept[$path]=yes; done < <(
    managed_paths file
    managed_paths block
    managed_paths program
    statements binary "$MANIFEST" | cut -d ' ' -f 1
  )
  while read -r mode owner path units; do
    [[ -n ${kept[$path]-} ]] || remove_file "$path" "$(still_declared "$units")"
  done < <(installed_files)
  while read -r mode owner path units; do
    [[ -n ${kept[$path]-} ]] || remove_block "$path" "$(still_declared "$units")"
  done < <(installed_statements block)
}

still_declared() { # UNITS: those of them that this bundle has too: they run on without the file
  local unit declared=''
  for unit in ${1//,/ }; do
    if declares_unit "$unit"; then declared="$declared,$unit"; fi
  done
  declared=${declared#,}
  printf '%s\n' "${declared:--}"
}

declares_unit() { [[ $'\n'${STATED[unit]-} == *$'\n'"$1 ${2-}"* ]]; } # UNIT [START]: the bundle has it

retire_unit() { # UNIT START
  RETIRED="$RETIRED $1 "
  if [[ $2 != runtime ]] && is_enabled "$1"; then
    count remove "unit $1"
    $DRY_RUN && return 0
    note "$1" "enabled $1"
    disable_unit "$1"
  fi
  if [[ $2 != runtime && -z $ROOT ]] && ! $DRY_RUN && unit_exists "$1"; then stop_unit "$1"; fi
}

remove_file() { # PATH UNITS
  resolve "$1"
  [[ -e $TARGET || -L $TARGET ]] || return 0
  if stood_here "$1"; then
    same_as_backup "$1" || plan_restart "$1" "$2"
    put_back "$1"
    return 0
  fi
  count remove "$1"
  plan_restart "$1" "$2"
  $DRY_RUN && return 0
  back_up "$1" saved
  must rm -f -- "$TARGET"
  WRITTEN[${TARGET%/*}/]=yes
}

stood_here() { # PATH: it was the host's own when the transaction began that was interrupted
  [[ -n $TX ]] && [[ -f $TX/files$1 || -L $TX/files$1 ]] && ! was_installed "$1"
}

put_back() { # PATH: what an interrupted install had replaced
  ! same_as_backup "$1" || return 0
  count change "$1"
  $DRY_RUN || restore_file "$1"
}

was_installed() { # PATH: by a run that was finished
  [[ -f $STATE/manifest ]] && grep -q -F -- " $1 " <(statements file "$STATE/manifest"; statements program "$STATE/manifest")
}

remove_block() { # PATH UNITS
  resolve "$1"
  resolve_link
  [[ -f $TARGET && -n $(block_ranges "$TARGET") ]] || return 0
  count remove "$1 (block)"
  plan_restart "$1" "$2"
  $DRY_RUN && return 0
  if [[ $VERB == install ]]; then back_up "${TARGET#"$ROOT"}" block; fi
  : >"$SCRATCH/nothing"
  with_block "$TARGET" "$SCRATCH/nothing" >"$SCRATCH/without"
  if [[ -s $SCRATCH/without ]]; then
    place "$SCRATCH/without" "$(stat -c %a -- "$TARGET")" "$(stat -c '%u:%g' -- "$TARGET")"
  else
    must rm -f -- "$TARGET"
  fi
}

ensure_units_enabled() {
  local unit start units=() DUE=()
  while read -r unit start; do
    if is_for_boot "$unit" "$start"; then units+=("$unit"); fi
  done < <(statements unit "$MANIFEST")
  if ((${#units[@]})); then note_disabled "${units[@]}"; fi
  if ((${#DUE[@]})); then enable_units "${DUE[@]}"; fi
}

is_for_boot() { # UNIT START: it is started by boots too, one that runs once where its file asks for it
  case $2 in
    enable | reload) return 0 ;;
    once) grep -qs '^WantedBy=' "$BUNDLE/rootfs/etc/systemd/system/$1" ;;
    *) return 1 ;;
  esac
}

note_disabled() { # UNIT...: adds to DUE those that are not enabled
  local unit link
  look_at_units "$@"
  GATHERING=true
  for unit; do
    case ${ENABLED[$unit]-} in
      enabled) continue ;;
      disabled) ;;
      *) if is_enabled "$unit"; then continue; fi ;;
    esac
    if [[ -n $ROOT && -z $(wanted_links "$unit") ]] && ! $DRY_RUN; then
      warn "$unit cannot be enabled below $ROOT: no unit file with WantedBy="
      continue
    fi
    count enable "$unit"
    $DRY_RUN && continue
    if [[ -n $ROOT ]]; then
      begin
      while IFS= read -r link; do note_new_dirs "${link%/*}"; done < <(wanted_links "$unit")
    fi
    note "$unit" "disabled $unit"
    plan reload
    DUE+=("$unit")
  done
  write_gathered
}

look_at_units() { # UNIT...: ENABLED is what systemd says of each, where it answers for each
  local unit states=() i=0
  ENABLED=()
  [[ -z $ROOT ]] || return 0
  mapfile -t states < <(systemctl is-enabled -- "$@" 2>/dev/null)
  ((${#states[@]} == $#)) || return 0
  for unit; do
    ENABLED[$unit]=${states[i]}
    i=$((i + 1))
  done
}

claim_data() {
  local path
  $DRY_RUN && return 0
  while read -r path; do
    list_has data "$(cluster_id) $path" && continue
    begin
    if [[ -f $STATE/data ]]; then
      sed "\|^[^ ]* $path\$|d" "$STATE/data" | store data
    fi
    list_add data "$(cluster_id) $path"
  done < <(statements data "$MANIFEST")
}

commit() {
  $DRY_RUN && return 0
  write_receipt
  put_state "$MANIFEST" manifest
  [[ -n $TX ]] || return 0
  flush_all
  printf 'done\n' | store "backups/${TX##*/}/state"
  prune_backups
}

put_state() { # SOURCE NAME: journalled as any other file, so that a rollback puts it back too
  resolve "/var/lib/hardway/$2"
  ! cmp -s -- "$1" "$TARGET" || return 0
  back_up "/var/lib/hardway/$2" saved
  place "$1" 0600 "$(root_ids)"
}

write_receipt() {
  local word
  {
    for word in release cluster kubernetes host; do printf '%s %s\n' "$word" "$(single "$word")"; done
    printf 'bundle %s\n' "$(bundle_sum)"
    { statements file "$MANIFEST" && statements block "$MANIFEST"; } | awk '
      NR == FNR { sum[$2] = $1; next }
      { print "file", sum["rootfs" $3], $1, $2, $3 }' "$BUNDLE/SHA256SUMS" -
    statements program "$MANIFEST" | awk '{ print "file", $5, $1, $2, $3 }'
  } >"$SCRATCH/receipt"
  if [[ -f $STATE/receipt && -z $TX ]] && grep -v '^installed ' "$STATE/receipt" | cmp -s - "$SCRATCH/receipt"; then return 0; fi
  printf 'installed %(%Y-%m-%dT%H:%M:%SZ)T\n' -1 >>"$SCRATCH/receipt"
  put_state "$SCRATCH/receipt" receipt
}

bundle_sum() { sha256sum <"$BUNDLE/SHA256SUMS" | cut -d ' ' -f 1; }

prune_backups() {
  local dir dirs=("$STATE"/backups/[0-9]*) surplus
  surplus=$((${#dirs[@]} - BACKUPS_KEPT))
  for dir in "${dirs[@]}"; do
    ((surplus-- > 0)) || return 0
    must rm -rf -- "$dir"
  done
}

count() { # VERB WHAT; our own notes are not worth a line
  if [[ $2 == /var/lib/hardway/* ]]; then return 0; fi
  case $1 in
    create) CREATED=$((CREATED + 1)) ;;
    change) CHANGED=$((CHANGED + 1)) ;;
    remove) REMOVED=$((REMOVED + 1)) ;;
  esac
  say "$1 $2"
}

count_file() { if [[ -e $TARGET || -L $TARGET ]]; then count change "$1"; else count create "$1"; fi; }

# What a change of PATH makes necessary, noted before the change is made.
plan_restart() { # PATH UNITS
  local unit start
  case $1 in
    /etc/systemd/system/*) plan reload ;;
    /etc/kubernetes/addons/*)
      while read -r unit start; do
        if [[ $start == once ]]; then plan "unit $unit"; fi
      done < <(statements unit "$MANIFEST")
      ;;
  esac
  [[ $2 != - ]] || return 0
  for unit in ${2//,/ }; do
    plan "unit $unit"
    # A daemon that is reloaded still runs as its unit file said when it was started.
    if [[ $1 == /etc/systemd/system/* ]] && ! $DRY_RUN && declares_unit "$unit" reload; then
      plan "restart $unit"
    fi
  done
}

plan() { # LINE
  if $DRY_RUN; then
    [[ $PLANNED == *"<$1>"* ]] || say "would ${1/#unit/restart}"
    PLANNED="$PLANNED<$1>"
  elif [[ -z $ROOT ]]; then
    begin
    if $GATHERING; then PLANS[$1]=yes; else list_has pending "$1" || list_add pending "$1"; fi
  fi
}

# -------------------------------------------------------------- 5. activate

activate() {
  load_modules
  apply_sysctl
  if list_has pending reload; then
    must systemctl daemon-reload
    list_del pending reload
  fi
  import_images
  activate_units
  [[ -z $REFUSED ]] || fail "$EXIT_ENVIRONMENT" "systemd refused one of$REFUSED"
  drop_pending
  say "done: $(totals); started or restarted:${RESTARTED:- nothing}"
}

# Before the units, so that a kubelet finds them. What counts is what the runtime says afterwards: it
# has held the content of each image against its digest, and the digests stand in our manifest.
import_images() {
  local name sum file
  read -r name sum < <(statements images "$MANIFEST") || return 0
  find_missing_images
  [[ -s $SCRATCH/images ]] || return 0
  file=$(find_beside "$name" images)
  [[ -n $file ]] || fail "$EXIT_ENVIRONMENT" "$name is gone; copy it here again and run it again"
  say "import $name: $(wc -l <"$SCRATCH/images") image(s)"
  if [[ $(image_tool) == ctr ]]; then
    kubernetes_ctr images import "$file" </dev/null >"$SCRATCH/import" 2>&1 8>&- || import_failed "$file"
  else
    timeout -k 10 "$IMPORT_SECONDS" docker load --input "$file" </dev/null >"$SCRATCH/import" 2>&1 8>&- || import_failed "$file"
  fi
  find_missing_images
  [[ ! -s $SCRATCH/images ]] || import_failed "$file"
}

import_failed() { # FILE
  tail -n 5 "$SCRATCH/import" >&2
  fail "$EXIT_ENVIRONMENT" "the container runtime has not taken in $1: $(sed -n '1s/ .*//p' "$SCRATCH/images") is missing; run it again"
}

load_modules() {
  local name need
  while read -r name need; do
    [[ $need == required && ! -d /sys/module/${name//-/_} ]] || continue
    modprobe -q -- "$name" 2>/dev/null || module_known "$name" ||
      warn "kernel module $name cannot be loaded: ${MODULE_USE[$name]:-what needs it does not work}"
  done < <(statements module "$MANIFEST")
}

apply_sysctl() { # our files only; a key that this kernel lacks is no reason to stop
  local path line
  while read -r path; do
    [[ $path == /etc/sysctl.d/* ]] || continue
    sysctl -q -p "$path" >/dev/null 2>"$SCRATCH/sysctl" || true
    while IFS= read -r line; do warn "$line"; done <"$SCRATCH/sysctl"
  done < <(managed_paths file)
}

# In start order, by one request for all that is restarted and one for all that is started: systemd keeps the
# order that the units themselves ask for. After them what runs once, which waits for those.
activate_units() {
  local unit start RESTART=() START=() ONCE=()
  look_at_states
  while read -r unit start; do
    case $start in
      enable) plan_start "$unit" ;;
      once) plan_once "$unit" ;;
      reload) plan_reload "$unit" ;;
      runtime) plan_runtime "$unit" ;;
    esac
    [[ $start == runtime ]] || STARTED="$STARTED $unit:$start"
  done < <(statements unit "$MANIFEST")
  if ((${#RESTART[@]})); then start_units restart "${RESTART[@]}"; fi
  if ((${#START[@]})); then start_units start "${START[@]}"; fi
  if ((${#ONCE[@]})); then start_once "${ONCE[@]}"; fi
}

look_at_states() { # ACTIVE: how each unit of the manifest is
  local unit state _substate units
  mapfile -t units < <(statements unit "$MANIFEST")
  ((${#units[@]})) || return 0
  while read -r unit state _substate; do ACTIVE[$unit]=$state; done < <(states_of "${units[@]%% *}")
}

plan_start() { # UNIT
  note_awaited "$1"
  if list_has pending "unit $1"; then
    RESTART+=("$1")
  elif ! is_up "$1"; then
    START+=("$1")
  fi
}

plan_once() { # UNIT
  if list_has pending "unit $1"; then
    list_del once "$1"
    ONCE+=("$1")
  elif [[ ${ACTIVE[$1]-} == active ]]; then
    note_success "$1"
  elif ! list_has once "$1" && ! is_up "$1"; then
    ONCE+=("$1")
  fi
}

plan_reload() { # UNIT
  if ! is_up "$1"; then
    START+=("$1")
  elif list_has pending "restart $1"; then
    RESTART+=("$1")
  elif list_has pending "unit $1"; then
    reload_unit "$1"
  fi
}

plan_runtime() { # UNIT
  list_has pending "unit $1" || return 0
  if unit_exists "$1"; then
    RESTART+=("$1")
  else
    warn "$1 is not on this host: not restarted"
  fi
}

is_up() { case ${ACTIVE[$1]-} in active | activating | reloading) return 0 ;; *) return 1 ;; esac; } # UNIT: by look_at_states

# A kubelet that gets its first certificate while it runs notices, registers and becomes Ready
# each after a pause of up to ten seconds. One that finds it at its start does so at once.
note_awaited() { # UNIT
  local unit path
  while read -r unit path; do
    [[ $unit == "$1" && ! -e $path ]] || continue
    now
    AWAITED="$AWAITED $unit:$path" BEGUN=$NOW
  done < <(statements awaited "$MANIFEST")
}

restart_when_there() { # units that have got what they waited for
  local item rest=''
  for item in $AWAITED; do
    if [[ -e ${item#*:} ]]; then
      start_units restart "${item%%:*}"
    elif [[ " $FAILED " != *" ${item%%:*} "* ]]; then
      rest="$rest $item"
    fi
  done
  AWAITED=$rest
}

# A kubelet asks for its certificate ever more rarely, in the end each half minute. When it began
# before there was an API server, it is better off beginning anew once there is one: not while
# that one is not ready and would refuse it, except where its own pauses have become long.
begin_anew() {
  local item state
  if [[ -z $AWAITED ]] || ((BEGUN_ANEW >= MOST_ANEW || NOW - BEGUN < ANEW_SECONDS)); then return 0; fi
  state=$(peers_state)
  [[ $state != silent ]] || return 0
  if [[ $state == unready ]] && ((NOW - BEGUN < LONELY_SECONDS)); then return 0; fi
  BEGUN=$NOW BEGUN_ANEW=$((BEGUN_ANEW + 1))
  for item in $AWAITED; do start_units restart "${item%%:*}"; done
}

peers_state() { # of the best: ready; unready; silent. One that does not tell, because it wants to know who asks, is ready
  local name address port state=silent
  while read -r name address port; do
    answers "$address" "$port" || continue
    case $(readyz "$address" "$port") in
      403 | 5??) state=unready ;;
      *)
        state=ready
        break
        ;;
    esac
  done < <(statements peer "$MANIFEST")
  printf '%s\n' "$state"
}

readyz() { # ADDRESS PORT: the status with which an API server answers, if it is one and openssl is here; nothing secret is sent
  local address=$1
  if [[ $address == *:* ]]; then address="[$address]"; fi
  { printf 'GET /readyz HTTP/1.0\r\n\r\n' | timeout 3 openssl s_client -quiet -connect "$address:$2" 2>/dev/null || true; } |
    sed -n '1s|^HTTP/[0-9.]* \([0-9]*\).*|\1|p'
}

start_units() { # VERB UNIT...: asks systemd for it; watch_units sees what came of it
  local verb=$1 unit
  shift
  for unit; do say "$verb $unit"; done
  systemctl reset-failed -- "$@" 2>/dev/null || true
  # It asks for all of them, also behind one that is masked or broken; which one it is, it says itself.
  systemctl "$verb" --no-block -- "$@" || REFUSED="$REFUSED $*"
  RESTARTED="$RESTARTED $*"
}

reload_unit() { # UNIT: connections live on; a unit that is not up yet, or refuses, is started anew
  if [[ $(unit_property "$1" ActiveState) == active ]] && timeout 30 systemctl reload -- "$1" 2>/dev/null; then
    say "reload $1"
    RESTARTED="$RESTARTED $1"
  else
    start_units restart "$1"
  fi
}

# systemd forgets how a oneshot unit without RemainAfterExit= ended; a client that waits is told.
start_once() { # UNIT...
  local unit
  systemctl reset-failed -- "$@" 2>/dev/null || true
  for unit; do
    say "start $unit"
    (systemctl restart -- "$unit" && : >"$SCRATCH/succeeded.$unit") </dev/null >/dev/null 2>&1 8>&- &
    CLIENTS="$CLIENTS $!"
    RESTARTED="$RESTARTED $unit"
  done
}

is_running() { # UNIT
  case $(unit_property "$1" ActiveState) in active | activating | reloading) return 0 ;; *) return 1 ;; esac
}

drop_pending() { # all is asked for; units of a bundle that was never finished and is not this one too
  if [[ -f $STATE/pending ]]; then must rm -f -- "$STATE/pending"; fi
}

# ----------------------------------------------------------------- 6. watch

watch_units() {
  local deadline settled=0 reminder lonely
  [[ -n $STARTED ]] || return 0
  now
  deadline=$((NOW + WAIT_SECONDS)) reminder=$((NOW + 15)) lonely=$((NOW + LONELY_SECONDS))
  while :; do
    now
    survey
    restart_when_there
    begin_anew
    if [[ -z $WAITING && -z $AWAITED ]]; then settled=$((settled + 1)); else settled=0; fi
    # A unit that was just started may be active for a moment only.
    if [[ -z $WAITING && -z $RESTARTED && -z $AWAITED ]] || ((settled > SETTLE_SECONDS || NOW >= deadline)); then break; fi
    if ((NOW >= reminder)) && [[ -n $WAITING$AWAITED ]]; then
      # What waits for hosts of which none is there yet needs nobody who watches.
      if [[ -z $RESTARTING ]] && ((NOW >= lonely)) && is_alone; then break; fi
      say "waiting for${WAITING:-${AWAITED//:/, for its }} ($((deadline - NOW)) s left)"
      reminder=$((NOW + 15))
    fi
    sleep 1
  done
  report_units
}

survey() { # sorts the units into WAITING, RESTARTING (a part of it) and FAILED
  local item unit state substate
  WAITING='' FAILED='' RESTARTING=''
  while read -r item state substate; do
    unit=${item%:*}
    case $state in
      active) if [[ $item == *:once ]]; then note_success "$unit"; fi ;;
      failed) FAILED="$FAILED $unit" ;;
      inactive)
        if [[ $item == *:once ]] && { list_has once "$unit" || [[ -f $SCRATCH/succeeded.$unit ]]; }; then
          note_success "$unit"
        else
          WAITING="$WAITING $unit"
        fi
        ;;
      *)
        WAITING="$WAITING $unit"
        if [[ $substate == auto-restart ]]; then RESTARTING="$RESTARTING $unit"; fi
        ;;
    esac
  done < <(started_states)
}

started_states() { # lines "ITEM STATE SUBSTATE" of what was started
  local items
  read -r -a items <<<"$STARTED"
  paste -d ' ' <(printf '%s\n' "${items[@]}") <(states_of "${items[@]%:*}" | cut -d ' ' -f 2-)
}

states_of() { # UNIT...: lines "UNIT STATE SUBSTATE"
  paste -d ' ' <(printf '%s\n' "$@") <(
    systemctl show -p ActiveState -p SubState -- "$@" 2>/dev/null | awk -F = '
      function end() { if (state != "") print state, substate; state = substate = "" }
      $1 == "ActiveState" { state = $2 }
      $1 == "SubState" { substate = $2 }
      $0 == "" { end() }
      END { end() }'
  )
}

note_success() { list_has once "$1" || list_add once "$1"; }

report_units() {
  local unit item sick=$FAILED missing=false
  for item in $AWAITED; do notice "${item%%:*} has no ${item#*:} yet; it will ask for it by itself"; done
  if [[ -n $WAITING ]]; then notice "not active yet:$WAITING"; fi
  if [[ -n $AWAITED$WAITING ]] && name_missing_peers; then missing=true; fi
  if [[ -z $WAITING && -z $FAILED ]]; then
    say "all units are active"
    return 0
  fi
  if [[ -n $WAITING ]]; then
    if $missing || [[ $WAITING == *' etcd.service'* ]]; then
      notice "they become active by themselves when the other hosts are there; ./install.sh status shows it"
    else
      # Nobody else is to blame for a unit that comes up and goes down.
      sick="$sick$RESTARTING"
    fi
  fi
  [[ -n $sick ]] || return 0
  for unit in $sick; do
    say "problem: $unit does not stay up; the end of its journal:"
    journalctl -u "$unit" -n 8 --no-pager -o cat 2>/dev/null | sed 's/^/  /' || true
  done
  say "  fix: journalctl -u UNIT; then run ./install.sh again, or ./install.sh rollback"
  end "$EXIT_FOUND"
}

name_missing_peers() { # true when one of them does not answer
  local name address port missing=1
  while read -r name address port; do
    notice "peer $name ($address port $port) does not answer"
    missing=0
  done < <(missing_peers)
  return "$missing"
}

is_alone() { # peers there should be, and none of them answers
  local peers
  peers=$(statements peer "$MANIFEST")
  [[ -n $peers && $(missing_peers) == "$peers" ]]
}

missing_peers() {
  local name address port
  while read -r name address port; do
    answers "$address" "$port" || printf '%s %s %s\n' "$name" "$address" "$port"
  done < <(statements peer "$MANIFEST")
}

answers() { # ADDRESS PORT
  # shellcheck disable=SC2016  # the inner shell expands them
  timeout 2 bash -c 'exec 3<>"/dev/tcp/$1/$2"' _ "$1" "$2" 2>/dev/null
}

# ---------------------------------------------------------------- systemd

unit_property() { systemctl show -p "$2" -- "$1" 2>/dev/null | sed "s/^$2=//"; }
unit_exists() { systemctl cat -- "$1" >/dev/null 2>&1; }
stop_unit() { timeout 180 systemctl stop -- "$1" || warn "cannot stop $1"; }

is_enabled() { # UNIT
  if [[ -z $ROOT ]]; then
    systemctl is-enabled --quiet -- "$1" 2>/dev/null
  else
    [[ -n $(unit_links "$1") ]]
  fi
}

unit_links() { # UNIT: the links below ROOT that enable it
  local link
  for link in "$ROOT"/etc/systemd/system/*.wants/"$1" "$ROOT"/etc/systemd/system/*.requires/"$1"; do
    if [[ -L $link ]]; then printf '%s\n' "$link"; fi
  done
}

enable_units() { # UNIT...
  local unit link
  if [[ -z $ROOT ]]; then
    # systemd would read all its files anew for each unit: once for all of them is enough.
    must systemctl --quiet --no-reload enable -- "$@"
    return
  fi
  for unit; do
    while IFS= read -r link; do
      make_parents "$link"
      resolve "$link"
      must ln -sfn -- "$(unit_file "$unit")" "$TARGET"
    done < <(wanted_links "$unit")
  done
}

unit_file() { # UNIT: its path below ROOT, if it is there
  local dir
  for dir in /etc/systemd/system /usr/lib/systemd/system /lib/systemd/system; do
    if [[ -f $ROOT$dir/$1 ]]; then
      printf '%s\n' "$dir/$1"
      return
    fi
  done
}

wanted_links() { # UNIT: the links that its [Install] section asks for
  local file target
  file=$(unit_file "$1")
  [[ -n $file ]] || return 0
  while IFS= read -r target; do
    if [[ $target =~ ^${SHAPES[unit]}$ ]]; then printf '/etc/systemd/system/%s.wants/%s\n' "$target" "$1"; fi
  done < <(sed -n 's/^WantedBy=//p' "$ROOT$file" | tr -s ' ' '\n')
}

disable_unit() { # UNIT
  local link
  if [[ -z $ROOT ]]; then
    systemctl --quiet --no-reload disable -- "$1" 2>/dev/null || true
    return
  fi
  while IFS= read -r link; do must rm -f -- "$link"; done < <(unit_links "$1")
}

# ------------------------------------------------------------- transactions

open_transaction_exists() {
  local dir
  for dir in "$STATE"/backups/[0-9]*; do
    if is_open "$dir"; then return 0; fi
  done
  return 1
}

is_open() { # DIR: without a state it never began
  [[ -f $1/state && $(<"$1/state") == open ]]
}

continue_transaction() { # the one that an interrupted run has left
  find_open_transaction
  [[ -n $TX ]] || return 0
  notice "an earlier run was interrupted: continuing it"
  $DRY_RUN && return 0
  RESUMED=true
  record_attempt
  back_up_generated
}

find_open_transaction() { # TX
  local state
  for state in "$STATE"/backups/[0-9]*/state; do
    if is_open "${state%/state}"; then TX=${state%/state}; fi
  done
  if [[ -n $TX ]]; then load_entries; fi
}

begin() { # opens a transaction, at the first change
  local dir number=0 GATHERING=false
  [[ -z $TX ]] || return 0
  make_state
  for dir in "$STATE"/backups/[0-9]*; do
    if [[ -d $dir ]]; then number=$((10#${dir##*/})); fi
  done
  printf -v dir '%s/backups/%04d' "$STATE" "$((number + 1))"
  # Without its state file a folder is not a transaction; a kill here leaves a harmless one.
  must mkdir -p -- "$dir/files"
  : >"$dir/entries" || fail "$EXIT_ENVIRONMENT" "cannot write below $STATE"
  TX=$dir
  # What a rollback has still to restart, whatever this install adds.
  if [[ -f $STATE/pending ]]; then cat -- "$STATE/pending"; fi | store "backups/${dir##*/}/pending"
  record_attempt
  back_up_generated
  printf 'open\n' | store "backups/${dir##*/}/state"
}

# Before our first daemon runs, what stands at the places of what daemons make is the host's own.
back_up_generated() {
  local path TARGET
  [[ ! -f $STATE/manifest ]] || return 0
  while read -r path; do
    resolve "$path"
    if [[ -f $TARGET || -L $TARGET ]]; then back_up "$path" saved; fi
  done < <(statements generated "$MANIFEST")
}

make_state() {
  [[ -d $STATE/backups ]] && return 0
  make_parents /var/lib/hardway
  must mkdir -p -- "$STATE/backups"
}

record_attempt() { # so that a bundle that was never finished can still be taken away
  cat -- "$MANIFEST" | store "backups/${TX##*/}/attempted.$(sha256sum <"$MANIFEST" | cut -c 1-16)"
}

load_entries() { # a line without its last word was torn by a power cut: nothing had happened yet
  local kind rest
  $DRY_RUN || [[ -z $(tail -c 1 -- "$TX/entries") ]] || printf '\n' >>"$TX/entries"
  NOTED=()
  while read -r kind rest; do
    [[ $rest == *' .' ]] || continue
    rest=${rest% .}
    if [[ $kind == hostname ]]; then NOTED[hostname]=yes; else NOTED[${rest##* }]=yes; fi
  done <"$TX/entries"
}

note() { # KEY ENTRY: the first one for a key stands
  begin
  [[ -z ${NOTED[$1]-} ]] || return 0
  NOTED[$1]=yes NOTES+=("$2 .")
  $GATHERING || write_notes
}

write_notes() {
  ((${#NOTES[@]})) || return 0
  printf '%s\n' "${NOTES[@]}" >>"$TX/entries" || fail "$EXIT_ENVIRONMENT" "cannot write $TX/entries"
  flush "$TX/entries"
  NOTES=()
}

# The end of a gathering: backups, journal, what is to be taken away again and what has to be restarted
# are on the disk; now it may be changed.
write_gathered() {
  GATHERING=false
  if ((${#COPIES[@]})); then flush "${COPIES[@]}"; fi
  COPIES=()
  if ((${#NEW_DIRS[@]})); then list_add created "${!NEW_DIRS[@]}"; fi
  NEW_DIRS=()
  if ((${#PLANS[@]})); then list_add pending "${!PLANS[@]}"; fi
  PLANS=()
  # Last: its flush takes along the renames of those two, also where /var is a file system of its own.
  write_notes
}

back_up() { # PATH KIND: TARGET's bytes, mode and owner, unless this transaction has them
  local copy
  begin
  [[ -z ${NOTED[$1]-} ]] || return 0
  copy=$TX/files$1
  if [[ -L $TARGET || -f $TARGET ]]; then
    must mkdir -p -- "${copy%/*}"
    rm -f -- "$copy"
    must cp -P -p -- "$TARGET" "$copy"
    if [[ -L $TARGET ]]; then
      note "$1" "link $1"
    else
      if $GATHERING; then COPIES+=("$copy"); else flush "$copy"; fi
      note "$1" "$2 $(stat -c '%a %u:%g' -- "$TARGET") $1"
    fi
  elif [[ -e $TARGET ]]; then
    fail "$EXIT_ENVIRONMENT" "$1 is not a file"
  elif [[ $2 == block ]]; then
    note "$1" "newblock $1"
  else
    note "$1" "absent $1"
  fi
}

run_rollback() {
  local kind rest
  # Only who holds the lock knows which transaction is the last.
  if [[ -d $STATE/backups ]] && ! $DRY_RUN; then take_lock; fi
  remove_staged
  if [[ -d $STATE/backups/.gone ]] && ! $DRY_RUN; then
    must rm -rf -- "$STATE/backups/.gone"
    remove_empty_state
    say "finished the rollback that was interrupted"
    return 0
  fi
  find_last_transaction
  if [[ -z $TX ]]; then
    say "there is nothing to roll back"
    leave_no_trace
    return 0
  fi
  check_installed_host
  open_log
  # An interrupted rollback is an open transaction: the next run goes on with it.
  $DRY_RUN || printf 'open\n' | store "backups/${TX##*/}/state"
  load_entries
  forget_planned
  collect_before
  remove_temporary_files
  if grep -qx 'absent /etc/systemd/system/kubelet\.service \.' "$TX/entries"; then leave_with_kubelet; fi
  if is_first_install; then drop_generated; fi
  while read -r kind rest; do
    [[ $rest == *' .' ]] || continue
    rest=${rest% .}
    undo_entry "$kind" "$rest"
  done < <(tac -- "$TX/entries")
  if $DRY_RUN; then
    say "dry run: $(totals)"
    return 0
  fi
  $NO_START || restart_after_rollback
  flush_all
  must mv -T -- "$TX" "$STATE/backups/.gone"
  must rm -rf -- "$STATE/backups/.gone"
  remove_empty_state
  say "rolled back: $(totals)"
  watch_units
}

# All that an install would restart is in the list before it changes the first file. What is changed back is
# planned anew; a rollback that goes on has no list of before any more.
forget_planned() {
  if [[ ! -f $TX/pending ]] || $DRY_RUN; then return 0; fi
  if [[ -s $TX/pending ]]; then
    must mv -f -- "$TX/pending" "$STATE/pending"
  else
    must rm -f -- "$STATE/pending" "$TX/pending"
  fi
}

find_last_transaction() { # TX
  local dir
  for dir in "$STATE"/backups/[0-9]*; do
    if [[ -f $dir/state ]]; then TX=$dir; fi
  done
}

collect_before() { # every manifest whose units the rollback may have to do with
  local file files=()
  for file in "$STATE/manifest" "$TX"/attempted.* "$TX/files/var/lib/hardway/manifest"; do
    if [[ -f $file ]]; then files+=("$file"); fi
  done
  cat -- "${files[@]}" </dev/null >"$SCRATCH/before" || fail "$EXIT_ENVIRONMENT" "cannot write $SCRATCH"
}

drop_generated() { # what daemons of ours have made; what stood there before them has an entry, and comes back
  local path
  while read -r path; do
    [[ -n ${NOTED[$path]-} ]] || drop_file "$path"
  done < <(statements generated "$SCRATCH/before")
}

is_first_install() { # nothing of ours was here before the transaction
  [[ ! -f $STATE/manifest ]] || grep -qx 'absent /var/lib/hardway/manifest .' "$TX/entries"
}

undo_entry() { # KIND REST
  local path=${2##* } mode ids
  case $1 in
    hostname)
      count change "host name: $2"
      $DRY_RUN && return 0
      if [[ $2 == - ]]; then must rm -f -- "$ROOT/etc/hostname"; else write_hostname "$2"; fi
      return
      ;;
    disabled | enabled)
      undo_enablement "$1" "$2"
      return
      ;;
  esac
  resolve "$path"
  WRITTEN[${TARGET%/*}/]=yes
  read -r mode ids _ <<<"$2"
  case $1 in
    newdir)
      [[ -d $TARGET ]] || return 0
      $DRY_RUN || rmdir -- "$TARGET" 2>/dev/null || say "kept $path/ (not empty)"
      if ! $DRY_RUN && [[ ! -d $TARGET ]]; then list_del created "dir $path"; fi
      ;;
    dirmode)
      contain_link
      if [[ -d $TARGET ]] && ! $DRY_RUN; then set_mode_and_owner "$mode" "$ids" "$TARGET"; fi
      ;;
    absent | saved | link) undo_file "$1" "$path" ;;
    block | newblock) undo_block "$1" "$path" ;;
  esac
}

undo_file() { # KIND PATH
  if [[ $1 == absent ]]; then
    [[ -e $TARGET || -L $TARGET ]] || return 0
    count remove "$2"
    plan_undo "$2"
    $DRY_RUN || must rm -f -- "$TARGET"
  elif ! same_as_backup "$2"; then
    count change "$2"
    plan_undo "$2"
    $DRY_RUN || restore_file "$2"
  fi
}

same_as_backup() { # PATH
  local copy=$TX/files$1
  if [[ -L $copy ]]; then
    [[ -L $TARGET && $(readlink -- "$copy") == "$(readlink -- "$TARGET")" ]]
  else
    [[ -f $TARGET && ! -L $TARGET && $(stat -c '%a %u:%g' -- "$copy") == "$(stat -c '%a %u:%g' -- "$TARGET")" ]] &&
      cmp -s -- "$copy" "$TARGET"
  fi
}

restore_file() { # PATH
  local copy=$TX/files$1
  [[ -e $copy || -L $copy ]] || fail "$EXIT_ENVIRONMENT" "the backup of $1 is missing below $TX"
  if [[ -L $copy ]]; then
    must rm -f -- "$TARGET"
    must cp -P -p -- "$copy" "$TARGET"
  else
    place "$copy" "$(stat -c %a -- "$copy")" "$(stat -c '%u:%g' -- "$copy")"
  fi
}

undo_block() { # KIND PATH: byte for byte, unless somebody has edited the rest since
  local copy=$TX/files$2
  [[ -f $TARGET ]] || return 0
  plan_undo "$2"
  if [[ $1 == newblock ]]; then
    : >"$SCRATCH/old"
    with_block "$TARGET" "$SCRATCH/old" >"$SCRATCH/result"
    if [[ ! -s $SCRATCH/result ]]; then
      count remove "$2"
      $DRY_RUN || must rm -f -- "$TARGET"
      return 0
    fi
  else
    ! cmp -s -- "$copy" "$TARGET" || return 0
    extract_block "$TARGET" >"$SCRATCH/new"
    with_block "$copy" "$SCRATCH/new" >"$SCRATCH/result"
    if cmp -s -- "$SCRATCH/result" "$TARGET"; then
      count change "$2"
      $DRY_RUN || restore_file "$2"
      return 0
    fi
    extract_block "$copy" >"$SCRATCH/old"
    with_block "$TARGET" "$SCRATCH/old" >"$SCRATCH/result"
  fi
  count change "$2 (block only: the rest was edited since)"
  $DRY_RUN || place "$SCRATCH/result" "$(stat -c %a -- "$TARGET")" "$(stat -c '%u:%g' -- "$TARGET")"
}

undo_enablement() { # KIND UNIT
  if [[ $1 == disabled ]] && is_enabled "$2"; then
    count disable "$2"
    $DRY_RUN && return 0
    # Disabled last: that it is done is all that a run after a kill can see.
    if ! $NO_START; then stop_unit "$2"; fi
    disable_unit "$2"
  elif [[ $1 == enabled ]] && ! is_enabled "$2"; then
    count enable "$2"
    $DRY_RUN && return 0
    if ! $NO_START; then list_add pending "unit $2"; fi
    enable_units "$2"
  fi
}

plan_undo() { # PATH: the units that the file is for, by the manifests of before and after
  local mode owner path units unit
  [[ -z $ROOT ]] && ! $DRY_RUN || return 0
  case $1 in
    /etc/systemd/system/*) list_has pending reload || list_add pending reload ;;
    /var/lib/hardway/*) return 0 ;;
  esac
  while read -r mode owner path units; do
    [[ $path == "$1" && $units != - ]] || continue
    for unit in ${units//,/ }; do
      list_has pending "unit $unit" || list_add pending "unit $unit"
    done
  done < <({ statements file "$SCRATCH/before" && statements block "$SCRATCH/before" && statements program "$SCRATCH/before"; } | cut -d ' ' -f 1-4)
}

restart_after_rollback() {
  local kind unit start
  must systemctl daemon-reload
  while read -r unit start; do # units that are no longer there
    if [[ $start != runtime ]] && ! unit_exists "$unit" && is_running "$unit"; then stop_unit "$unit"; fi
  done < <(statements unit "$SCRATCH/before")
  if [[ -f $STATE/pending ]]; then
    while read -r kind unit; do
      if [[ $kind != unit ]] || ! unit_exists "$unit"; then continue; fi
      if is_enabled "$unit" || is_running "$unit"; then
        start_units restart "$unit"
        STARTED="$STARTED $unit:enable"
      fi
    done < <(cat -- "$STATE/pending")
    must rm -f -- "$STATE/pending"
  fi
}

remove_empty_state() { # after the rollback of the first install, nothing of ours is left
  local path kind
  [[ ! -f $STATE/manifest ]] || return 0
  if [[ -f $STATE/data ]]; then
    while read -r kind path; do
      if [[ -d $ROOT$path/member ]]; then printf '%s %s\n' "$kind" "$path"; fi
    done <"$STATE/data" >"$SCRATCH/data"
    if [[ -s $SCRATCH/data ]]; then store data <"$SCRATCH/data"; else must rm -f -- "$STATE/data"; fi
  fi
  must rm -rf -- "$STATE/staged"
  must rm -f -- "$STATE/once" "$STATE/pending" "$STATE/lock"
  [[ -s $STATE/created ]] || must rm -f -- "$STATE/created"
  rmdir -- "$STATE/backups" "$STATE" 2>/dev/null || true
}

leave_no_trace() { # of a run below --root that found nothing to do; what is kept of data and users stays
  if [[ -z $ROOT || -f $STATE/manifest ]] || $DRY_RUN; then return 0; fi
  must rm -f -- "$STATE/lock"
  rmdir -- "$STATE/backups" "$STATE" 2>/dev/null || true
}

check_installed_host() {
  local host name
  host=$(installed_statements host | sed -n 1p)
  if [[ -n $host ]]; then
    [[ $host == "$(single host)" ]] ||
      fail "$EXIT_USAGE" "what is installed here is for host '$host', this bundle is for '$(single host)'"
  else
    name=$(current_hostname)
    [[ -z $name ]] || is_our_name "$name" ||
      fail "$EXIT_USAGE" "this machine is called '$name', this bundle is for '$(single host)'"
  fi
}

# --------------------------------------------------------------- uninstall

run_uninstall() {
  local unit start mode owner path units
  if [[ ! -f $STATE/manifest && ! -d $STATE/backups && ! -f $STATE/data && ! -f $STATE/created ]]; then
    # Of a run that was killed at its beginning there is a lock and nothing else.
    if [[ -z $ROOT && -e $LIVE_LOCK ]] && ! $DRY_RUN; then take_lock; fi
    say "nothing is installed here"
    return 0
  fi
  check_installed_host
  $DRY_RUN || confirm
  $DRY_RUN || take_lock
  open_log
  find_open_transaction
  remove_temporary_files
  while read -r unit start; do
    if [[ $start != runtime ]]; then take_down "$unit"; fi
  done < <(installed_statements unit | tac)
  if grep -q '^kubelet\.service ' < <(installed_statements unit); then leave_node; fi
  while read -r mode owner path units; do remove_block "$path" -; done < <(installed_statements block)
  while read -r path; do drop_file "$path"; done < <(
    installed_files | cut -d ' ' -f 3
    installed_statements generated
    if [[ -n $(installed_statements module) ]]; then printf '%s\n' "$LOCAL_MODULES"; fi
  )
  if [[ -z $ROOT ]] && ! $DRY_RUN; then must systemctl daemon-reload; fi
  if $PURGE_DATA; then purge_data; fi
  if $DRY_RUN; then
    say "dry run: $(totals)"
    return 0
  fi
  remove_created
  remove_state
  say "uninstalled: $(totals)"
  [[ -n $ROOT ]] || notice "network interfaces of pods go away at the next reboot; the container runtime keeps its images and what it noted of containers"
}

confirm() {
  local answer
  if $YES; then return 0; fi
  [[ -t 0 && -t 1 ]] || fail "$EXIT_USAGE" "uninstall asks first, and there is no terminal: give --yes"
  read -r -p "Remove hardway's files and units from $(single host)? Data is kept. [y/N] " answer || answer=''
  [[ $answer == [yY]* ]] || fail "$EXIT_USAGE" "not confirmed, nothing was changed"
}

need_root() {
  [[ -n $ROOT ]] || ((EUID == 0)) || fail "$EXIT_ENVIRONMENT" "not root; run it with sudo"
}

take_down() { # UNIT
  count stop "$1"
  $DRY_RUN && return 0
  if [[ -z $ROOT ]] && unit_exists "$1"; then stop_unit "$1"; fi
  disable_unit "$1"
  # One that had to be killed would be listed as failed for ever.
  if [[ -z $ROOT ]]; then systemctl reset-failed -- "$1" 2>/dev/null || true; fi
}

# -------------------------------------------------- what a node leaves behind

leave_with_kubelet() { # the transaction that brought the kubelet is taken back; a distribution's own goes on
  local unit dir
  [[ -z $ROOT ]] && ! $DRY_RUN || return 0
  # The journal names it before it is there.
  [[ -f /etc/systemd/system/kubelet.service ]] || return 0
  for dir in /usr/lib /lib; do
    if [[ -f $dir/systemd/system/kubelet.service ]]; then return 0; fi
  done
  for unit in kube-proxy.service kubelet.service; do
    if unit_exists "$unit"; then stop_unit "$unit"; fi
  done
  leave_node
}

# The kubelet is stopped, and nobody else would ever end its pods, unmount their volumes and
# take their services' packet rules away.
leave_node() {
  [[ -z $ROOT ]] && ! $DRY_RUN || return 0
  end_pods
  unmount_volumes
  remove_pod_folders
  clear_packet_rules
}

end_pods() { # as the kubelet would: told to end, and killed when they do not
  local deadline
  [[ -n $(pod_processes) ]] || return 0
  say "stop pods"
  signal_pods TERM
  now
  deadline=$((NOW + POD_SECONDS))
  while [[ -n $(pod_processes) ]] && ((NOW < deadline)); do
    sleep 1
    now
  done
  signal_pods KILL
  deadline=$((NOW + LOCK_SECONDS))
  while [[ -n $(pod_processes) ]]; do
    if ((NOW >= deadline)); then
      warn "processes of pods do not end:$(pod_processes | tr '\n' ' ' | sed 's/^/ /; s/ $//')"
      return 0
    fi
    sleep 1
    now
  done
}

pod_processes() { # their numbers; all pods are below one control group, whatever the runtime
  local dir
  for dir in /sys/fs/cgroup/{,*/}kubepods{,.slice}; do
    if [[ -d $dir ]]; then find "$dir" -name cgroup.procs -exec cat {} + 2>/dev/null || true; fi
  done | { grep -vx 0 || true; } | sort -u # 0: one of another namespace, and to kill(1) this process group
}

signal_pods() { # SIGNAL
  local pid
  while read -r pid; do kill -s "$1" -- "$pid" 2>/dev/null || true; done < <(pod_processes)
}

volume_mounts() { # the last one first
  local _device mount _rest folder
  # The kernel names mounts by where they are: the kubelet's folder may be a link.
  folder=$(readlink -f -- "$KUBELET_DIR") || return 0
  while read -r _device mount _rest; do
    mount=$(printf '%b' "$mount")
    if [[ $mount == "$folder"/* ]]; then printf '%s\n' "$mount"; fi
  done </proc/mounts | sort -r
}

unmount_volumes() { # of pods; what is below such a mount is not ours to delete
  local mount
  volume_mounts >"$SCRATCH/mounts"
  # A network volume whose server is gone would keep us here for ever.
  while IFS= read -r mount; do
    timeout -k 5 30 umount -- "$mount" || timeout -k 5 30 umount -l -- "$mount" || warn "cannot unmount $mount"
  done <"$SCRATCH/mounts"
}

remove_pod_folders() { # what ends with a pod, such as an emptyDir; of drivers and plugins only what is empty
  local name
  if [[ -n $(volume_mounts) ]]; then
    warn "kept $KUBELET_DIR/pods: something is mounted there still"
  elif [[ -d $KUBELET_DIR/pods && ! -L $KUBELET_DIR/pods ]]; then
    must rm -rf --one-file-system -- "$KUBELET_DIR/pods"
  fi
  # A kubelet with another policy does not start with these.
  rm -f -- "$KUBELET_DIR"/{cpu,memory}_manager_state "$KUBELET_DIR"/device-plugins/{DEPRECATION,kubelet_internal_checkpoint} \
    "$KUBELET_DIR"/{device-plugins,pod-resources}/kubelet.sock
  for name in device-plugins pod-resources plugins plugins_registry; do
    rmdir -- "$KUBELET_DIR/$name" 2>/dev/null || true
  done
}

clear_packet_rules() { # kube-proxy takes away what it has made
  local program=''
  program=$(installed_statements binary | sed -n 's|^\([^ ]*/kube-proxy\) .*|\1|p' | sed -n 1p)
  [[ -n $program && -x $program ]] || return 0
  # It empties the whole of IPVS. Where it was in another mode, that is somebody else's.
  if ! grep -q "^ip_vs " < <(installed_statements module) && grep -qsE '^(TCP|UDP|SCTP|FWM) ' /proc/net/ip_vs; then
    notice "packet rules of services stay: IPVS is in use here by others, and $program --cleanup would empty it"
    return 0
  fi
  timeout 60 "$program" --cleanup </dev/null >/dev/null 2>&1 8>&- ||
    warn "packet rules of services may be left: $program --cleanup failed"
}

drop_file() { # PATH
  resolve "$1"
  if [[ $VERB == uninstall ]] && stood_here "$1"; then
    put_back "$1"
    return 0
  fi
  [[ -f $TARGET || -L $TARGET ]] || return 0
  count remove "$1"
  $DRY_RUN || must rm -f -- "$TARGET"
}

data_paths() { # of what is installed, or of what was and left its data
  { installed_statements data; if [[ -f $STATE/data ]]; then cut -d ' ' -f 2 "$STATE/data"; fi; } | sort -u
}

purge_data() { # of this bundle's cluster, and of no other that was here before it
  local id path ours
  [[ -f $STATE/data ]] || return 0
  ours=$(cluster_id)
  while read -r id path; do
    if [[ $id == "$ours" ]]; then
      purge "$path"
    else
      notice "kept $path: it belongs to cluster $id, and this bundle is for $ours"
    fi
  done < <(cat -- "$STATE/data")
}

purge() { # PATH
  [[ $1 =~ ^$PATH_SHAPE$ && ! $1/ =~ /\.\.?/ ]] || fail "$EXIT_ENVIRONMENT" "not a path: $1"
  resolve "$1"
  [[ -d $TARGET ]] || return 0
  if [[ -L $TARGET ]]; then
    warn "kept $1: it is a link to $(readlink -- "$TARGET"); delete by hand what is there, and the link"
    return 0
  fi
  count remove "$1/ (data)"
  $DRY_RUN && return 0
  must rm -rf --one-file-system -- "$TARGET"
  if [[ -f $STATE/data ]]; then sed "\|^[^ ]* $1\$|d" "$STATE/data" | store data; fi
}

remove_created() { # folders of ours that are empty, deepest first; users and groups of ours that own no data
  local path name
  [[ -f $STATE/created ]] || return 0
  while read -r path; do
    resolve "$path"
    [[ -d $TARGET ]] || continue
    rmdir -- "$TARGET" 2>/dev/null || say "kept $path/ (not empty)"
  done < <(sed -n 's/^dir //p' "$STATE/created" | sort -r)
  while read -r name; do remove_user "$name"; done < <(sed -n 's/^user //p' "$STATE/created")
  while read -r name; do remove_group "$name"; done < <(sed -n 's/^group //p' "$STATE/created")
}

remove_user() { # NAME
  local path id gid
  id=$(entry_id passwd "$1")
  if [[ -z $id ]]; then
    # Noted, and interrupted before it was made; its group may be there.
    list_del created "user $1"
    return 0
  fi
  while read -r path; do
    if [[ -d $ROOT$path && $(stat -L -c %u -- "$ROOT$path") == "$id" ]]; then
      say "kept user $1, who owns $path"
      return 0
    fi
  done < <(data_paths)
  count remove "user $1"
  if [[ -n $ROOT ]]; then
    remove_entry passwd "$1"
    remove_entry shadow "$1"
  else
    gid=$(entry_id group "$1")
    userdel -- "$1" || warn "cannot remove user $1"
    # userdel takes the group of that name along, also one that was there before the user.
    if [[ -n $gid && -z $(entry_id group "$1") ]] && ! list_has created "group $1"; then
      groupadd -r -g "$gid" -- "$1" || warn "cannot make group $1 again, number $gid"
    fi
  fi
  list_del created "user $1"
}

remove_group() { # NAME
  [[ -n $(entry_id group "$1") ]] && ! list_has created "user $1" || return 0
  if [[ -n $ROOT ]]; then
    remove_entry group "$1"
    remove_entry gshadow "$1"
  else
    groupdel -- "$1" || warn "cannot remove group $1"
  fi
  list_del created "group $1"
}

remove_entry() { # TABLE NAME: below ROOT
  resolve "/etc/$1"
  [[ -f $TARGET ]] || return 0
  filtered "$SCRATCH/entry" -- "^$2:" "$TARGET"
  place "$SCRATCH/entry" "$(stat -c %a -- "$TARGET")" "$(stat -c '%u:%g' -- "$TARGET")"
}

filtered() { # RESULT ARGUMENT...: the lines that grep does not find; that there are none is no error
  grep -v "${@:2}" >"$1" || (($? == 1)) || fail "$EXIT_ENVIRONMENT" "cannot write $1 (is the disk full?)"
}

remove_state() { # all but the note of whose the data is that stays
  local kept='' path _id
  if [[ -f $STATE/data ]]; then
    while read -r _id path; do
      if [[ -d $ROOT$path ]]; then kept="$kept $path"; fi
    done <"$STATE/data"
  fi
  # Closed first: half a journal would not tell any more what was the host's own.
  if [[ -n $TX ]]; then must rm -f -- "$TX/state"; fi
  must rm -rf -- "$STATE/backups" "$STATE/staged"
  must rm -f -- "$STATE/receipt" "$STATE/once" "$STATE/pending"
  if [[ -n $kept ]]; then
    notice "kept:$kept (uninstall --purge-data --yes deletes it)"
    still_created >"$SCRATCH/created"
    if [[ -s $SCRATCH/created ]]; then store created <"$SCRATCH/created"; else must rm -f -- "$STATE/created"; fi
    must rm -f -- "$STATE/manifest" "$STATE/lock"
  else
    must rm -f -- "$STATE/created" "$STATE/data" "$STATE/manifest" "$STATE/lock"
    rmdir -- "$STATE" 2>/dev/null || true
  fi
}

still_created() { # what of ours is left around the data, to be taken away with it one day
  local kind name
  [[ -f $STATE/created ]] || return 0
  while read -r kind name; do
    case $kind in
      dir) [[ -d $ROOT$name ]] || continue ;;
      user) [[ -n $(entry_id passwd "$name") ]] || continue ;;
      group) [[ -n $(entry_id group "$name") ]] || continue ;;
    esac
    printf '%s %s\n' "$kind" "$name"
  done <"$STATE/created"
}

# --------------------------------------------------------------- primitives

take_lock() {
  local lock=$LIVE_LOCK deadline
  [[ -z $ROOT ]] || lock=$STATE/lock
  now
  deadline=$((NOW + LOCK_SECONDS))
  while :; do
    [[ -z $ROOT ]] || make_state
    exec 8>"$lock" || fail "$EXIT_ENVIRONMENT" "cannot write $lock"
    # What a killed run had started holds the lock until it ends: that is worth a moment.
    # Whoever holds it removes the file at the end: one opened before that excludes nobody.
    if flock -w 1 8 && [[ $lock -ef /proc/self/fd/8 ]]; then break; fi
    now
    ((NOW < deadline)) || fail "$EXIT_ENVIRONMENT" "another install.sh is at work (lock $lock)"
  done
  # Below --root it stays: a run that changes nothing is to leave no trace there.
  [[ -n $ROOT ]] || LOCK=$lock
}

# NOW: seconds since the machine started. SECONDS, as `date`, jumps when chrony sets the clock right.
now() {
  if read -r NOW _ </proc/uptime; then NOW=${NOW%.*}; else NOW=$SECONDS; fi
}

resolve() { # PATH: TARGET is where it is on disk; with --root never outside DIR
  TARGET=$ROOT$1
  [[ -n $ROOT ]] || return 0
  contain "${TARGET%/*}" "$1"
}

contain() { # FILE [NAME]: it is not outside ROOT, whatever links lead to it
  local real
  real=$(readlink -m -- "$1")
  [[ $real == "$ROOT" || $real == "$ROOT"/* ]] ||
    fail "$EXIT_ENVIRONMENT" "${2:-${1#"$ROOT"}} leads out of $ROOT, by a link to $real"
}

contain_link() { if [[ -n $ROOT && -L $TARGET ]]; then contain "$TARGET"; fi; } # TARGET itself is not one out of ROOT

resolve_link() { # TARGET: what it is a link to, so that the link stays
  [[ -L $TARGET ]] || return 0
  local file
  file=$(readlink -f -- "$TARGET") || fail "$EXIT_ENVIRONMENT" "$TARGET is a link to nowhere"
  [[ $file == "$ROOT"/* && ${file#"$ROOT"} =~ ^$PATH_SHAPE$ ]] ||
    fail "$EXIT_ENVIRONMENT" "$TARGET is a link to $file, which is no place to write to"
  TARGET=$file
}

place() { # SOURCE MODE IDS: TARGET becomes its bytes in one step, or stays as it was
  TEMP=$(mktemp -- "${TARGET%/*}/.${TARGET##*/}.hardway.XXXXXX") ||
    fail "$EXIT_ENVIRONMENT" "cannot write below ${TARGET%/*}"
  if ! { copy "$@" "$TEMP" && flush "$TEMP" && mv -f -T -- "$TEMP" "$TARGET"; }; then
    fail "$EXIT_ENVIRONMENT" "cannot write $TARGET (is the disk full?); it is as it was"
  fi
  TEMP='' WRITTEN[${TARGET%/*}/]=yes
  relabel "$TARGET"
}

relabel() { # FILE...: where SELinux is on, with what its path calls for
  $RELABEL || return 0
  restorecon -- "$@" || warn "cannot label $* for SELinux"
}

copy() { # SOURCE MODE IDS FILE: open to nobody else until it is whole
  if $SKIP_CHOWN; then install -m "$2" -- "$1" "$4"; else install -m "$2" -o "${3%:*}" -g "${3#*:}" -- "$1" "$4"; fi
}

set_mode_and_owner() { # MODE IDS FILE
  if ! $SKIP_CHOWN; then must chown -- "$2" "$3"; fi
  must chmod -- "$1" "$3"
}

has_mode_and_owner() { # MODE: TARGET has it, and IDS
  local mode
  printf -v mode '%o' "$((8#$1))"
  [[ $(stat -L -c '%a %u:%g' -- "$TARGET") == "$mode $IDS" ]]
}

flush() { # FILE...: their bytes are on the disk, also where sync knows no files (RHEL 7)
  local file
  if $SYNC_FILES; then
    must sync -- "$@"
    return
  fi
  for file; do
    dd if=/dev/null of="$file" conv=notrunc,fsync 2>/dev/null || fail "$EXIT_ENVIRONMENT" "cannot write $file (is the disk full?)"
  done
}

flush_all() { # our notes and the file systems written to; others may be dead and keep us for ever
  local dir dirs=("$STATE")
  if ! $SYNC_FILES; then
    timeout 60 sync || warn "not everything is on the disk yet: sync took more than 60 s"
    return
  fi
  for dir in "$ROOT/etc" "${!WRITTEN[@]}"; do
    if [[ -d $dir ]]; then dirs+=("$dir"); fi
  done
  flush_file_systems "${dirs[@]}"
}

flush_file_systems() { # DIR...: those they are on, each once
  local device dir
  local -A one=()
  while read -r device dir; do one[$device]=$dir; done < <(stat -L -c '%d %n' -- "$@")
  must sync -f -- "${one[@]}"
}

remove_temporary_files() { # of a run that was killed
  local path file
  local -A staging=()
  $DRY_RUN && return 0
  while read -r path; do
    staging[$ROOT${path%/*}/$STAGED]=yes
    for file in "$ROOT${path%/*}/.${path##*/}".hardway.??????; do
      if [[ -f $file ]]; then must rm -f -- "$file"; fi
    done
  done < <(
    { installed_files; installed_statements block; managed_paths program | sed 's/^/- - /'; } | cut -d ' ' -f 3
    printf '%s\n' "$LOCAL_MODULES" /etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/hostname \
      /var/lib/hardway/manifest /var/lib/hardway/receipt
  )
  for file in "${!staging[@]}"; do
    if [[ -e $file || -L $file ]]; then must rm -rf -- "$file"; fi
  done
  for file in "$STATE"/*.new; do
    if [[ -f $file ]]; then must rm -f -- "$file"; fi
  done
  must rm -rf -- "$STATE/backups/.gone"
}

store() { # NAME: standard input becomes that file of STATE
  local file=$STATE/$1
  [[ -d $STATE ]] || make_state
  cat >"$file.new" || fail "$EXIT_ENVIRONMENT" "cannot write $file (is the disk full?)"
  put_in_place "$file"
}

list_has() { # LIST LINE
  local line
  [[ -f $STATE/$1 ]] || return 1
  while IFS= read -r line; do
    if [[ $line == "$2" ]]; then return 0; fi
  done <"$STATE/$1"
  return 1
}

list_without() { # LIST LINE...: LINES is what it has beside these
  local line name=$1
  local -A gone=()
  LINES=()
  shift
  for line; do gone[$line]=yes; done
  [[ -f $STATE/$name ]] || return 0
  while IFS= read -r line; do
    if [[ -n $line && -z ${gone[$line]-} ]]; then LINES+=("$line"); fi
  done <"$STATE/$name"
}

list_add() { # LIST LINE...
  list_without "$@"
  LINES+=("${@:2}")
  store_lines "$1"
}

list_del() { # LIST LINE...
  local line had=false
  for line in "${@:2}"; do
    if list_has "$1" "$line"; then had=true; fi
  done
  $had || return 0
  list_without "$@"
  store_lines "$1"
}

store_lines() { # NAME: LINES become that file of STATE
  local file=$STATE/$1
  [[ -d $STATE ]] || make_state
  : >"$file.new" || fail "$EXIT_ENVIRONMENT" "cannot write $file"
  if ((${#LINES[@]})); then
    printf '%s\n' "${LINES[@]}" >"$file.new" || fail "$EXIT_ENVIRONMENT" "cannot write $file (is the disk full?)"
  fi
  put_in_place "$file"
}

put_in_place() { # FILE: what is in FILE.new
  flush "$1.new"
  must mv -f -T -- "$1.new" "$1"
}

root_ids() { if $SKIP_CHOWN; then printf '%s:%s\n' "$EUID" "$(id -g)"; else printf '0:0\n'; fi; }

ids_of() { # OWNER: IDS, as numbers
  local user=${1%%:*} group=${1#*:}
  if $SKIP_CHOWN; then
    IDS=$(root_ids)
    return
  fi
  [[ -n ${UID_OF[$user]-} ]] || UID_OF[$user]=$(entry_id passwd "$user")
  [[ -n ${GID_OF[$group]-} ]] || GID_OF[$group]=$(entry_id group "$group")
  IDS=${UID_OF[$user]}:${GID_OF[$group]}
  if [[ $IDS == :* || $IDS == *: ]] && [[ $VERB == install ]] && ! $DRY_RUN; then
    fail "$EXIT_ENVIRONMENT" "no such user or group: $1"
  fi
}

entry_id() { # passwd|group NAME: its number, or nothing
  local id=''
  if [[ $2 == root ]]; then
    printf '0\n'
  elif [[ -z $ROOT ]]; then
    IFS=: read -r _ _ id _ < <(getent "$1" "$2") || true
    printf '%s\n' "$id"
  elif [[ -f $ROOT/etc/$1 ]]; then
    awk -F : -v name="$2" '$1 == name { print $3; exit }' "$ROOT/etc/$1"
  fi
}

# A block is the lines from "# BEGIN hardway" to "# END hardway". All else in a
# file is copied by head and tail, which keep every byte of it.

block_ranges() { # FILE: lines "FIRST LAST", or "broken LINE"
  awk '
    { sub(/\r$/, "") }
    /^# BEGIN hardway([^A-Za-z0-9_-]|$)/ { if (first) { print "broken", first; exit } first = NR; next }
    /^# END hardway([^A-Za-z0-9_-]|$)/ { if (!first) { print "broken", NR; exit } print first, NR; first = 0 }
    END { if (first) print "broken", first }
  ' "$1"
}

extract_block() { # FILE: its first block
  local first last
  read -r first last < <(block_ranges "$1") || return 0
  [[ $first != broken ]] || return 0
  sed -n "${first},${last}p" "$1"
}

with_block() { # FILE BLOCK: the file with BLOCK in place of its first block, or at its end
  local first last next=1 done=false
  block_ranges "$1" >"$SCRATCH/ranges"
  ! grep -q broken "$SCRATCH/ranges" || fail "$EXIT_ENVIRONMENT" "$1: a hardway block without its other end"
  while read -r first last; do
    if ((first > next)); then sed -n "${next},$((first - 1))p" "$1"; fi
    $done || cat -- "$2"
    done=true next=$((last + 1))
  done <"$SCRATCH/ranges"
  tail -n "+$next" -- "$1"
  $done && return 0
  if [[ -s $2 && -n $(tail -c 1 -- "$1") ]]; then printf '\n'; fi
  cat -- "$2"
}

((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 402)) || {
  printf 'error: bash 4.2 or newer is needed\n' >&2
  exit 3
}
main "$@"
exit
