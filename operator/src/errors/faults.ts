// Codes of faults: something about the system failed. `retryable` says whether the same attempt can succeed later
// without anybody changing anything.

export interface FaultEntry {
  readonly retryable: boolean;
  /** What it means. */
  readonly summary: string;
  /** What to do. */
  readonly fix: string;
}

const lasting = (summary: string, fix: string): FaultEntry => ({ retryable: false, summary, fix });
const passing = (summary: string, fix: string): FaultEntry => ({ retryable: true, summary, fix });

export const FAULT_CODES = {
  // kernel
  KERNEL_NOT_ROOT: lasting('The process may not load BPF programs.', 'Run as root.'),
  KERNEL_NO_BTF: lasting(
    'The kernel gives no type information (/sys/kernel/btf/vmlinux), without which no program can be fitted to it.',
    'Use a kernel built with CONFIG_DEBUG_INFO_BTF.',
  ),
  KERNEL_NO_CGROUP2: lasting(
    'No cgroup v2 file system is mounted.',
    'Mount one: mount -t cgroup2 none /sys/fs/cgroup.',
  ),
  KERNEL_NO_BPFFS: lasting(
    'The BPF file system that keeps programs and maps alive cannot be mounted or used.',
    'Check that the run folder exists, is writable by root and may hold a mount.',
  ),
  KERNEL_OBJECT_MISSING: lasting(
    'The compiled BPF object or the addon is not where it is expected.',
    'Run npm run build.',
  ),
  KERNEL_LAYOUT_MISMATCH: lasting(
    'The BPF object and the codecs were generated from different contracts.',
    'Run npm run build; never mix files of two builds.',
  ),
  KERNEL_LOAD_REJECTED: lasting(
    "The kernel's verifier refused a program.",
    "Report it with the kernel's version; the verifier's log is a property of the fault.",
  ),
  KERNEL_ATTACH_REFUSED: lasting(
    'A program was loaded and the kernel did not let it attach.',
    'See ringfence probe for what this kernel offers.',
  ),
  KERNEL_NO_BACKEND: lasting(
    'The kernel offers neither LSM nor tracepoint programs, so that nothing can be enforced.',
    'Boot with bpf among the LSMs: lsm=...,bpf on the kernel command line.',
  ),
  KERNEL_MAP_FULL: lasting(
    'A map has no room for what the policies need. The previous policies stay in force.',
    'Reduce the number of policies or workloads.',
  ),
  KERNEL_MAP_FAILED: passing('Reading or writing a map failed.', 'The agent tries again; see errno.'),
  KERNEL_RING_FAILED: passing(
    'Events cannot be read from the ring buffer. Enforcement is not affected.',
    'The agent tries again.',
  ),
  KERNEL_PIN_FAILED: lasting(
    'A program, link or map cannot be pinned, so that enforcement would end with the agent.',
    'Check the run folder; ringfence uninstall removes what is left of an earlier installation.',
  ),
  KERNEL_ADOPT_FAILED: lasting(
    'What an earlier agent left in the kernel cannot be taken over.',
    'Run ringfence uninstall, then start again.',
  ),
  KERNEL_TEST_RUN_FAILED: lasting('A program cannot be run on test data.', 'See errno.'),
  // agent
  AGENT_ALREADY_RUNNING: lasting(
    'Another agent holds the run folder of this machine.',
    'Stop the other agent first; two would write the same maps.',
  ),
  AGENT_SOCKET_FAILED: lasting(
    'The unix socket for health, status and commands cannot be made or reached.',
    'Check the run folder.',
  ),
  AGENT_NOT_RUNNING: passing('No agent answers on the socket.', 'Start one with ringfence run.'),
  AGENT_BAD_REQUEST: lasting(
    'The agent does not understand the command it was sent.',
    'Use a CLI of the same version.',
  ),
  AGENT_OPTION_INVALID: lasting('An option or argument of the command line is wrong.', 'See ringfence help.'),
  AGENT_CGROUP_UNREADABLE: passing(
    'A cgroup cannot be read; its processes keep the policies they had.',
    'The agent tries again.',
  ),
  AGENT_TOO_MANY_SHAPES: lasting(
    'The policies that select one workload use more path depths or wildcard shapes together than a decision can look up. The previous set stays in force.',
    'Write patterns of the same form, or narrow the selectors.',
  ),
  AGENT_TOO_MANY_RULESETS: lasting(
    'More rules select one workload than its rulesets can hold. The previous set stays in force.',
    'Merge rules, or narrow the selectors.',
  ),
  AGENT_TOO_MANY_SELECTORS: lasting(
    'The cgroup patterns of all policies and Workloads items overlap in more ways than the node can tell apart. The previous set stays in force.',
    'Write fewer patterns that begin and end with **, or name the cgroups.',
  ),
  AGENT_HASH_COLLISION: lasting(
    'Two patterns of one ruleset have the same 64-bit hash, so that one would take the place of the other. The previous set stays in force.',
    'Write one of the patterns in another way: split a directory/** into what is below it, or use a * for one letter.',
  ),
  // sources: policy folder, state directory, event file
  SOURCE_FOLDER_MISSING: passing(
    'The policy folder does not exist or vanished. The last good policies stay in force.',
    'Create the folder; an empty folder removes policies, a missing one never does.',
  ),
  SOURCE_UNREADABLE: passing(
    'A policy file or folder cannot be read. What it held last stays in force.',
    'Check its permissions and type.',
  ),
  SOURCE_STATE_CORRUPT: lasting(
    'A file of the state directory is damaged. It was set aside and is not used.',
    'Nothing needs to be done; the files are written again.',
  ),
  SOURCE_STATE_UNWRITABLE: passing(
    'The state directory cannot be written (no space, read-only, permissions), so that the last good policies would not survive a restart.',
    'Make room or correct the permissions; the agent tries again.',
  ),
  SOURCE_SINK_UNWRITABLE: passing(
    'Events cannot be written to their file. Enforcement and counters go on; lost lines are counted.',
    'Make room or correct the permissions; the agent tries again.',
  ),
  // cluster: the Kubernetes API server
  CLUSTER_NO_CONFIG: lasting(
    'No usable configuration says how to reach the API server.',
    'Run in a pod with a service account, or name a kubeconfig file.',
  ),
  CLUSTER_UNREACHABLE: passing(
    'The API server did not answer, or the connection broke. What is known stays in force.',
    'The attempt is repeated; see errno.',
  ),
  CLUSTER_UNAUTHORIZED: passing(
    'The API server does not accept the credentials.',
    'Check that the service account exists and its token is renewed.',
  ),
  CLUSTER_FORBIDDEN: passing(
    'The account has no right to do this.',
    'Grant it the role of config/; the attempt is repeated.',
  ),
  CLUSTER_NOT_FOUND: passing(
    'The API server has no such object or resource.',
    'For a resource: install the CRDs of crds/. It is picked up when it appears.',
  ),
  CLUSTER_CONFLICT: passing(
    'The object was changed by someone else meanwhile, or exists already.',
    'It is read again and the change is repeated.',
  ),
  CLUSTER_INVALID: lasting(
    'The API server refused the object or the request as invalid.',
    'See its message; CRDs and program must be of the same version.',
  ),
  CLUSTER_EXPIRED: passing(
    'The API server no longer has the versions between what was seen and what it holds now.',
    'Everything is listed again.',
  ),
  CLUSTER_THROTTLED: passing(
    'The API server asks for fewer requests.',
    'The attempt is repeated after the time it names.',
  ),
  CLUSTER_FAILED: passing(
    'The API server failed, or answered with something that makes no sense.',
    'The attempt is repeated.',
  ),
  // set-up and build of a checkout
  SETUP_NODE_TOO_OLD: lasting(
    'The Node of the machine is too old to start with.',
    'Install a newer one; the project then brings its own.',
  ),
  SETUP_NOT_ROOT: lasting(
    'Debian packages are missing and only root can install them.',
    'Run as root, or install the packages it names.',
  ),
  SETUP_NO_APT: lasting(
    'Packages are missing and the machine has no apt-get.',
    'Install what is named by other means.',
  ),
  SETUP_APT_FAILED: passing('apt-get could not install the packages.', 'See what it printed; check the network.'),
  SETUP_NPM_FAILED: passing('npm could not install the dependencies.', 'See what it printed; check the network.'),
  BUILD_TOOL_MISSING: lasting('A program that the build needs cannot be run.', 'Install it.'),
  BUILD_FAILED: lasting('A step of the build failed.', 'See what it printed.'),
  BUILD_ARCH: lasting('The BPF objects cannot be built for the processor of this machine.', 'Use one of those named.'),
  BUILD_STEP: lasting('The build has no step of this name.', 'Use one of those named.'),
  BUILD_LOCKED: passing('Another build of the same checkout did not end in time.', 'Wait for it, or end it.'),
} as const satisfies Record<string, FaultEntry>;
