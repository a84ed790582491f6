// kubectl ringfence events: the violations that nodes tell of, alike ones in one row with their count. With --follow a row
// is printed again whenever its count has grown.

import type { ClusterView, ViewedNode, ViewedPolicy } from '../control/cluster-view.js';
import { AgentFault } from '../errors.js';
import type { ViolationRow } from '../report/objects.gen.js';
import { shown } from './events.js';
import { EXIT } from './exit.js';
import { isNamed, namespaceOf, titleOf, withView } from './kubectl-scope.js';
import { waitForSignal } from './signals.js';
import type { KubectlEventsOptions } from './kubectl.js';
import type { Terminal } from './terminal.js';

export interface ClusterEvent {
  readonly node: string;
  readonly policy: string;
  readonly row: ViolationRow;
}

export async function kubectlEvents(
  terminal: Terminal,
  names: readonly string[],
  options: KubectlEventsOptions,
): Promise<number> {
  const last = Number(options.last);
  if (!Number.isInteger(last) || last < 0) {
    throw new AgentFault('AGENT_OPTION_INVALID', 'understand --last', { hint: 'expected a whole number' });
  }
  const print = (events: readonly ClusterEvent[]): void => {
    for (const event of events) {
      if (options.output === 'json') terminal.json(event);
      else terminal.line(clusterEventLine(terminal, event));
    }
  };
  await withView(options, async (view) => {
    const namespace = namespaceOf(view, options);
    const policies = await view.policies(undefined);
    const wanted = { policies, names, namespace };
    const before = clusterEvents(await view.nodes(), wanted);
    print(before.slice(before.length - Math.min(last, before.length)));
    if (options.follow) await follow(view, wanted, { before, print });
  });
  return EXIT.ok;
}

interface Following {
  readonly before: readonly ClusterEvent[];
  readonly print: (events: readonly ClusterEvent[]) => void;
}

async function follow(view: ClusterView, wanted: Wanted, { before, print }: Following): Promise<void> {
  const news = new News(before);
  const feed = view.follow(() => print(news.of(clusterEvents([...feed.items().values()], wanted))));
  await waitForSignal();
  feed.stop();
}

/** Tells rows that have grown from those that were shown. */
export class News {
  readonly #counts = new Map<string, number>();

  constructor(shownBefore: readonly ClusterEvent[]) {
    this.of(shownBefore);
  }

  of(events: readonly ClusterEvent[]): ClusterEvent[] {
    return events.filter(({ node, row }) => {
      // A row that left and began again counts from one.
      const key = `${node} ${row.key} ${row.first}`;
      const isNew = row.count > (this.#counts.get(key) ?? 0);
      this.#counts.set(key, row.count);
      return isNew;
    });
  }
}

interface Wanted {
  /** All there are: rows name policies by their UID. */
  readonly policies: readonly ViewedPolicy[];
  readonly names: readonly string[];
  /** Undefined: all, and the processes of hosts. */
  readonly namespace: string | undefined;
}

/** Oldest first. */
export function clusterEvents(nodes: readonly ViewedNode[], { policies, names, namespace }: Wanted): ClusterEvent[] {
  const known = new Map(policies.map((policy) => [policy.metadata.uid, policy]));
  const events = nodes.flatMap(({ metadata, status }) =>
    (status?.violations ?? []).flatMap((row) => {
      if (namespace !== undefined && row.namespace !== namespace) return [];
      const policy = known.get(row.uid);
      if (names.length > 0 && (policy === undefined || !isNamed(names, policy))) return [];
      return [{ node: metadata.name, policy: policy === undefined ? row.uid : titleOf(policy), row }];
    }),
  );
  return events.sort((a, b) => Date.parse(a.row.last) - Date.parse(b.row.last));
}

export function clusterEventLine(terminal: Terminal, { node, policy, row }: ClusterEvent): string {
  const { last, action, count, object = '?', binary = '?', rule, sample, session } = row;
  const painted = terminal.paint(action === 'Audited' ? 'yellow' : 'red', action.padEnd(7));
  const what = `${row.class} ${shown(object)}`;
  const via = session === undefined || session === 'Main' ? '' : ` (${session})`;
  const pod = sample?.pod === undefined ? '' : ` e.g. ${sample.pod}`;
  return `${last.slice(0, 19)} ${painted} ${count}x ${what}  by ${shown(binary)}${via}  in ${whereOf(row, node)}${pod}  ${policy}/${rule}`;
}

function whereOf({ namespace, owner, container }: ViolationRow, node: string): string {
  if (namespace === undefined) return `host ${node}`;
  const name = owner === undefined ? '' : `/${owner.kind.toLowerCase()}/${owner.name}`;
  return `${namespace}${name}${container === undefined ? '' : `[${container}]`} on ${node}`;
}
