// kubectl ringfence explain: how the policies that the cluster holds now decide about an operation in a container of a pod.

import { explain } from '../compile/explain.js';
import { explanationLines } from '../compile/explain-text.js';
import { compileViewed } from '../control/cluster-view.js';
import { selectForIdentity } from '../control/explain-select.js';
import { formatIssue } from '../errors.js';
import { EXIT } from './exit.js';
import { withView } from './kubectl-scope.js';
import { operationsOf } from './operation-options.js';
import type { KubectlOptions } from './kubectl.js';
import type { OperationOptions } from './operation-flags.js';
import type { Terminal } from './terminal.js';

export interface KubectlExplainOptions extends KubectlOptions, OperationOptions {
  readonly container?: string;
}

export async function kubectlExplain(terminal: Terminal, pod: string, options: KubectlExplainOptions): Promise<number> {
  const operations = operationsOf(options, 'Main');
  const { policies, issues, identity } = await withView(options, async (view) => {
    const namespace = options.namespace ?? view.namespace;
    const found = await view.container(namespace, pod, options.container);
    return { ...compileViewed(await view.policies(namespace)), identity: found };
  });
  const rejected = issues.filter(({ level }) => level === 'error');
  for (const issue of rejected) terminal.error(formatIssue(issue));
  const { selected, notSelected } = selectForIdentity(policies, identity);
  const explanation = explain({ policies: selected, operations, notSelected });
  if (options.output === 'json') terminal.json(explanation);
  else terminal.lines(explanationLines(explanation));
  return rejected.length === 0 ? EXIT.ok : EXIT.negative;
}
