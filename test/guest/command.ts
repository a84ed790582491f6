// Child processes of the test beds: always with a time limit, output collected, a failure named with what was tried.
import { spawn } from 'node:child_process';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutS?: number;
}

export interface CommandOutput {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

export async function tryCommand(argv: readonly string[], options: CommandOptions = {}): Promise<CommandOutput> {
  const [program, ...args] = argv;
  if (program === undefined) throw new TypeError('an empty command cannot be run');
  return await new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: (options.timeoutS ?? 60) * 1000,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (part: Buffer) => (stdout += part.toString()));
    child.stderr.on('data', (part: Buffer) => (stderr += part.toString()));
    child.on('error', (error) => {
      resolve({ code: 127, stdout, stderr: error.message });
    });
    child.on('close', (code) => {
      resolve({ code: code ?? 137, stdout, stderr });
    });
  });
}

export async function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const output = await tryCommand(argv, options);
  if (output.code !== 0) {
    const reason = output.stderr.trim().split('\n').slice(-3).join('; ');
    throw new Error(`${argv.join(' ')} ended with status ${output.code.toString()}: ${reason}`);
  }
  return output.stdout;
}
