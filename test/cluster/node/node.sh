#!/bin/sh
# A Kubernetes node inside a guest: bridge, containerd, images, kubelet, then orders from outside until told to stop.
# All that it needs lies in /run/job/node: bin/, cni/, images/, etc/ and `settings` (NODE_NAME, NODE_ADDRESS, POD_START, POD_END).
# Orders: do/<name>.sh is run, its output goes to do/<name>.out and its status to do/<name>.rc; a file `stop` ends the node.
set -eu
node=/run/job/node
. $node/settings
export PATH=$node/bin:$PATH
logs=/run/job/logs
mkdir -p $logs /run/job/do /var/lib/containerd /var/lib/kubelet/volumeplugins /var/lib/cni /run/containerd /run/static-pods /run/cni
mount --make-rshared /
echo "$NODE_NAME" >/proc/sys/kernel/hostname
# The card is a port of the pods' bridge, so pods reach 10.0.0.1 by themselves. No default route: nothing gets out.
ip link add cni0 type bridge
ip link set eth0 up
ip link set eth0 master cni0
ip addr add "$NODE_ADDRESS/24" dev cni0
ip link set cni0 up

sed -e "s/@POD_START@/$POD_START/" -e "s/@POD_END@/$POD_END/" $node/etc/cni.json >/run/cni/10-bridge.conflist
containerd --config $node/etc/containerd.toml >$logs/containerd.log 2>&1 &
until [ -S /run/containerd/containerd.sock ]; do sleep 0.1; done
# The sandbox's image first: without it no pod starts.
for image in pause busybox; do
	ctr -n k8s.io images import $node/images/$image.tar >>$logs/images.log 2>&1
done
kubelet --config=$node/etc/kubelet.json --kubeconfig=$node/etc/kubeconfig --node-ip="$NODE_ADDRESS" \
	--hostname-override="$NODE_NAME" --root-dir=/var/lib/kubelet --cert-dir=/var/lib/kubelet/pki --node-labels="$NODE_LABELS" \
	--v=1 >$logs/kubelet.log 2>&1 &
echo $! >/run/kubelet.pid
echo "NODE-UP $(cut -d ' ' -f 1 /proc/uptime)"
for image in $node/images/late/*.tar; do
	[ -f "$image" ] || continue
	began=$(cut -d . -f 1 /proc/uptime)
	ctr -n k8s.io images import "$image" >>$logs/images.log 2>&1
	echo "IMAGE $(basename "$image") after $(($(cut -d . -f 1 /proc/uptime) - began)) s"
done

while ! [ -e /run/job/stop ]; do
	for order in $(ls /run/job/do); do
		name=${order%.sh}
		if [ "$name" = "$order" ] || [ -e "/run/job/do/$name.taken" ]; then continue; fi
		: >"/run/job/do/$name.taken"
		(
			code=0
			sh "/run/job/do/$order" >"/run/job/do/$name.out" 2>&1 || code=$?
			echo $code >"/run/job/do/$name.rc.new"
			mv "/run/job/do/$name.rc.new" "/run/job/do/$name.rc"
		) &
	done
	sleep 0.3
done
