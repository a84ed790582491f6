#!/usr/bin/env node
// The command `kubectl ringfence`: kubectl runs it as kubectl-ringfence.

import { runKubectl } from './cli/kubectl.js';

process.exitCode = await runKubectl(process.argv);
