// Exact deny patterns hold for the inode too once the kernel knows it, so that links and mounts made earlier are no way round. The
// agent opens what has such a name, in the root that the workload's processes see, and lets the kernel look. Nothing is read
// and no link is trusted: the kernel learns the inode only where the file's own name is the pattern's.

import { closeSync, constants, lstatSync, openSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { PatternIR, PolicyIR } from '../compile/ir.js';
import { literalPrefix, spellings } from '../compile/names.js';
import type { PageName } from './page-book.js';
import type { Outcome } from './reconcile.js';

/** O_PATH, which Node does not name: neither a device nor a pipe notices. */
const O_PATH = 0o10000000;
/** Of the event loop, at once: plans and events come first. */
const SLICE_MS = 4;

export interface ResolvingKernel {
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

/** The root of the first process of the cgroup; the machine's own while there is none. */
function rootOf(id: bigint, cgroup: string): Root {
  try {
    const [pid = ''] = readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').split('\n');
    if (pid === '') return OWN_ROOT;
    const folder = `/proc/${pid}/root`;
    const { dev, ino } = statSync(`${folder}/`, { bigint: true });
    const namespace = readlinkSync(`/proc/${pid}/ns/mnt`);
    const owner = namespace === readlinkSync('/proc/1/ns/mnt') ? '' : `${id} `;
    return { folder, key: `${owner}${namespace} ${dev}:${ino}` };
  } catch {
    return OWN_ROOT;
  }
}

/** A workload whose pages are to be looked at, and, once it is its turn, the names that are new. */
interface Job {
  readonly id: bigint;
  readonly path: string;
  readonly pages: readonly PageName[];
  turn?: { readonly root: Root; readonly names: readonly string[]; next: number };
}

export class NameResolver {
  readonly #kernel: ResolvingKernel;
  readonly #cgroupMount: string;
  /** Root -> pages whose names were resolved there, for whichever workload: what the kernel learns it knows by page. */
  readonly #done = new Map<string, Set<string>>();
  /** Roots of the round under way; others are forgotten at its end. */
  #roots = new Set<string>();
  #inForce: Outcome['inForce'] = new Map();
  #jobs: Job[] = [];
  #isScheduled = false;

  constructor(kernel: ResolvingKernel, cgroupMount: string) {
    this.#kernel = kernel;
    this.#cgroupMount = cgroupMount;
  }

  /**
   * Resolves the names of pages that are new, and of all where a root is new: a few at once, the others when nothing else
   * is to be done. Files made later are learned when they are used.
   */
  resolve({ inForce, owners, pages }: Pick<Outcome, 'inForce' | 'owners' | 'pages'>): void {
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

  stop(): void {
    this.#jobs = [];
  }

  #work(): void {
    const end = performance.now() + SLICE_MS;
    while (performance.now() < end) {
      const [job] = this.#jobs;
      if (job === undefined) return;
      job.turn ??= this.#begin(job);
      const name = job.turn.names[job.turn.next++];
      if (name !== undefined) this.#resolveName(job.id, job.turn.root, name);
      else this.#finish(job, job.turn.root);
    }
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#work();
    });
  }

  /** A page that comes back has lost what was learned for it. */
  #forget(held: ReadonlySet<string>): void {
    for (const done of this.#done.values()) {
      for (const id of done) if (!held.has(id)) done.delete(id);
    }
  }

  #begin({ id, path, pages }: Job): NonNullable<Job['turn']> {
    const root = rootOf(id, join(this.#cgroupMount, path));
    const done = this.#done.get(root.key);
    const fresh = pages.filter((page) => done?.has(page.id) !== true);
    const names = [...new Set(fresh.flatMap(({ policies }) => policies))].flatMap((uid) => {
      const policy = this.#inForce.get(uid);
      return policy === undefined ? [] : exactNames(policy);
    });
    return { root, names, next: 0 };
  }

  #finish({ pages }: Job, { key }: Root): void {
    const done = this.#done.get(key) ?? new Set();
    for (const { id } of pages) done.add(id);
    this.#done.set(key, done);
    this.#roots.add(key);
    this.#jobs.shift();
    if (this.#jobs.length > 0) return;
    for (const root of this.#done.keys()) if (!this.#roots.has(root)) this.#done.delete(root);
  }

  #resolveName(workload: bigint, root: Root, name: string): void {
    const path = Buffer.from(root.folder + name, 'latin1');
    let fd: number;
    try {
      // Most names are of files that an image does not have, and an exception costs ten times the look.
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
      fd = openSync(path, O_PATH | constants.O_NOFOLLOW);
    } catch {
      return;
    }
    try {
      this.#kernel.resolveName(workload, fd);
    } finally {
      closeSync(fd);
    }
  }
}
