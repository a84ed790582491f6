// Exact deny patterns hold for the inode too once the kernel knows it, so that links and mounts made earlier are no way round. The
// agent opens what has such a name, in the root that the workload's processes see, and lets the kernel look. Nothing is read
// and no link is trusted: the kernel learns the inode only where the file's own name is the pattern's. A file system there may
// be served by the workload, or by a server that is gone: the agent waits for none.

import { closeSync, constants, openSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { PatternIR, PolicyIR } from '../compile/ir.js';
import { literalPrefix, spellings } from '../compile/names.js';
import type { PathOpener } from '../kernel/index.js';
import type { PageName } from './page-book.js';
import type { Outcome } from './reconcile.js';

/** With O_PATH, which Node does not name: whoever serves the folder does not notice. */
const O_FOLDER = constants.O_DIRECTORY | 0o10000000;
/** Of the event loop, at once: plans and events come first. */
const SLICE_MS = 4;
/** Between two looks whether a file system has answered. */
const LOOK_MS = 1;
/** After this long without an answer a workload's names are left for the next change. */
const PATIENCE_MS = 2000;

type Warn = (message: string, fields: Readonly<Record<string, unknown>>) => void;

export interface ResolvingKernel {
  openPaths(paths: readonly Uint8Array[]): PathOpener;
  /** Lets the kernel learn the inode behind a descriptor of this process, for the workload's rulesets. */
  resolveName(workload: bigint, fd: number): void;
}

function exactName(pattern: PatternIR): readonly string[] | undefined {
  const name = pattern.subtree ? undefined : literalPrefix(pattern);
  return name?.length === pattern.components.length ? name : undefined;
}

const namesOf = new WeakMap<PolicyIR, readonly string[]>();

function exactNames(policy: PolicyIR): readonly string[] {
  const known = namesOf.get(policy);
  if (known !== undefined) return known;
  const patterns = policy.rules
    .filter(({ list }) => list === 'deny')
    .flatMap(({ items }) => items.flatMap(({ path }) => path ?? []));
  const names = patterns.flatMap((pattern) => {
    const name = exactName(pattern);
    return name === undefined ? [] : spellings(name).map((components) => `/${components.join('/')}`);
  });
  namesOf.set(policy, names);
  return names;
}

interface Root {
  readonly folder: string;
  /** Mount namespace and root directory; the same for all that have the machine's own, which is never another's. */
  readonly key: string;
}

const OWN_ROOT: Root = { folder: '', key: '' };

/** Mount and inode of a folder, without asking its file system. */
function identityOf(folder: string): string {
  const fd = openSync(folder, O_FOLDER);
  try {
    const text = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
    return text.replace(/^(pos|flags):.*\n/gm, '').replace(/\s+/g, ' ');
  } finally {
    closeSync(fd);
  }
}

/** Where the agent may not look at the machine's first process, no root counts as the machine's. */
function machineNamespace(): string | undefined {
  try {
    return readlinkSync('/proc/1/ns/mnt');
  } catch {
    return undefined;
  }
}

/** The root of the first process of the cgroup; the machine's own while there is none. */
function rootOf(id: bigint, cgroup: string): Root {
  try {
    const [pid = ''] = readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').split('\n');
    if (pid === '') return OWN_ROOT;
    const folder = `/proc/${pid}/root`;
    const identity = identityOf(`${folder}/`);
    const namespace = readlinkSync(`/proc/${pid}/ns/mnt`);
    const owner = namespace === machineNamespace() ? '' : `${id} `;
    return { folder, key: `${owner}${namespace} ${identity}` };
  } catch {
    return OWN_ROOT;
  }
}

function pathIn({ folder }: Root, name: string): Uint8Array {
  return Buffer.from(folder + name, 'latin1');
}

interface Turn {
  readonly root: Root;
  readonly names: readonly string[];
  answered: number;
  opener?: PathOpener;
}

interface Left {
  readonly opener: PathOpener;
  readonly turn: Turn;
  isSaid: boolean;
}

/** A workload whose pages are to be looked at, and, once it is its turn, the names that are new. */
interface Job {
  readonly id: bigint;
  readonly path: string;
  readonly pages: readonly PageName[];
  turn?: Turn;
}

export class NameResolver {
  readonly #kernel: ResolvingKernel;
  readonly #cgroupMount: string;
  /** Root -> pages whose names were resolved there, for whichever workload: what the kernel learns it knows by page. */
  readonly #done = new Map<string, Set<string>>();
  /** Roots of the round under way; others are forgotten at its end. */
  #roots = new Set<string>();
  readonly #warn: Warn;
  /** By cgroup id: what was left and may still wait for its file system. */
  readonly #left = new Map<bigint, Left>();
  #inForce: Outcome['inForce'] = new Map();
  #jobs: Job[] = [];
  #isScheduled = false;

  constructor(kernel: ResolvingKernel, cgroupMount: string, warn: Warn) {
    this.#kernel = kernel;
    this.#cgroupMount = cgroupMount;
    this.#warn = warn;
  }

  /**
   * Resolves the names of pages that are new, and of all where a root is new: a few at once, the others when nothing else
   * is to be done. Files made later are learned when they are used.
   */
  resolve({ inForce, owners, pages }: Pick<Outcome, 'inForce' | 'owners' | 'pages'>): void {
    this.stop();
    this.#inForce = inForce;
    this.#roots = new Set();
    this.#forget(new Set([...pages.values()].flatMap((own) => own.map(({ id }) => id))));
    this.#jobs = [...pages].flatMap(([id, own]) => {
      const ownership = owners.get(id);
      const isOwn = ownership?.owner === id && !ownership.cgroup.gone;
      return isOwn && own.length > 0 ? [{ id, path: ownership.cgroup.path, pages: own }] : [];
    });
    this.#work();
  }

  /** Whether nothing is left to be resolved. */
  get isIdle(): boolean {
    return this.#jobs.length === 0;
  }

  stop(): void {
    for (const { id, turn } of this.#jobs) if (turn !== undefined) this.#leave(id, turn);
    this.#jobs = [];
  }

  #work(): void {
    const end = performance.now() + SLICE_MS;
    while (performance.now() < end) {
      const [job] = this.#jobs;
      if (job === undefined) return;
      if (!this.#step(job)) {
        this.#later(LOOK_MS);
        return;
      }
    }
    this.#later(0);
  }

  #later(ms: number): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const work = (): void => {
      this.#isScheduled = false;
      this.#work();
    };
    if (ms === 0) setImmediate(work);
    else setTimeout(work, ms);
  }

  #leave(id: bigint, turn: Turn): void {
    if (turn.opener === undefined) return;
    turn.opener.close();
    this.#left.set(id, { opener: turn.opener, turn, isSaid: false });
  }

  /** False: there is nothing to do until a file system answers. A workload has never more than one opener that waits. */
  #step(job: Job): boolean {
    const left = this.#left.get(job.id);
    const waitedMs = left?.opener.waitingMs() ?? 0;
    if (left !== undefined && waitedMs > PATIENCE_MS) return this.#giveUp(left);
    if (waitedMs > 0) return false;
    this.#left.delete(job.id);
    return this.#take(job, (job.turn ??= this.#begin(job)));
  }

  #take(job: Job, turn: Turn): boolean {
    if (turn.answered === turn.names.length) return this.#finish(job, turn);
    turn.opener ??= this.#kernel.openPaths(turn.names.map((name) => pathIn(turn.root, name)));
    const fd = turn.opener.take();
    if (fd === undefined) {
      if (turn.opener.waitingMs() <= PATIENCE_MS) return false;
      this.#leave(job.id, turn);
      delete job.turn;
      return true;
    }
    turn.answered++;
    if (fd >= 0) this.#show(job.id, fd);
    return true;
  }

  /** Its names hold as names. The next change of policies asks again, if what waits has come back by then. */
  #giveUp(left: Left): true {
    const { root, names, answered } = left.turn;
    if (!left.isSaid) this.#warn('a file system does not answer', { root: root.folder, name: names[answered] });
    left.isSaid = true;
    return this.#next();
  }

  /** A page that comes back has lost what was learned for it. */
  #forget(held: ReadonlySet<string>): void {
    for (const done of this.#done.values()) {
      for (const id of done) if (!held.has(id)) done.delete(id);
    }
  }

  #begin({ id, path, pages }: Job): Turn {
    const root = rootOf(id, join(this.#cgroupMount, path));
    const done = this.#done.get(root.key);
    const fresh = pages.filter((page) => done?.has(page.id) !== true);
    const names = [...new Set(fresh.flatMap(({ policies }) => policies))].flatMap((uid) => {
      const policy = this.#inForce.get(uid);
      return policy === undefined ? [] : exactNames(policy);
    });
    return { root, names, answered: 0 };
  }

  #finish({ pages }: Job, { root: { key }, opener }: Turn): true {
    opener?.close();
    const done = this.#done.get(key) ?? new Set();
    for (const { id } of pages) done.add(id);
    this.#done.set(key, done);
    this.#roots.add(key);
    return this.#next();
  }

  #next(): true {
    this.#jobs.shift();
    if (this.#jobs.length > 0) return true;
    for (const root of this.#done.keys()) if (!this.#roots.has(root)) this.#done.delete(root);
    return true;
  }

  #show(workload: bigint, fd: number): void {
    try {
      this.#kernel.resolveName(workload, fd);
    } finally {
      closeSync(fd);
    }
  }
}
