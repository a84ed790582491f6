// The suites: every test/<name>/suite.json, in rising order.
import { accessSync, constants, existsSync, readFileSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What a suite may need of the machine, and how it is called in a skip. */
const NEEDS = {
  root: () => process.getuid?.() === 0,
  qemu: () => isOnPath('qemu-system-x86_64'),
  clang: () => isOnPath('clang'),
  cgroup2: () => readFileSync('/proc/self/mountinfo', 'utf8').includes(' - cgroup2 '),
} as const;

export type Need = keyof typeof NEEDS;

export interface Suite {
  readonly name: string;
  /** Lower runs first; quick suites come first. */
  readonly order: number;
  /** Program and arguments, run in the root folder; `node` is the project's own. */
  readonly command: readonly string[];
  readonly needs: readonly Need[];
  /** npm scripts that run it. */
  readonly groups: readonly string[];
  readonly timeoutSeconds: number;
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export class SuiteFileError extends Error {}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isNeeds(value: unknown): value is Need[] {
  return isStrings(value) && value.every((need) => Object.hasOwn(NEEDS, need));
}

const isFilled = (value: unknown): boolean => isStrings(value) && value.length > 0;

/** Field -> what it must be, and the test of that. */
const FIELDS: Record<keyof Suite, readonly [expected: string, test: (value: unknown) => boolean]> = {
  name: ['a string', (value) => typeof value === 'string' && value !== ''],
  order: ['a number', (value) => typeof value === 'number'],
  command: ['a list of strings', isFilled],
  groups: ['a list of strings', isFilled],
  timeoutSeconds: ['a number above 0', (value) => typeof value === 'number' && value > 0],
  needs: [`a list of ${Object.keys(NEEDS).join(', ')}`, isNeeds],
};

/** Checks one suite file; `path` is for the message only. */
export function parseSuite(text: string, path: string): Suite {
  const suite: Record<string, unknown> = { needs: [], groups: ['test'], ...(JSON.parse(text) as object) };
  for (const [field, [expected, test]] of Object.entries(FIELDS)) {
    if (!test(suite[field])) throw new SuiteFileError(`${path}: ${field}: expected ${expected}`);
  }
  const unknown = Object.keys(suite).find((field) => !Object.hasOwn(FIELDS, field));
  if (unknown !== undefined) throw new SuiteFileError(`${path}: ${unknown}: not a field of a suite`);
  return suite as unknown as Suite;
}

/** The suites of a group, narrowed to `names` when there are any. */
export function findSuites(root: string, group: string): readonly Suite[] {
  return readdirSync(join(root, 'test'))
    .map((folder) => join(root, 'test', folder, 'suite.json'))
    .filter((path) => existsSync(path))
    .map((path) => parseSuite(readFileSync(path, 'utf8'), path))
    .filter((suite) => suite.groups.includes(group))
    .sort((a, b) => a.order - b.order || a.name.localeCompare(b.name));
}

/** The first need that this machine does not meet. */
export function unmetNeed(suite: Suite): Need | undefined {
  return suite.needs.find((need) => !NEEDS[need]());
}
