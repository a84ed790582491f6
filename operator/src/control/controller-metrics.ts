// Metrics of the controller as Prometheus text. Names and labels are stable: docs/reference/metrics.md.

import type { ClusterMetrics, QueueMetrics } from '../k8s/index.js';
import type { ReignMetrics } from './controller-reign.js';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

class Text {
  readonly #lines: string[] = [];

  add(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): void {
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const [labels, value] of samples) this.#lines.push(`${name}${labelText(labels)} ${value}`);
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/[\\"\n]/g, (char) => ESCAPED[char] ?? '')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const ESCAPED: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

/** @param reign of the leader; absent in one that waits */
export function renderControllerMetrics(cluster: ClusterMetrics, reign: ReignMetrics | undefined): string {
  const text = new Text();
  text.add('ringfence_controller_leading', 'gauge', 'Whether this controller leads.', [
    [{}, reign === undefined ? 0 : 1],
  ]);
  text.add('process_resident_memory_bytes', 'gauge', 'Resident memory.', [[{}, process.memoryUsage.rss()]]);
  addCluster(text, cluster);
  if (reign !== undefined) addReign(text, reign);
  return text.toString();
}

function addCluster(text: Text, { watches, answers }: ClusterMetrics): void {
  const of = (resource: string): Labels => ({ resource });
  const each = (value: (watch: ClusterMetrics['watches'][number]) => number): Sample[] =>
    watches.map((watch) => [of(watch.resource), value(watch)]);
  const states = watches.map(({ resource, state }): Sample => [{ resource, state }, 1]);
  text.add('ringfence_watch_state', 'gauge', 'State of each watch: the one that is 1.', states);
  text.add(
    'ringfence_watch_items',
    'gauge',
    'Objects held.',
    each(({ items }) => items),
  );
  text.add(
    'ringfence_watch_events_total',
    'counter',
    'Changes received.',
    each(({ events }) => events),
  );
  text.add(
    'ringfence_watch_lists_total',
    'counter',
    'Lists taken.',
    each(({ lists }) => lists),
  );
  const answered = Object.entries(answers).map(([key, count]): Sample => {
    const [verb = '', status = ''] = key.split(' ');
    return [{ verb, status }, count];
  });
  text.add('ringfence_api_answers_total', 'counter', 'Answers of the API server; status 0: none came.', answered);
}

function addReign(text: Text, reign: ReignMetrics): void {
  text.add('ringfence_policies', 'gauge', 'Policies in the cluster.', [[{}, reign.policies]]);
  text.add('ringfence_nodes', 'gauge', 'Nodes with a state.', [[{}, reign.nodes]]);
  text.add('ringfence_nodes_stale', 'gauge', 'Nodes whose agent does not renew its lease.', [[{}, reign.staleNodes]]);
  text.add('ringfence_status_writes_total', 'counter', 'Statuses of policies written.', [[{}, reign.statusWrites]]);
  text.add('ringfence_report_writes_total', 'counter', 'Reports written or deleted.', [[{}, reign.reportWrites]]);
  const queues: [string, QueueMetrics][] = [['status', reign.statusQueue]];
  if (reign.reportQueue !== undefined) queues.push(['reports', reign.reportQueue]);
  const each = (value: (queue: QueueMetrics) => number): Sample[] =>
    queues.map(([queue, metrics]) => [{ queue }, value(metrics)]);
  text.add(
    'ringfence_queue_waiting',
    'gauge',
    'Keys that wait for work.',
    each(({ waiting, delayed }) => waiting + delayed),
  );
  text.add(
    'ringfence_queue_done_total',
    'counter',
    'Work done.',
    each(({ done }) => done),
  );
  text.add(
    'ringfence_queue_failed_total',
    'counter',
    'Work that failed and is repeated.',
    each(({ failed }) => failed),
  );
}
