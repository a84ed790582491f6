#!/bin/sh
# The outside of a guest, run in mount and pid namespaces of its own, so that mounts and processes end with it.
# $1 folder of the run (share/ goes to the guest read-write, the rest is ours), $2 checkout, $3 virtiofsd, then the QEMU command.
set -eu
run=$1 checkout=$2 virtiofsd=$3
shift 3
echo HOST-START
mount --make-rprivate /
mkdir -p "$run/root"
mount --bind / "$run/root"
mount -o remount,bind,ro "$run/root"
# Mounts that hold the checkout or the system, in the order they were made; one bind of / does not carry them.
for point in $(cut -d ' ' -f 5 /proc/self/mountinfo); do
	case "$checkout/" in "$point"/*) wanted=yes ;; *) wanted=no ;; esac
	case $point in / | "$run"/*) wanted=no ;; /usr | /usr/* | /etc | /lib | /opt) wanted=yes ;; esac
	if [ $wanted = yes ]; then
		mount --bind "$point" "$run/root$point"
		mount -o remount,bind,ro "$run/root$point"
	fi
done
serve() { # socket, folder
	"$virtiofsd" "--socket-path=$1" -o "source=$2" -o cache=always -o sandbox=chroot --rlimit-nofile=0 >>"$run/virtiofsd.log" 2>&1 &
}
serve "$run/root.sock" "$run/root"
serve "$run/share.sock" "$run/share"
waited=0
until [ -S "$run/root.sock" ] && [ -S "$run/share.sock" ]; do
	waited=$((waited + 1))
	if [ $waited -gt 200 ]; then
		cat "$run/virtiofsd.log" >&2
		exit 70
	fi
	sleep 0.05
done
exec "$@" </dev/null
