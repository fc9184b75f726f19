# A builder that looks at its sandbox and says what it sees, one `name: value` a line, to standard output. Run by
# busybox's sh with the applets in PATH; sandbox-*.sh compare what it says under Nix, under Guix, and here.
# shellcheck shell=sh disable=SC2010,SC2012,SC2016,SC2154,SC3045
say() { echo "$1: $2"; }
tried() { # NAME COMMAND...: ok, or the error in the kernel's words
	name=$1
	shift
	if message=$("$@" 2>&1 >/dev/null); then say "$name" ok; else say "$name" "${message##*: }"; fi
}
write_to() { echo x >>"$1"; }

# ---- who and where ----
say arg0 "$0"
say args "$*"
say ids "$(id -u):$(id -g)"
say groups "$(sed -n 's/^Groups:[[:space:]]*//p' /proc/self/status)"
say user "$(id -un):$(id -gn)"
say host "$(hostname)"
say domain "$(cat /proc/sys/kernel/domainname)"
say pid "$$"
set -- /proc/[0-9]*
say pids "$*"
say cwd "$(pwd)"
say umask "$(umask)"
say machine "$(uname -m)"

# ---- the environment, sorted as it came ----
env | sort | while IFS= read -r line; do say env "$line"; done
tr '\0' '\n' </proc/$$/environ | cut -d= -f1 | grep -vE '^(SHLVL|_|OLDPWD)$' >"$TMPDIR/names"
say env-order "$(if sort -c "$TMPDIR/names" 2>/dev/null; then echo sorted; else tr '\n' ' ' <"$TMPDIR/names"; fi)"
rm "$TMPDIR/names"

# ---- limits, rights ----
say core "$(ulimit -Sc)"
say no-new-privs "$(sed -n 's/^NoNewPrivs:[[:space:]]*//p' /proc/self/status)"
say seccomp "$(sed -n 's/^Seccomp:[[:space:]]*//p' /proc/self/status)"
say capabilities "$(sed -n 's/^Cap[A-Z][a-z]*:[[:space:]]*//p' /proc/self/status | sort -u | tr '\n' ' ')"
say signals "$(sed -n 's/^SigIgn:[[:space:]]*//p' /proc/self/status) $(sed -n 's/^SigBlk:[[:space:]]*//p' /proc/self/status)"
say randomize "$(cut -c1-8 /proc/self/personality 2>/dev/null)"

# ---- descriptors ----
say fds "$(ls /proc/self/fd | tr '\n' ' ' | sed 's/ 3 / /')"
say stdin "$(readlink /proc/self/fd/0)"

# ---- files ----
for dir in / /etc /dev /dev/shm /tmp "$NIX_BUILD_TOP" "$NIX_STORE" /bin; do
	say "mode $dir" "$(stat -c %a "$dir" 2>&1)"
	say "list $dir" "$(ls -A "$dir" 2>/dev/null | grep -v '\.attr' | tr '\n' ' ')"
done
for file in /etc/*; do say "file $file" "$(tr '\n' '|' <"$file")"; done
for file in /dev/*; do
	if [ -L "$file" ]; then say "device $file" "-> $(readlink "$file")"; elif [ -c "$file" ]; then say "device $file" "$(stat -c '%t:%T' "$file")"; fi
done
say build-files "$(ls -A "$NIX_BUILD_TOP" | tr '\n' ' ')"
say mounts "$(cut -d' ' -f5 /proc/self/mountinfo | grep -v "^$NIX_STORE/" | sort | tr '\n' ' ')"
say input-mounts "$(grep " $NIX_STORE/" /proc/self/mountinfo | cut -d' ' -f6 | tr , '\n' | grep -xE 'ro|rw|nosuid|nodev' | sort -u | tr '\n' ' ')"

# ---- writing ----
tried 'write /' write_to /x
tried 'write /etc' write_to /etc/x
tried 'write /bin' write_to /bin/x
tried 'write /dev' write_to /dev/x
tried 'write /tmp' write_to /tmp/x
tried 'write /dev/shm' write_to /dev/shm/x
tried 'write /dev/null' write_to /dev/null
tried 'write /dev/full' write_to /dev/full
tried 'write build' write_to "$NIX_BUILD_TOP/x"
tried 'write store' write_to "$NIX_STORE/00000000000000000000000000000000-x"
tried 'write input' write_to "$input/new"
tried 'chmod input' chmod 777 "$input"
tried 'remove input' rm -rf "$input/bin/ls"
tried 'rename input' mv "$input" "$input-away"
tried 'chmod input file' chmod 777 "$file_input"
tried 'write input file' write_to "$file_input"
tried 'remount input' mount -o remount,bind,rw "$input"
tried 'unmount input' umount "$input"
# root of a user namespace of its own may mount, but not undo what was mounted before
tried 'nested mount' unshare -Urm mount -t tmpfs none /tmp
tried 'nested remount' unshare -Urm mount -o remount,bind,rw "$input"
tried 'nested unmount' unshare -Urm umount "$input"
tried 'nested write' unshare -Urm sh -c 'mount -o remount,bind,rw "$input" && echo x >"$input/new"'
say link "$(readlink "$link_input")"
say whole "$([ -x "$input/bin/ls" ] && echo yes)"

# ---- what must not end up in a store ----
: >"$NIX_BUILD_TOP/file"
tried setuid chmod 4755 "$NIX_BUILD_TOP/file"
tried setgid chmod 2755 "$NIX_BUILD_TOP/file"
tried setuid-both chmod 6755 "$NIX_BUILD_TOP/file"
tried sticky chmod 1755 "$NIX_BUILD_TOP/file"
if busybox --list | grep -qx getfattr; then tried getxattr getfattr -n user.x "$NIX_BUILD_TOP/file"; fi
if busybox --list | grep -qx setfattr; then tried setxattr setfattr -n user.x -v y "$NIX_BUILD_TOP/file"; fi
rm -f "$NIX_BUILD_TOP/file" "$NIX_BUILD_TOP/x" "$NIX_STORE/00000000000000000000000000000000-x" /tmp/x /dev/shm/x

# ---- the network ----
say interfaces "$(sed -n 's/^ *\([a-z0-9]*\):.*/\1/p' /proc/net/dev | sort | tr '\n' ' ')"
say loopback "$(ip -o link show lo 2>/dev/null | grep -o '<[^>]*>' | tr , '\n' | grep -cx '<*UP>*')"
tried network nc -w 2 192.0.2.1 80 </dev/null
