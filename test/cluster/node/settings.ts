// The configuration files of a guest node: kubelet, containerd, CNI. Paths are those inside the guest.
import { PAUSE_IMAGE } from '../images/index.js';

const NODE = '/run/job/node';

export interface NodeSettings {
  readonly name: string;
  readonly address: string;
  /** First and last address of its pods. */
  readonly pods: readonly [start: string, end: string];
  readonly labels: Readonly<Record<string, string>>;
}

export function kubeletConfig(): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: `${NODE}/etc/ca.crt` },
    },
    authorization: { mode: 'Webhook' },
    cgroupDriver: 'cgroupfs',
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    // At the default of 10 s a node is seen Ready up to 10 s late.
    nodeStatusUpdateFrequency: '2s',
    tlsCertFile: `${NODE}/etc/kubelet.crt`,
    tlsPrivateKeyFile: `${NODE}/etc/kubelet.key`,
    volumePluginDir: '/var/lib/kubelet/volumeplugins',
    resolvConf: `${NODE}/etc/resolv.conf`,
    staticPodPath: '/run/static-pods',
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'memory.available': '32Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
  };
}

export function containerdConfig(): string {
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${NODE}/cni"
    conf_dir = "/run/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "${NODE}/bin/runc"
`;
}

/** @POD_START@ and @POD_END@ are the guest's to fill in. */
export function cniConfig(): object {
  const ranges = [[{ subnet: '10.0.0.0/24', rangeStart: '@POD_START@', rangeEnd: '@POD_END@' }]];
  const bridge = { type: 'bridge', bridge: 'cni0', isGateway: false, ipMasq: false };
  return {
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [{ ...bridge, ipam: { type: 'host-local', ranges, dataDir: '/var/lib/cni' } }],
  };
}

export function settingsFile({ name, address, pods, labels }: NodeSettings): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const variables = { NODE_NAME: name, NODE_ADDRESS: address, POD_START: pods[0], POD_END: pods[1] };
  const lines = Object.entries({ ...variables, NODE_LABELS: pairs.join(',') });
  return lines.map(([key, value]) => `${key}='${value}'\n`).join('');
}
