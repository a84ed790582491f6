// What the container runtime wrote down before it made a container's cgroup: the container's name in its pod, or that it is the
// pod's sandbox. containerd: annotations in the bundle's config.json. CRI-O: the same in its userdata folder. A container
// cannot write there.

import { existsSync, readFileSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { join } from 'node:path';
import type { ContainerRecord } from './pod-table.js';

/** Folders that have a container's folder by its id, each with the path of the specification in it. */
const PLACES: readonly (readonly [string, string])[] = [
  ['run/containerd/io.containerd.runtime.v2.task/k8s.io', 'config.json'],
  ['run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io', 'config.json'],
  ['run/containers/storage/overlay-containers', 'userdata/config.json'],
  ['var/lib/containers/storage/overlay-containers', 'userdata/config.json'],
];

const TYPES = ['io.kubernetes.cri.container-type', 'io.kubernetes.cri-o.ContainerType'];
const NAMES = ['io.kubernetes.cri.container-name', 'io.kubernetes.container.name'];

type Annotations = Readonly<Record<string, unknown>>;

interface Specification {
  readonly annotations?: Annotations;
  readonly linux?: { readonly cgroupsPath?: unknown };
}

/** A container before its cgroup is there. */
export interface WrittenContainer {
  readonly record: ContainerRecord;
  /** Where its cgroup will be; absent where the text does not say. With the systemd driver only its last two parts. */
  readonly cgroup?: string;
}

function firstText(annotations: Annotations, keys: readonly string[]): string | undefined {
  return keys.map((key) => annotations[key]).find((value) => typeof value === 'string');
}

function parseSpecification(text: string): Specification {
  try {
    return JSON.parse(text) as Specification;
  } catch {
    return {};
  }
}

/** Undefined where the text does not say: it may be in the middle of being written. */
export function parseRecord(text: string): ContainerRecord | undefined {
  return recordOf(parseSpecification(text));
}

function recordOf({ annotations = {} }: Specification): ContainerRecord | undefined {
  if (firstText(annotations, TYPES) === 'sandbox') return { kind: 'Sandbox' };
  const name = firstText(annotations, NAMES);
  return name === undefined || name === '' ? undefined : { kind: 'Container', name };
}

/** The systemd driver's are `SLICE:PREFIX:NAME`. */
function cgroupOf({ linux }: Specification): string | undefined {
  const path = linux?.cgroupsPath;
  if (typeof path !== 'string') return undefined;
  const [slice, prefix, name] = path.split(':');
  return prefix === undefined || name === undefined ? path : `/${slice ?? ''}/${prefix}-${name}.scope`;
}

export function parseWritten(text: string): WrittenContainer | undefined {
  const specification = parseSpecification(text);
  const [record, cgroup] = [recordOf(specification), cgroupOf(specification)];
  return record && { record, ...(cgroup === undefined ? {} : { cgroup }) };
}

export class RuntimeRecords {
  readonly #root: string;
  readonly #watched = new Map<string, FSWatcher>();

  /** @param root where the runtime's folders are found: the root of the node */
  constructor(root = '/') {
    this.#root = root;
  }

  /** Read at once: the container's entrypoint may be next. */
  read(container: string): ContainerRecord | undefined {
    return this.find(container)?.record;
  }

  find(container: string): WrittenContainer | undefined {
    for (const [folder, file] of PLACES) {
      const text = readText(join(this.#root, folder, container, file));
      const written = text === undefined ? undefined : parseWritten(text);
      if (written !== undefined) return written;
    }
    return undefined;
  }

  /** Calls with the id of each container whose folder is made. Places that are not there yet are looked for again at the next call. */
  watch(onContainer: (id: string) => void): void {
    for (const [folder] of PLACES) {
      if (this.#watched.has(folder)) continue;
      try {
        const watcher = watch(join(this.#root, folder), { persistent: false }, (_, name) => {
          if (name !== null && existsSync(join(this.#root, folder, name))) onContainer(name);
        });
        watcher.on('error', () => {
          watcher.close();
          this.#watched.delete(folder);
        });
        this.#watched.set(folder, watcher);
      } catch {
        // this runtime is not used here
      }
    }
  }

  stop(): void {
    for (const watcher of this.#watched.values()) watcher.close();
    this.#watched.clear();
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
