// PATTERN_IS_LINK: names in patterns that are symbolic links in a running container. The container's own files are looked at one
// directory after the other, so that none of its links is followed.

import { lstat, readlink } from 'node:fs/promises';
import { literalPrefix, spellings, USR_MERGED } from '../compile/names.js';
import type { PatternIR } from '../compile/ir.js';
import { listsOf } from '../policy/items.js';
import type { NodeFinding } from '../report/objects.gen.js';
import { describeContainer } from './node-scene.js';
import type { Scene, SceneContainer, ScenePolicy } from './node-scene.js';

interface Link {
  /** As the container has it. */
  readonly path: string;
  readonly target: string;
}

interface NamedPattern {
  readonly path: string;
  readonly pattern: PatternIR;
}

interface Looked {
  /** Container and versions that it was looked at for. */
  readonly key: string;
  readonly findings: readonly NodeFinding[];
}

/** Patterns of rules, with their places. */
function patternsOf({ policy }: ScenePolicy): NamedPattern[] {
  const items = listsOf(policy).flatMap(({ items: list }) => list);
  return items.flatMap(({ path, pattern }) => (pattern === undefined ? [] : [{ path: `${path}.path`, pattern }]));
}

export class LinkFinder {
  /** By workload: what its container showed. Containers of one workload have one image. */
  #looked = new Map<string, Looked>();

  /** @param firstPid a process of the container; undefined where it has none now */
  async find(scene: Scene, firstPid: (container: SceneContainer) => number | undefined): Promise<NodeFinding[]> {
    const before = this.#looked;
    this.#looked = new Map();
    for (const container of scene.containers) {
      const { identity, selecting } = container;
      const workload = `${identity.owner?.uid ?? ''}/${identity.container}`;
      if (this.#looked.has(workload)) continue;
      const policies = selecting.flatMap((uid) => scene.policies.get(uid) ?? []);
      const key = policies.map(({ ir }) => `${ir.uid}@${ir.generation}`).join();
      const known = before.get(workload);
      const pid = known?.key === key ? undefined : firstPid(container);
      if (pid === undefined) this.#keep(workload, known);
      else this.#looked.set(workload, { key, findings: await linksOf(container, policies, `/proc/${pid}/root`) });
    }
    return merge([...this.#looked.values()].flatMap(({ findings }) => findings));
  }

  #keep(workload: string, known: Looked | undefined): void {
    if (known !== undefined) this.#looked.set(workload, known);
  }
}

async function linksOf(
  container: SceneContainer,
  policies: readonly ScenePolicy[],
  root: string,
): Promise<NodeFinding[]> {
  const seen = new Map<string, Promise<Link | 'missing' | 'other'>>();
  const look = (path: string): Promise<Link | 'missing' | 'other'> => {
    const known = seen.get(path) ?? lookAt(root, path);
    seen.set(path, known);
    return known;
  };
  const findings: NodeFinding[] = [];
  for (const scenePolicy of policies) {
    const { uid, generation } = scenePolicy.ir;
    for (const { path, pattern } of patternsOf(scenePolicy)) {
      const link = await firstLink(pattern, look);
      if (link === undefined) continue;
      const detail = `${link.path} is a link to ${link.target} in ${describeContainer(container.identity)}`;
      findings.push({ uid, generation, code: 'PATTERN_IS_LINK', path, detail, count: 1 });
    }
  }
  return findings;
}

type Look = (path: string) => Promise<Link | 'missing' | 'other'>;

/** Of the spelling that the image has. The pairs that are one directory everywhere are no finding. */
async function firstLink(pattern: PatternIR, look: Look): Promise<Link | undefined> {
  const names = literalPrefix(pattern);
  if (names === undefined) return undefined;
  for (const spelling of spellings(names)) {
    const link = await walk(spelling, look);
    if (link !== undefined) return link;
  }
  return undefined;
}

async function walk(spelling: readonly string[], look: Look): Promise<Link | undefined> {
  let path = '';
  for (const [index, name] of spelling.entries()) {
    path += `/${name}`;
    const found = await look(path);
    if (found === 'missing') return undefined;
    // /bin and the like lead to the other spelling, which was looked at.
    if (found !== 'other') return index === 0 && USR_MERGED.has(name) ? undefined : found;
  }
  return undefined;
}

async function lookAt(root: string, path: string): Promise<Link | 'missing' | 'other'> {
  const place = Buffer.from(root + path, 'latin1');
  const found = await lstat(place).catch(() => undefined);
  if (found === undefined) return 'missing';
  if (!found.isSymbolicLink()) return 'other';
  const target = await readlink(place).catch(() => '');
  return { path, target };
}

/** One for each place of a policy; counted are the workloads. */
function merge(findings: readonly NodeFinding[]): NodeFinding[] {
  const merged = new Map<string, NodeFinding>();
  for (const finding of findings) {
    const key = `${finding.uid} ${finding.path}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? finding : { ...known, count: known.count + 1 });
  }
  return [...merged.values()];
}
