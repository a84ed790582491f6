// node main-health.js healthz|readyz [RUN_DIR]: asks the agent's socket, for probes: kubelets cannot ask a Unix socket. Loads nothing else, so it
// starts quickly. Ends with 0 when the agent says so.

import { request } from 'node:http';
import { join } from 'node:path';

const TIMEOUT_MS = 8_000;
const [question = 'healthz', runDir = '/run/ringfence'] = process.argv.slice(2);

process.exitCode = 1;
const asked = request(
  { socketPath: join(runDir, 'agent.sock'), path: `/${question}`, timeout: TIMEOUT_MS, agent: false },
  (response) => {
    response.on('data', (part: Buffer) => process.stdout.write(part));
    if (response.statusCode === 200) process.exitCode = 0;
  },
);
asked.on('timeout', () => asked.destroy(new Error('no answer in time')));
asked.on('error', (error) => process.stdout.write(`${error.message}\n`));
asked.end();
