// The operation that options describe (operation-flags.ts).

import { describedOperations, VERBS } from '../compile/describe.js';
import type { DescribedOperation } from '../compile/describe.js';
import type { OperationIR, Origin, Session } from '../compile/ir.js';
import { AgentFault } from '../errors.js';
import type { OperationOptions } from './operation-flags.js';

const ORIGINS: readonly Origin[] = ['Image', 'UpperLayer', 'ReadOnlyVolume', 'WritableVolume', 'Anonymous', 'Unknown'];
const SESSIONS: readonly Session[] = ['Main', 'Exec', 'Probe', 'Lifecycle', 'Host'];

/** @throws AgentFault AGENT_OPTION_INVALID */
export function operationsOf(options: OperationOptions, session: Session): readonly OperationIR[] {
  const described: DescribedOperation = {
    verb: oneOf('--op', options.op, VERBS),
    ...namesOf(options),
    ...flagsOf(options),
    ...(options.origin === undefined ? {} : { origin: oneOf('--origin', options.origin, ORIGINS) }),
    ...(options.programOrigin === undefined
      ? {}
      : { programOrigin: oneOf('--program-origin', options.programOrigin, ORIGINS) }),
    session: options.session === undefined ? session : oneOf('--session', options.session, SESSIONS),
  };
  return describedOperations(described);
}

function namesOf({ path, to, given, program }: OperationOptions): Partial<DescribedOperation> {
  return {
    ...(path === undefined ? {} : { path }),
    ...(to === undefined ? {} : { to }),
    ...(given === undefined ? {} : { givenName: given }),
    ...(program === undefined ? {} : { program }),
  };
}

function flagsOf(options: OperationOptions): Partial<DescribedOperation> {
  return {
    ...(options.replaces ? { replaces: true } : {}),
    ...(options.directory ? { directory: true } : {}),
    ...(options.mainProcess ? { mainProcess: true } : {}),
    ...(options.protected ? { protected: true } : {}),
  };
}

function oneOf<T extends string>(option: string, value: string | undefined, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found !== undefined) return found;
  throw new AgentFault('AGENT_OPTION_INVALID', `understand ${option}`, {
    hint: `expected one of ${allowed.join(', ')}, got ${value ?? 'nothing'}`,
  });
}
