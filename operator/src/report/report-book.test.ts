import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeStateStatus, ReportResult, ViolationRow } from './objects.gen.js';
import { ReportBook } from './report-book.js';
import type { Said } from './report-book.js';
import { openReport, policyReport, reportName, sameReport } from './report-object.js';
import type { ReportObject, Subject } from './report-object.js';
import { REPORT_BYTES_MAX, RESULTS_MAX } from './report-shards.js';
import type { PolicyStanding, ReportedPolicy } from './result.js';

const WEB: Subject = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', namespace: 'shop', uid: 'd-1' };
const NODE: Subject = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'node-1' };
const NOW = Date.UTC(2026, 0, 2);
const DAY = 86_400_000;

function policyOf(uid: string, title = 'shop/no-shell'): ReportedPolicy {
  const rule = {
    list: 'deny',
    severity: 'Critical',
    category: 'Process',
    guarantee: 'Prevent',
    tags: ['a', 'b'],
  } as const;
  return { uid, title, rules: new Map([['shells', rule]]) };
}

const said = (standings: readonly PolicyStanding[] = []): Said => ({ standings, policies: POLICIES });

const POLICIES = new Map(['p-1', 'p-2'].map((uid) => [uid, policyOf(uid)]));

function row(change: Partial<ViolationRow> = {}): ViolationRow {
  return {
    key: 'k1',
    uid: 'p-1',
    rule: 'shells',
    generation: 3,
    mode: 'Enforce',
    action: 'Killed',
    kind: 'binaries',
    class: 'Exec',
    hook: 'lsm/bprm_creds_for_exec',
    namespace: 'shop',
    container: 'app',
    containerType: 'App',
    session: 'Exec',
    binary: '/app/server',
    object: '/usr/bin/sh',
    count: 1,
    first: '2026-01-01T00:00:00.000Z',
    last: '2026-01-01T00:00:05.250Z',
    pods: [{ name: 'web-a', uid: 'pod-a' }],
    podCount: 1,
    sample: { time: '2026-01-01T00:00:05.250Z', arguments: 'sh -c id', parent: '/app/server', image: 'web:1', user: 0 },
    ...change,
  };
}

function state(rows: readonly ViolationRow[], epoch = 'e1'): NodeStateStatus {
  return { agent: { version: '1', epoch }, violations: rows };
}

function toDeployment(_: string, { namespace }: ViolationRow): Subject {
  return namespace === undefined ? NODE : WEB;
}

function bookWith(...rows: readonly ViolationRow[]): ReportBook {
  const book = new ReportBook();
  book.observe('n1', state(rows), POLICIES, toDeployment);
  return book;
}

function reports(book: ReportBook, key = WEB.uid, nowMs = NOW): ReportObject[] {
  return (book.plan(key, said(), nowMs)?.contents ?? []).map((content) => policyReport(content));
}

function results(book: ReportBook, key?: string, nowMs?: number): ReportResult[] {
  return reports(book, key, nowMs).flatMap((report) => report.results ?? []);
}

