// Operations in a cgroup: one process of test/try each, or several one after the other.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './agent.js';

export const TRY = join(ROOT, 'build', 'test', 'kernel', 'try');
const TIME_LIMIT_MS = 120_000;

export interface Tried {
  readonly op: string;
  readonly ret?: number;
  /** Empty where the operation succeeded. */
  readonly errno?: string;
  /** The process that tried was killed. */
  readonly signal?: number;
  /** Of a program that ran. */
  readonly status?: number;
  readonly program_signal?: number;
  readonly data?: string;
  readonly [note: string]: unknown;
}

export interface TryOptions {
  /** Joined one after the other. */
  readonly cgroups: readonly string[];
  /** Runs try in place of the machine's own: nsenter and the like. */
  readonly through?: readonly string[];
  readonly program?: string;
  /** For try itself, before the operations: `--times 10`. */
  readonly options?: readonly string[];
}

function collect(argv: readonly string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const [program = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: TIME_LIMIT_MS });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (part: Buffer) => (stdout += part.toString()));
    child.stderr.on('data', (part: Buffer) => (stderr += part.toString()));
    child.on('error', reject);
    child.on('close', (status) => {
      resolve({ status, stdout, stderr });
    });
  });
}

/** Each operation a list of words. A killed process leaves the results before it and one with `signal`. */
export async function runTry(options: TryOptions, ...operations: readonly (readonly string[])[]): Promise<Tried[]> {
  const { cgroups, through = [], program = TRY, options: words = [] } = options;
  const joins = cgroups.flatMap((folder) => ['--cgroup', folder]);
  const steps = operations.flatMap((operation, index) => (index === 0 ? operation : ['--', ...operation]));
  const ran = await collect([...through, program, ...joins, ...words, ...steps]);
  if (ran.status !== 0) throw new Error(`try ${steps.join(' ')} ended with ${String(ran.status)}: ${ran.stderr}`);
  return ran.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Tried);
}
