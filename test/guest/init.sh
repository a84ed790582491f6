#!/bin/sh
# PID 1 of a guest. The root is the host's, read-only; /run/job is the run's folder, read-write, and holds
# command.sh (what to run), environment.sh, busybox and modules/. Leaves out (output) and rc (exit status) there, then powers off.
# Nothing may be redirected to /dev/null before devtmpfs is there.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
checkout=$(dirname "$0")/../..
checkout=$(cd "$checkout" && pwd -P)
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mountpoint -q /dev || mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm /dev/checkout
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
ln -sf /proc/self/fd /dev/fd
ln -sf /proc/self/fd/0 /dev/stdin
ln -sf /proc/self/fd/1 /dev/stdout
ln -sf /proc/self/fd/2 /dev/stderr

# The checkout may lie below a folder that gets a fresh tmpfs: keep it aside and put it back.
mount --bind "$checkout" /dev/checkout
for folder in /run /tmp /var; do
	mount -t tmpfs -o mode=0755 tmpfs $folder
done
chmod 1777 /tmp
mkdir -p /run/job /run/lock /var/lib /var/log /var/cache /var/spool /run/home
mkdir -m 1777 /var/tmp
ln -s /run /var/run
if ! [ -d "$checkout" ]; then
	mkdir -p "$checkout"
	mount --bind /dev/checkout "$checkout"
fi
umount /dev/checkout

mount -t virtiofs share /run/job
for file in /run/job/modules/*.ko; do
	[ -f "$file" ] && /run/job/busybox insmod "$file"
done
mount -t securityfs securityfs /sys/kernel/security
mount -t bpf bpf /sys/fs/bpf
mount -t tracefs tracefs /sys/kernel/tracing
mount -t debugfs debugfs /sys/kernel/debug
mount -t cgroup2 cgroup2 /sys/fs/cgroup
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
	echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
done
/run/job/busybox ip link set lo up
/run/job/busybox hostname guest
ulimit -n 65536

export HOME=/run/home
export PATH="$checkout/node_modules/node/bin:$checkout/node_modules/.bin:$PATH"
. /run/job/environment.sh
cd "$checkout" || exit 1
read -r uptime _ </proc/uptime
echo "GUEST-UP $uptime" >/dev/console
# Tests of what only PID 1 may do leave it a script.
trap '[ -f /run/init-task ] && . /run/init-task' USR1
sh /run/job/command.sh </dev/null >/run/job/out 2>&1 &
command=$!
code=255
# A signal ends a wait early.
while kill -0 $command 2>/run/init-errors; do
	wait $command
	code=$?
done
echo $code >/run/job/rc
echo "GUEST-RC $code" >/dev/console
sync
echo o >/proc/sysrq-trigger
# The power goes off a moment later, when no program may be there any more to run: init must not end before.
while :; do :; done
