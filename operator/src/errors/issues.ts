// Codes of issues: findings about policy files. An error rejects its object, a warning does not.

export interface IssueEntry {
  readonly level: 'error' | 'warning';
  /** What it means. */
  readonly summary: string;
  /** What to do. */
  readonly fix: string;
}

const error = (summary: string, fix: string): IssueEntry => ({ level: 'error', summary, fix });
const warning = (summary: string, fix: string): IssueEntry => ({ level: 'warning', summary, fix });

export const ISSUE_CODES = {
  INVALID_YAML: error(
    'The file is not YAML or JSON that can be read in exactly one way: a syntax error, a duplicate key, a tab as indentation, bytes that are not UTF-8, an unquoted word that some readers take for true or false, or aliases that expand without bound.',
    'Correct the text at the position; nothing of the document is used.',
  ),
  TOO_LARGE: error(
    'A file is larger than 1 MiB, or the spec of a policy larger than 256 KiB.',
    'Split it into several files or policies.',
  ),
  UNKNOWN_FIELD: error(
    'The object has a field that the language does not have. It is never ignored: a misspelt field could widen what a policy kills.',
    'Correct the name (the nearest known one is suggested) or remove the field.',
  ),
  INVALID_VALUE: error(
    'A value has the wrong type, is not one of the allowed words, is out of range, is missing, or does not go with another value.',
    'Write a value as expected.',
  ),
  UNSUPPORTED_KIND: error(
    'The rule kind is reserved and no version has it yet: network, syscalls, memory, libraries, faults.',
    'Remove the rule.',
  ),
  NOT_IMPLEMENTED: error(
    'The language has this field and this version of Ringfence cannot hold it yet. The policy is rejected whole, so that nothing is believed to be enforced that is not.',
    'Remove the field, or put the rule into a policy of its own so that the rest can be enforced.',
  ),
  DUPLICATE_OBJECT: error(
    'The same object (kind, namespace, name) is defined more than once. All definitions are rejected and the last good one stays in force.',
    'Keep one definition.',
  ),
  DUPLICATE_NAME: error(
    'Two entries of a list that is keyed by name have the same name.',
    'Rename one; counters and reports follow the name.',
  ),
  RULE_KIND_COUNT: error(
    'A rule has no kind, or more than one.',
    'Give each rule exactly one of binaries, paths, capabilities, namespaces, kernel, processes.',
  ),
  ALLOW_DENY_COUNT: error(
    'A rule kind has both an allow and a deny list, or none.',
    'Write two rules, or remove one list.',
  ),
  ACK_REQUIRED: error(
    'The policy can lock people out of a node or break the cluster and does not say that this is meant.',
    'Read "Not locking yourself out", then add the named word to spec.acknowledge.',
  ),
  ORIGIN_NOT_ON_HOST: error(
    'Host policies know only the origin Anonymous: a host process has no image to compare with.',
    'Use Anonymous, or select pods.',
  ),
  GUARANTEE_CONTRADICTS_ACTION: error(
    'A rule that only audits asks for a guarantee above Observe.',
    'Change the action to Kill or Block, or remove minimumGuarantee.',
  ),
  PATTERN_NOT_ABSOLUTE: error(
    'A path pattern begins neither with / nor with **/.',
    'Write the whole path, or **/name for a name in any directory.',
  ),
  PATTERN_NOT_NORMAL: error(
    'A path pattern is not in the one spelling that the kernel uses: a doubled or trailing slash, a component . or .., /proc/self, or a wildcard where /bin, /sbin, /lib*, /var/run or /var/lock would be meant.',
    'Use the suggested spelling.',
  ),
  PATTERN_UNSUPPORTED: error(
    'A path pattern uses ** in the middle, more than one * in a component, an unknown escape, or a byte that no name can have.',
    'Use one * per component and ** only as the first or the last component.',
  ),
  PATTERN_TOO_LONG: error(
    'A path pattern has more than 1,024 bytes, more than 64 components, or a component of more than 255 bytes.',
    'Shorten it: a directory with /** covers everything below.',
  ),
  TOO_MANY_SHAPES: error(
    'The patterns of the policy use more than 8 distinct depths of directory/** or more than 8 distinct shapes of wildcards. A decision looks up each of them, so their number is bounded.',
    'Write patterns of the same form (same components with a *, same lengths beside it), or split the policy by workload.',
  ),
  ALLOW_LISTS_DISJOINT: error(
    'Two allow rules of the policy govern the same class of operations and have nothing in common, so that together they allow nothing.',
    'Merge the two lists into one rule.',
  ),
  SHADOWED: warning('An item matches nothing that a wider item of the same list does not match.', 'Remove the item.'),
  DEAD_DENY: warning(
    'An allow rule of the same policy refuses already, at least as strictly, everything that the item denies.',
    'Remove the item.',
  ),
  ALLOW_CONTRADICTED: warning(
    'An item is allowed by one rule and denied by another rule of the same policy. The denial holds.',
    'Remove the item from one of the two.',
  ),
  DEAD_EXCEPT: warning(
    'An exception can never apply: its rule matches none of its paths, or the policy does not select its sessions.',
    'Remove it, or correct its paths.',
  ),
  SELECTS_ALL: warning(
    'The policy enforces on every pod or every host process in reach because its selector is empty.',
    'Say which: matchLabels, or cgroups below one service. If everything is meant, nothing needs to change.',
  ),
  NAME_CAN_MOVE: warning(
    'The rule denies reading, writing or executing a file and leaves renaming or linking it free: under a new name a pattern no longer matches.',
    'Add Rename and Link to access, or leave access out.',
  ),
  EXCEPT_INTERPRETER: warning(
    'An exception by program exempts a shell, an interpreter or a loader: whatever script it runs is exempt too.',
    'Except the program that needs it, not what interprets it.',
  ),
  DENY_BY_HASH: warning(
    'A deny by digest holds for exactly those bytes: one changed byte is another file.',
    'Deny the path or the origin.',
  ),
  CAPABILITY_OFTEN_PROBED: warning(
    'Kernels ask for this capability in passing, also for harmless operations; with Kill that ends ordinary programs.',
    'Use Block, or try it in Monitor first.',
  ),
  INSPECT_OFTEN_PROBED: warning(
    'Ordinary tools such as ps inspect every process they can see; with Kill that ends them.',
    'Use Block, or try it in Monitor first.',
  ),
  BLOCK_NOT_POSSIBLE: warning(
    'Applets and environment are known only after the kernel can no longer refuse the program: with Block the rule only reports.',
    'Use Kill.',
  ),
  SELECTS_NOTHING: warning(
    'Nothing in the cluster is selected: no pod, or no cgroup of a host, on any node.',
    'Correct the selector, or wait for what it is meant for.',
  ),
  CONTAINER_NOT_FOUND: warning(
    'The selector names a container that none of the pods it matches has.',
    'Correct the name; kubectl get pods -o yaml shows those that there are.',
  ),
  PATTERN_IS_LINK: warning(
    'In a running container the name in the pattern is a symbolic link. Links in patterns are not followed, so the rule is not about the file that it leads to.',
    'Write the name that the link leads to, or both.',
  ),
  WOULD_BREAK_RUNNING: warning(
    'Processes that run now run what the list forbids. They go on running; starting them again is refused.',
    'Try the policy in Monitor, or allow what they run.',
  ),
  ALLOW_LISTS_INTERSECT: warning(
    'Another policy on the same containers has an allow list for the same operations. Only what both lists allow is allowed.',
    'Merge the lists, or allow in both what is needed.',
  ),
  COVERED_BY: warning(
    'Another policy that selects all that this one does forbids at least as much, at least as strictly: the rule changes nothing.',
    'Remove the rule, if the other policy is there to stay.',
  ),
} as const satisfies Record<string, IssueEntry>;
