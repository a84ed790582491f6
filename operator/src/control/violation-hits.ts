// An event -> the violations it tells of, one for each rule, as rows of a node state count them.

import { hookOfClass, isClassName } from '../compile/classes.js';
import type { PolicyIR } from '../compile/ir.js';
import type { PolicyEvent, RuleHit } from '../event/types.js';
import { HOOK_CLASSES } from '../report/backends.js';
import type { HookClass } from '../report/backends.js';
import type { Hit } from '../report/rows.js';

const ACTIONS = { Kill: 'Killed', Block: 'Blocked', Audit: 'Audited' } as const;
const NODE_MONITOR = 'NodeMonitor';

/** Name of the counter in the kernel that counted it. */
export function counterName(uid: string, rule: string, workload: string): string {
  return `${uid}/${rule}/${workload}`;
}

/** The class of the operation that the rule is about. */
function classOf(policy: PolicyIR, rule: string, classes: readonly string[]): HookClass | undefined {
  const kind = policy.rules.find(({ name }) => name === rule)?.kind;
  const known = classes.filter(isClassName).map((name) => HOOK_CLASSES[hookOfClass(name)]);
  return known.find((one) => one.kind === kind);
}

function whose({ workload }: PolicyEvent): Partial<Hit> {
  const { scope, namespace, pod, podUid, container, containerType, owner, session } = workload;
  if (scope === 'Host') return { session: 'Host' };
  return {
    session: session as NonNullable<Hit['session']>,
    ...(namespace && { namespace }),
    ...(container && { container, ...(containerType && { containerType }) }),
    ...(owner && { owner }),
    ...(pod && podUid && { pod: { name: pod, uid: podUid } }),
  };
}

function hitOf(event: PolicyEvent, policy: PolicyIR, hit: RuleHit): Hit | undefined {
  const place = classOf(policy, hit.rule, event.operation.classes);
  if (place === undefined) return undefined;
  const { process, object, notes, operation, workload, time } = event;
  const monitors = policy.mode === 'Monitor' || notes.includes(NODE_MONITOR);
  const parent = process.ancestors[0]?.program;
  return {
    ...place,
    uid: policy.uid,
    rule: hit.rule,
    generation: hit.policy.generation,
    mode: monitors ? 'Monitor' : 'Enforce',
    action: ACTIONS[hit.action],
    hook: operation.hook,
    time,
    ...whose(event),
    ...(process.program !== '' && { binary: process.program }),
    ...(object.path !== '' && { object: object.path }),
    ...(hit.unresolved && { unresolved: true }),
    sample: { arguments: process.arguments.join(' '), user: process.uid, ...(parent !== undefined && { parent }) },
    counter: counterName(policy.uid, hit.rule, workload.cgroupId),
  };
}

/** @param policy by uid, in force */
export function hitsOf(event: PolicyEvent, policy: (uid: string) => PolicyIR | undefined): Hit[] {
  const { rule, action, asked, others } = event;
  const unresolved = event.notes.includes('Unresolved') ? { unresolved: true as const } : {};
  const primary: RuleHit = { policy: event.policy, rule, action, asked, ...unresolved };
  return [primary, ...others].flatMap((hit) => {
    const known = policy(hit.policy.uid);
    return (known && hitOf(event, known, hit)) ?? [];
  });
}
