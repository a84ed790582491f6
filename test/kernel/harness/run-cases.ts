// Runs the registered groups of one backend on the kernel it finds itself on.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Suite } from '../../support/suite.js';
import { AgentProcess, type PolicyObject, waitFor } from './agent.js';
import { Bed, type Backend, type Group, Seen, registeredGroups } from './cases.js';
import { TestCgroups } from './workloads.js';

const SETTLE_LIMIT_MS = 20_000;

export interface RunOptions {
  readonly backend: Backend;
  readonly filter?: string;
  /** Only tasks of the run's own cgroups may be judged: on a machine that others use. */
  readonly confined: boolean;
}

/** Rejected policies would make every case of theirs fail with no word of why. */
async function requireAccepted(agent: AgentProcess): Promise<void> {
  const { policies, findings } = await agent.status();
  const bad = policies.filter(({ status }) =>
    status.conditions.some(({ type, status: is }) => type === 'Accepted' && is !== 'True'),
  );
  const reasons = bad.map(({ metadata, status }) => `${metadata.name}: ${JSON.stringify(status.findings)}`);
  if (bad.length + findings.length > 0)
    throw new Error(`policies not accepted: ${reasons.join('; ')}${JSON.stringify(findings)}`);
}

/** Everything that has happened is in the file when the number of lines has come to rest. */
async function look(agent: AgentProcess): Promise<Seen> {
  let before = -1;
  const events = await waitFor('events to come to rest', SETTLE_LIMIT_MS, async () => {
    await sleep(300);
    const lines = agent.events();
    if (lines.length === before) return lines;
    before = lines.length;
    return undefined;
  });
  return new Seen(await agent.status(), events);
}

async function runBatch(suite: Suite, bed: Bed, groups: readonly Group[]): Promise<void> {
  const cases = groups.flatMap((group) => group.batch.map((one) => ({ ...one, name: `${group.name}: ${one.name}` })));
  const acted: { readonly result?: unknown; readonly error?: unknown }[] = [];
  for (const { act } of cases) {
    acted.push(
      await act(bed).then(
        (result) => ({ result }),
        (error: unknown) => ({ error }),
      ),
    );
  }
  const seen = await look(bed.agent);
  for (const [index, { name, check }] of cases.entries()) {
    const { result, error } = acted[index] ?? {};
    await suite.check(name, () => {
      if (error !== undefined) throw error as Error;
      check(seen, result as never);
    });
  }
}

function policiesOf(group: Group, cgroups: TestCgroups): readonly PolicyObject[] {
  const { policies = [] } = group.setup;
  return typeof policies === 'function' ? policies(cgroups) : policies;
}

/** Groups with their cases narrowed to those that the filter names; groups left with none are out. */
function narrowed(groups: readonly Group[], filter: string | undefined): readonly Group[] {
  if (filter === undefined) return groups;
  for (const group of groups) {
    const keep = ({ name }: { name: string }): boolean => `${group.name}: ${name}`.includes(filter);
    group.batch.splice(0, group.batch.length, ...group.batch.filter(keep));
    group.alone.splice(0, group.alone.length, ...group.alone.filter(keep));
  }
  return groups.filter(({ batch, alone }) => batch.length + alone.length > 0);
}

async function startAgent(groups: readonly Group[], cgroups: TestCgroups, options: RunOptions): Promise<AgentProcess> {
  const workloads = groups.flatMap(({ setup }) => setup.workloads ?? []);
  for (const one of workloads) cgroups.folder(typeof one === 'string' ? one : one.name);
  const items = workloads.length === 0 ? [] : [cgroups.document(workloads)];
  return await AgentProcess.start({
    folder: `/run/rf-test-${process.pid}`,
    policies: [...items, ...groups.flatMap((group) => policiesOf(group, cgroups))],
    flags: [
      ...['--backend', options.backend],
      ...(options.confined ? ['--confine', cgroups.top] : []),
      ...groups.flatMap(({ setup }) => setup.flags?.(cgroups) ?? []),
    ],
  });
}

async function runAlone(suite: Suite, bed: Bed, groups: readonly Group[]): Promise<void> {
  for (const group of groups) {
    for (const { name, body } of group.alone) {
      const began = performance.now();
      await suite.check(`${group.name}: ${name}`, () => body(bed));
      process.stdout.write(`${((performance.now() - began) / 1000).toFixed(1)} s\n`);
    }
  }
}

async function removeAll(groups: readonly Group[], agent: AgentProcess | undefined): Promise<void> {
  for (const { setup } of groups) await setup.cleanup?.();
  await agent?.remove();
}

export async function runGroups(suite: Suite, options: RunOptions): Promise<void> {
  const groups = narrowed(registeredGroups(options.backend), options.filter);
  if (groups.length === 0) return;
  const cgroups = new TestCgroups(`rf-test-${process.pid}`);
  const scratch = join('/tmp', `rf-test-${process.pid}`);
  mkdirSync(scratch, { recursive: true });
  let agent: AgentProcess | undefined;
  try {
    for (const { setup } of groups) await setup.prepare?.({ cgroups, scratch });
    const started = performance.now();
    agent = await startAgent(groups, cgroups, options);
    process.stdout.write(`agent ready after ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
    await requireAccepted(agent);
    const bed = new Bed(agent, cgroups, scratch);
    await runBatch(suite, bed, groups);
    process.stdout.write(`batch over after ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
    await runAlone(suite, bed, groups);
  } catch (error) {
    process.stdout.write(`agent said: ${agent?.log.slice(-4000) ?? 'nothing'}\n`);
    throw error;
  } finally {
    await removeAll(groups, agent);
    cgroups.remove();
    rmSync(scratch, { recursive: true, force: true });
    rmSync(`/run/rf-test-${process.pid}`, { recursive: true, force: true });
  }
}
