// Custom resource definitions: created where absent, ours brought up to date, nobody else's touched, nothing downgraded.
import { isFault, isObject } from './answer.js';
import { CUSTOM_RESOURCE_DEFINITIONS } from './resources.js';
import { ClusterFault } from '../errors.js';
import type { Objects } from './objects.js';
import type { KubeObject } from './types.js';

/** Counts the changes of a definition of ours. One without it is somebody else's. */
export const DEFINITION_VERSION = 'ringfence.io/definition-version';

export interface DefinitionVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
}

export interface Definition extends KubeObject {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string; readonly kind: string };
    readonly versions: readonly DefinitionVersion[];
  };
}

export type Registration = 'created' | 'updated' | 'current' | 'foreign' | 'newer';

export function asDefinition(value: unknown, file: string): Definition {
  const right =
    isObject(value) &&
    value['kind'] === 'CustomResourceDefinition' &&
    String(value['apiVersion']).startsWith('apiextensions.k8s.io/') &&
    isObject(value['spec']) &&
    isObject(value['metadata']);
  if (!right) throw new ClusterFault('CLUSTER_INVALID', 'read a custom resource definition', { object: file });
  return value as unknown as Definition;
}

const versionOf = ({ metadata }: KubeObject): number | undefined => {
  const text = metadata.annotations?.[DEFINITION_VERSION];
  return text === undefined ? undefined : Number(text);
};

/** What to do about a definition of which the server has `held`. */
export function judgeDefinition(wanted: Definition, held: Definition | undefined): Registration {
  if (held === undefined) return 'created';
  const [ours, theirs] = [versionOf(wanted), versionOf(held)];
  if (theirs === undefined || ours === undefined) return 'foreign';
  if (theirs > ours) return 'newer';
  return theirs === ours ? 'current' : 'updated';
}

export async function registerDefinition(objects: Objects, wanted: Definition): Promise<Registration> {
  const held = await objects.get<Definition>(CUSTOM_RESOURCE_DEFINITIONS, wanted.metadata.name);
  const registration = judgeDefinition(wanted, held);
  if (registration === 'updated') await objects.apply(CUSTOM_RESOURCE_DEFINITIONS, wanted);
  if (registration !== 'created') return registration;
  try {
    await objects.create(CUSTOM_RESOURCE_DEFINITIONS, wanted);
    return 'created';
  } catch (error) {
    // Made by somebody else since we looked: judged again.
    if (isFault(error, 'CLUSTER_CONFLICT')) return registerDefinition(objects, wanted);
    throw error;
  }
}
