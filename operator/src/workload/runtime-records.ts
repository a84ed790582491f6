// What the container runtime wrote down before it made a container's cgroup: the container's name in its pod, or that it is the
// pod's sandbox. containerd: annotations in the bundle's config.json. CRI-O: the same in its userdata folder. A container
// cannot write there.

import { readFileSync } from 'node:fs';
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

function firstText(annotations: Annotations, keys: readonly string[]): string | undefined {
  return keys.map((key) => annotations[key]).find((value) => typeof value === 'string');
}

/** Undefined where the text does not say: it may be in the middle of being written. */
export function parseRecord(text: string): ContainerRecord | undefined {
  let annotations: Annotations;
  try {
    annotations = (JSON.parse(text) as { annotations?: Annotations }).annotations ?? {};
  } catch {
    return undefined;
  }
  if (firstText(annotations, TYPES) === 'sandbox') return { kind: 'Sandbox' };
  const name = firstText(annotations, NAMES);
  return name === undefined || name === '' ? undefined : { kind: 'Container', name };
}

export class RuntimeRecords {
  readonly #root: string;

  /** @param root where the runtime's folders are found: the root of the node */
  constructor(root = '/') {
    this.#root = root;
  }

  /** Read at once: the container's entrypoint may be next. */
  read(container: string): ContainerRecord | undefined {
    for (const [folder, file] of PLACES) {
      const text = readText(join(this.#root, folder, container, file));
      const record = text === undefined ? undefined : parseRecord(text);
      if (record !== undefined) return record;
    }
    return undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
