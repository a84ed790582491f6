#!/usr/bin/env node
// The command `ringfence`.

import { runCli } from './cli/program.js';

process.exitCode = await runCli(process.argv);