describe('ReportBook', () => {
  it('says of a violation what the report schema has a field for', () => {
    const [report] = reports(bookWith(row({ count: 7 })));
    expect(report).toMatchObject({
      apiVersion: 'wgpolicyk8s.io/v1alpha2',
      kind: 'PolicyReport',
      metadata: {
        name: 'ringfence-deployment-web',
        namespace: 'shop',
        labels: { 'app.kubernetes.io/managed-by': 'ringfence', 'ringfence.io/workload-name': 'web' },
        ownerReferences: [
          { kind: 'Deployment', name: 'web', uid: 'd-1', controller: false, blockOwnerDeletion: false },
        ],
      },
      scope: WEB,
      summary: { pass: 0, fail: 1, warn: 0, error: 0, skip: 0 },
    });
    const [result] = report?.results ?? [];
    expect(result).toMatchObject({
      source: 'ringfence',
      policy: 'shop/no-shell',
      rule: 'shells',
      category: 'Process',
      severity: 'critical',
      result: 'fail',
      scored: true,
      timestamp: { seconds: Date.UTC(2026, 0, 1) / 1000 + 5, nanos: 250_000_000 },
      message: 'deny exec /usr/bin/sh by /app/server in container app (policy shop/no-shell, rule shells): killed',
    });
    expect(result?.properties).toEqual({
      resultID: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      count: '7',
      firstSeen: '2026-01-01T00:00:00.000Z',
      lastSeen: '2026-01-01T00:00:05.250Z',
      action: 'killed',
      guarantee: 'Prevent',
      hook: 'lsm/bprm_creds_for_exec',
      binary: '/app/server',
      parent: '/app/server',
      args: 'sh -c id',
      object: '/usr/bin/sh',
      container: 'app',
      containerType: 'App',
      session: 'Exec',
      image: 'web:1',
      user: '0',
      pods: 'web-a',
      podCount: '1',
      nodes: 'n1',
      policyGeneration: '3',
      tags: 'a,b',
    });
  });

  it('reports Monitor as a warning that is not scored, and processes of hosts at their Node', () => {
    const monitored = bookWith(row({ mode: 'Monitor', action: 'Audited' }));
    expect(results(monitored)).toMatchObject([{ result: 'warn', scored: false }]);
    const { namespace: _, ...host } = row();
    const [report] = reports(bookWith(host), NODE.uid);
    expect(report).toMatchObject({ kind: 'ClusterPolicyReport', metadata: { name: 'ringfence-node-n1' }, scope: NODE });
    expect(report?.metadata.namespace).toBeUndefined();
  });

  it('gives one result for all pods, replica sets and nodes of a workload, the same over edits of the policy', () => {
    const book = bookWith(
      row(),
      row({ key: 'k2', owner: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'b', uid: 'b' } }),
    );
    book.observe(
      'n2',
      state([row({ count: 3, generation: 4, pods: [{ name: 'web-b', uid: 'pod-b' }] })]),
      POLICIES,
      toDeployment,
    );
    const [result, ...others] = results(book);
    expect(others).toEqual([]);
    expect(result?.properties).toMatchObject({ count: '5', nodes: 'n1,n2', pods: 'web-a,web-b', podCount: '3' });
    expect(result?.properties?.['resultID']).toBe(results(bookWith(row()))[0]?.properties?.['resultID']);
  });

  it('never puts into a message what changes from one violation to the next', () => {
    const [first] = results(bookWith(row()));
    const [later] = results(
      bookWith(row({ count: 900, last: '2026-01-01T09:00:00Z', sample: { arguments: 'sh -c other', user: 7 } })),
    );
    expect(later?.message).toBe(first?.message);
  });

  it('goes on where the reports of another controller stopped', () => {
    const before = bookWith(row({ count: 10 }), row({ key: 'k2', object: '/usr/bin/bash', count: 4 }));
    before.observe('n1', state([row({ count: 12 })]), POLICIES, toDeployment);
    const written = reports(before);
    const after = new ReportBook();
    for (const report of written) after.restore(structuredClone(report));
    after.observe('n1', state([row({ count: 15 })]), POLICIES, toDeployment);
    after.settle();
    const counts = results(after).map(({ properties }) => [properties?.['object'], properties?.['count']]);
    expect(counts.sort()).toEqual([
      ['/usr/bin/bash', '4'],
      ['/usr/bin/sh', '15'],
    ]);
  });

  it('writes nothing new where nothing happened over a restart', () => {
    const before = bookWith(row({ count: 10 }), row({ key: 'k2', object: '/usr/bin/bash', count: 4 }));
    const written = reports(before);
    const after = new ReportBook();
    for (const report of written) after.restore(structuredClone(report));
    after.observe(
      'n1',
      before.plan(WEB.uid, said(), NOW)
        ? state([row({ count: 10 }), row({ key: 'k2', object: '/usr/bin/bash', count: 4 })])
        : {},
      POLICIES,
      toDeployment,
    );
    after.settle();
    const again = reports(after);
    expect(again).toHaveLength(written.length);
    again.forEach((report, index) => {
      const other = written[index];
      expect(other && sameReport(report, other)).toBe(true);
    });
  });

  it('takes no result of another engine and no report of another manager for its own', () => {
    const [ours] = reports(bookWith(row()));
    if (ours === undefined) throw new Error('no report');
    const foreign = { ...ours, metadata: { ...ours.metadata, labels: { 'app.kubernetes.io/managed-by': 'other' } } };
    expect(new ReportBook().restore(foreign)).toBeUndefined();
    const mixed = new ReportBook();
    mixed.restore({ ...ours, results: [{ source: 'other', policy: 'x', properties: { resultID: 'x' } }] });
    expect(results(mixed)).toEqual([]);
  });

  it('drops results of deleted policies, and the report when it is empty', () => {
    const book = bookWith(row(), row({ key: 'k2', uid: 'p-2' }));
    expect([...book.dropPolicies((uid) => uid !== 'p-2')]).toEqual([WEB.uid]);
    expect(results(book)).toHaveLength(1);
    book.dropPolicies(() => false);
    expect(book.plan(WEB.uid, said(), NOW)).toMatchObject({ contents: [], shardsBefore: 1 });
    expect([...book.keys()]).toEqual([]);
  });

  it('keeps a failure for 30 days and a warning for 7 after the last violation', () => {
    const last = new Date(NOW).toISOString();
    const book = bookWith(row({ last }), row({ key: 'k2', mode: 'Monitor', last }));
    const kinds = (days: number): (string | undefined)[] =>
      results(book, WEB.uid, NOW + days * DAY)
        .map(({ result }) => result)
        .sort();
    expect(kinds(6.9)).toEqual(['fail', 'warn']);
    expect(kinds(7.1)).toEqual(['fail']);
    expect(kinds(30.1)).toEqual([]);
    book.observe(
      'n1',
      state([row({ count: 2, last: new Date(NOW + 40 * DAY).toISOString() })]),
      POLICIES,
      toDeployment,
    );
    expect(results(book, WEB.uid, NOW + 40 * DAY)).toMatchObject([{ properties: { count: '2' } }]);
  });

  it('says pass for a policy only where nothing of it was violated, and error and skip always', () => {
    const book = bookWith(row());
    const standing = (uid: string, outcome: 'pass' | 'error' | 'skip') => ({
      policy: policyOf(uid, uid),
      outcome,
      message: 'm',
      since: '2026-01-01T00:00:00Z',
    });
    const plan = book.plan(
      WEB.uid,
      said([standing('p-1', 'pass'), standing('p-2', 'pass'), standing('p-3', 'error'), standing('p-4', 'skip')]),
      NOW,
    );
    const [content] = plan?.contents ?? [];
    expect(content && policyReport(content).summary).toEqual({ pass: 1, fail: 1, warn: 0, error: 1, skip: 1 });
  });

  it('keeps each object within 256 results and 256 KiB, over at most four, and says what had no room', () => {
    const rows = Array.from({ length: 1500 }, (_, n) =>
      row({ key: `k${n}`, object: `/opt/${'x'.repeat(300)}/${n}`, mode: n % 3 === 0 ? 'Monitor' : 'Enforce' }),
    );
    const book = bookWith(...rows);
    const written = reports(book);
    expect(written).toHaveLength(4);
    for (const report of written) {
      expect(report.results?.length).toBeLessThanOrEqual(RESULTS_MAX);
      expect(new TextEncoder().encode(JSON.stringify(report)).length).toBeLessThanOrEqual(REPORT_BYTES_MAX);
    }
    const all = written.flatMap((report) => report.results ?? []);
    const dropped = Number(all.find(({ rule }) => rule === 'overflow')?.properties?.['dropped']);
    expect(all.length - 1 + dropped).toBe(1500);
    expect(all.some(({ result, rule }) => result === 'warn' && rule !== 'overflow')).toBe(false);
    const again = reports(book);
    again.forEach((report, index) => expect(written[index] && sameReport(report, written[index])).toBe(true));
  });

  it('changes one report when a result comes to a workload with several', () => {
    const rows = Array.from({ length: 400 }, (_, n) => row({ key: `k${n}`, object: `/opt/${n}` }));
    const book = bookWith(...rows);
    const before = reports(book);
    book.observe('n1', state([...rows, row({ key: 'new', object: '/opt/new' })]), POLICIES, toDeployment);
    const changed = reports(book).filter((report, index) => !(before[index] && sameReport(report, before[index])));
    expect(before.length).toBeGreaterThan(1);
    expect(changed).toHaveLength(1);
  });
});

