// The operation of an event, to be explained: what was evaluated in the kernel, as far as the event tells.

import { bytesOf } from '../policy/pattern.js';
import { hookOfClass, isClassName } from './classes.js';
import type { HookName, ObjectIR, OperationIR, Origin, Session } from './ir.js';

/** The fields of an event that say what was done, by whom. */
export interface DescribedEvent {
  readonly operation: { readonly hook: string; readonly classes: readonly string[] };
  readonly object: {
    readonly path: string;
    /** Base64. */
    readonly pathBytes?: string;
    readonly origin: string;
    readonly unresolved?: string;
    readonly givenName?: string;
    readonly target?: string;
  };
  readonly process: {
    readonly program: string;
    readonly programBytes?: string;
    readonly programOrigin: string;
    readonly mainProcess?: true;
  };
  readonly workload: { readonly session: string };
  readonly notes: readonly string[];
}

const ORIGINS: readonly Origin[] = ['Image', 'UpperLayer', 'ReadOnlyVolume', 'WritableVolume', 'Anonymous', 'Unknown'];
const SESSIONS: readonly Session[] = ['Main', 'Exec', 'Probe', 'Lifecycle', 'Host'];
const MISSES: readonly NonNullable<ObjectIR['unresolved']>[] = ['Detached', 'Deep', 'Unstable', 'Read', 'NoMount'];

/** Operations whose object can be a directory that guarded names lie below. An event does not say that it is one. */
const MOVES: readonly HookName[] = ['file-rename', 'file-link'];

function originOf(name: string): Origin {
  return ORIGINS.find((origin) => origin === name) ?? 'Unknown';
}

function nameOf(text: string, base64: string | undefined): string | undefined {
  if (base64 !== undefined) return atob(base64);
  return text === '' ? undefined : bytesOf(text);
}

function objectOf({ object }: DescribedEvent, hooks: readonly HookName[]): ObjectIR {
  const path = nameOf(object.path, object.pathBytes);
  const unresolved = MISSES.find((miss) => miss === object.unresolved);
  return {
    ...(path === undefined ? {} : { path }),
    origin: originOf(object.origin),
    ...(MOVES.some((hook) => hooks.includes(hook)) ? { isDirectory: true } : {}),
    ...(unresolved === undefined ? {} : { unresolved }),
  };
}

function subjectOf({ process, workload, notes }: DescribedEvent): Omit<OperationIR, 'hooks' | 'object'> {
  const program = nameOf(process.program, process.programBytes);
  return {
    ...(program === undefined ? {} : { program: { path: program, origin: originOf(process.programOrigin) } }),
    session: SESSIONS.find((session) => session === workload.session) ?? 'Host',
    mainProcess: process.mainProcess === true,
    ...(notes.includes('Protected') ? { protected: true } : {}),
    ...(notes.includes('EndsSetup') ? { endsSetup: true } : {}),
  };
}

/** Classes of an event are those of all its objects: the first name of a rename or link has only its own. */
function hooksOf({ operation }: DescribedEvent): { first: HookName[]; second: HookName[] } {
  const hooks = operation.classes.filter(isClassName).map(hookOfClass);
  const own: HookName | undefined = ({ rename: 'file-rename', link: 'file-link' } as const)[operation.hook];
  if (own === undefined) return { first: hooks, second: [] };
  return { first: hooks.filter((hook) => hook === own), second: hooks.filter((hook) => hook !== own) };
}

export function eventOperations(event: DescribedEvent): OperationIR[] {
  const { first, second } = hooksOf(event);
  const { givenName, target } = event.object;
  const subject = subjectOf(event);
  const main: OperationIR = {
    ...subject,
    hooks: first,
    object: objectOf(event, first),
    ...(givenName === undefined ? {} : { givenName: bytesOf(givenName) }),
    ...(event.operation.hook === 'mount' && first.includes('file-link') ? { changesMountTree: true } : {}),
  };
  if (target === undefined) return [main];
  return [main, { ...subject, hooks: second, object: { path: bytesOf(target), origin: main.object.origin } }];
}
