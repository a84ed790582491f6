// What the command line can do without an agent: read policies as an agent would, look at the kernel, take everything of
// ours out of it.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { compilePolicy } from '../compile/compile.js';
import type { PolicyIR } from '../compile/ir.js';
import { SourceFault } from '../errors.js';
import type { Issue } from '../errors.js';
import { probeKernel, requireBackend, uninstall } from '../kernel/index.js';
import type { BackendName, ClassGap, ProbeReport, UninstallReport } from '../kernel/index.js';
import type { Backends } from '../report/guarantee.js';
import { mergeDocuments } from '../source/merge.js';
import { readBytes } from '../source/policy-source.js';
import { PolicyFolder } from '../source/folder.js';
import type { SourceFile } from '../source/folder.js';
import { readBounded } from '../source/read-file.js';
import { sourceFault } from '../source/errno.js';
import type { Workload } from '../policy/types.js';
import { findCgroup2 } from '../workload/mountinfo.js';
import { removeState } from '../source/remove-state.js';
import { FrozenCgroups, frozenFolder } from './frozen.js';
import { backendsOf } from './held.js';
import { SOCKET_NAME } from './server.js';

export interface OfflinePolicies {
  readonly policies: readonly PolicyIR[];
  readonly workloads: readonly Workload[];
  /** In the order of files and positions. */
  readonly issues: readonly Issue[];
  readonly files: number;
}

/**
 * Policies of files and folders, as an agent would take them from one folder.
 * @throws SourceFault where one of them cannot be read
 */
export async function readPolicies(paths: readonly string[]): Promise<OfflinePolicies> {
  const files = (await Promise.all(paths.map(readPath))).flat();
  const read = files.map(({ path, content }) => readBytes(content ?? new Uint8Array(), path, {}));
  const merged = mergeDocuments({
    documents: read.flatMap(({ documents }) => documents),
    doubtfulFiles: new Set(),
    previous: new Map(),
    generation: () => 1,
  });
  const objects = [...merged.objects.values()];
  const issues = [
    ...read.flatMap((one) => one.issues),
    ...merged.strayIssues,
    ...objects.flatMap((object) => object.issues),
  ];
  const order = new Map(files.map(({ path }, index) => [path, index]));
  return {
    policies: objects.flatMap(({ uid, good }) =>
      good?.policy === undefined ? [] : [compilePolicy(good.policy, { uid, generation: 1, source: 'File' })],
    ),
    workloads: objects.flatMap(({ good }) => good?.workloads?.items ?? []),
    issues: issues.sort((a, b) => rank(order, a) - rank(order, b) || a.line - b.line || a.column - b.column),
    files: files.length,
  };
}

function rank(order: ReadonlyMap<string, number>, issue: Issue): number {
  return order.get(issue.file) ?? order.size;
}

async function readPath(path: string): Promise<SourceFile[]> {
  const seen = await stat(path).catch((error: unknown) => {
    throw sourceFault('SOURCE_UNREADABLE', 'read policies', path, error);
  });
  if (!seen.isDirectory()) return [{ path, content: await readOne(path) }];
  const { files, faults } = await new PolicyFolder(path).scan();
  const fault = faults[0] ?? [...files.values()].find((file) => file.fault !== undefined)?.fault;
  if (fault !== undefined) throw fault;
  if (files.size === 0) {
    throw new SourceFault('SOURCE_UNREADABLE', 'find policies', {
      object: path,
      hint: 'no *.yaml, *.yml or *.json below',
    });
  }
  return [...files.values()];
}

async function readOne(path: string): Promise<Uint8Array> {
  try {
    return await readBounded(path);
  } catch (error) {
    throw sourceFault('SOURCE_UNREADABLE', 'read policies', path, error);
  }
}

export interface KernelOffer {
  readonly report: ProbeReport;
  readonly backend: BackendName;
  readonly backends: Backends;
  readonly gaps: readonly ClassGap[];
}

/** What an agent could hold here. @throws KernelFault where nothing at all */
export function offerOfKernel(wanted?: BackendName): KernelOffer {
  const report = probeKernel();
  const backend = wanted ?? requireBackend(report);
  const table = report.classes[backend];
  return { report, backend, backends: backendsOf(table), gaps: table.gaps };
}

/** @param stateDir removed as well, where it is given */
export function uninstallEngine(runDir: string, stateDir?: string): UninstallReport {
  return uninstall(join(runDir, 'bpf'), () => {
    const removed = [join(runDir, SOCKET_NAME), thawFrozen(runDir)].filter((path) => existsSync(path));
    for (const path of removed) rmSync(path, { recursive: true });
    const state = stateDir === undefined ? { removed: [], left: [] } : removeState(stateDir);
    return { removed: [...removed, ...state.removed], left: state.left };
  });
}

/** Containers that an agent stopped until it would know them must not stand still for ever. Where they are written down. */
function thawFrozen(runDir: string): string {
  const mount = findCgroup2(readFileSync('/proc/self/mountinfo', 'utf8'));
  const notes = frozenFolder(runDir);
  if (mount !== undefined) new FrozenCgroups(mount, notes).thawAll();
  return notes;
}