describe('reports as objects', () => {
  it('have names that are readable, short enough, and different for different workloads', () => {
    const named = (name: string, shard = 0): string => reportName({ ...WEB, name }, shard);
    expect(named('web')).toBe('ringfence-deployment-web');
    expect(named('web', 1)).toMatch(/^ringfence-deployment-web-2-[0-9a-f]{8}$/);
    expect(named('web-2')).not.toBe(named('web', 1));
    expect(named('x'.repeat(253)).length).toBeLessThanOrEqual(253);
    expect(named(`${'x'.repeat(252)}a`)).not.toBe(named(`${'x'.repeat(252)}b`));
  });

  it('have no owner where the workload is gone, which would have them collected at once', () => {
    const content = bookWith(row()).plan(WEB.uid, said(), NOW)?.contents[0];
    if (content === undefined) throw new Error('no content');
    expect(policyReport({ ...content, subject: { ...WEB, gone: true } }).metadata.ownerReferences).toBeUndefined();
    expect(openReport(content)).toMatchObject({
      apiVersion: 'openreports.io/v1alpha1',
      kind: 'Report',
      source: 'ringfence',
    });
  });
});

/** A node as its agent publishes it: counts go on, rows leave and come back, epochs end. */
class Agent {
  readonly published = new Map<string, ViolationRow>();
  epoch = 0;
  #time = 0;

