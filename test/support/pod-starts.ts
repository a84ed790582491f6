// Pods that try what is forbidden with their first instruction, as data: one policy for all containers, and one for each type of
// container, which only holds where a container's name is known before its entrypoint runs. Every forbidden program is a copy of act.c, so what ran leaves
// a file. What is forbidden to one type is what the innocent containers of another run.

export const TYPES = ['Init', 'Sidecar', 'App', 'Ephemeral'] as const;
export type ContainerType = (typeof TYPES)[number];

/** In the order a kubelet starts them. */
export const NAMES: Readonly<Record<ContainerType, string>> = {
  Init: 'prepare',
  Sidecar: 'side',
  App: 'main',
  Ephemeral: 'debug',
};

const FORBIDDEN = 'forbidden';
const forbiddenTo = (type: ContainerType): string => `not-by-${type.toLowerCase()}`;

/** In /bin of the image. */
export const PROGRAMS: readonly string[] = ['act', FORBIDDEN, ...TYPES.map(forbiddenTo)];

export interface Attack {
  readonly by: ContainerType;
  /** Also the name of the policy that forbids it. */
  readonly program: string;
  /** Else it is what the entrypoint runs first. */
  readonly isEntrypoint: boolean;
}

/** Every combination comes once in sixteen. */
export function attackOf(index: number): Attack {
  const by = TYPES[index % 4] ?? 'App';
  const program = Math.floor(index / 4) % 2 === 0 ? FORBIDDEN : forbiddenTo(by);
  return { by, program, isEntrypoint: Math.floor(index / 8) % 2 === 0 };
}

export interface StartPolicy {
  readonly name: string;
  readonly containerTypes?: readonly ContainerType[];
  readonly rules: readonly object[];
}

const rulesOf = (program: string): readonly object[] => [
  { name: 'deny', binaries: { deny: [{ path: `/bin/${program}` }] } },
];

export const POLICIES: readonly StartPolicy[] = [
  { name: FORBIDDEN, rules: rulesOf(FORBIDDEN) },
  ...TYPES.map((type) => ({ name: forbiddenTo(type), containerTypes: [type], rules: rulesOf(forbiddenTo(type)) })),
];

export function attackCommand({ program, isEntrypoint }: Attack, mark: string): string[] {
  const words = [`/bin/${program}`, 'mark', mark];
  return isEntrypoint ? words : ['/bin/act', 'then', ...words];
}

/** What is forbidden to the next type alone. */
export function innocentCommand(type: ContainerType, mark: string): string[] {
  const next = TYPES[(TYPES.indexOf(type) + 1) % TYPES.length] ?? 'App';
  const stays = type === 'App' || type === 'Sidecar';
  return [`/bin/${forbiddenTo(next)}`, 'mark', mark, ...(stays ? ['stay'] : [])];
}