  step(action: number, object: number): number {
    const key = `k${object}`;
    const now = new Date(Date.UTC(2026, 0, 1) + ++this.#time * 1000).toISOString();
    const before = this.published.get(key);
    if (action <= 5) {
      const count = (before?.count ?? 0) + action + 1;
      this.published.set(key, row({ key, object: `/o${object}`, count, first: before?.first ?? now, last: now }));
      return action + 1;
    }
    if (action === 6) this.published.delete(key);
    if (action === 7) {
      this.published.clear();
      this.epoch += 1;
    }
    return 0;
  }

  state(): NodeStateStatus {
    return state([...this.published.values()], `e${this.epoch}`);
  }
}

/** Agents, a controller that may begin anew, and what really happened. */
class World {
  readonly agents = [new Agent(), new Agent(), new Agent()];
  readonly happened = new Map<string, number>();
  book = new ReportBook();
  #written: ReportObject[] = [];

  violate(node: number, action: number, object: number): void {
    const violations = this.agents[node]?.step(action, object) ?? 0;
    const name = `/o${object}`;
    if (violations > 0) this.happened.set(name, (this.happened.get(name) ?? 0) + violations);
  }

  /** @param restarted a controller that knows only what was written looks at the nodes */
  look(restarted: boolean): void {
    if (restarted) {
      this.book = new ReportBook();
      for (const report of this.#written) this.book.restore(structuredClone(report));
    }
    this.agents.forEach((agent, index) => this.book.observe(`n${index}`, agent.state(), POLICIES, toDeployment));
    if (restarted) this.book.settle();
    this.#written = reports(this.book);
  }

  counts(): Map<string, number> {
    const all = this.#written.flatMap((report) => report.results ?? []);
    return new Map(all.map(({ properties }) => [properties?.['object'] ?? '', Number(properties?.['count'])]));
  }
}

describe('counts over restarts', () => {
  const step = fc.record({ node: fc.nat(2), action: fc.nat(7), object: fc.nat(2), restart: fc.nat(9) });

  it('are exact and never fall, whatever agents and controllers do', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const world = new World();
        for (const { node, action, object, restart } of steps) {
          const before = world.counts();
          world.violate(node, action, object);
          world.look(restart === 0);
          const after = world.counts();
          for (const [name, count] of before) expect(after.get(name)).toBeGreaterThanOrEqual(count);
          expect(after).toEqual(world.happened);
        }
      }),
      { numRuns: 300 },
    );
  });
});
