// WOULD_BREAK_RUNNING: processes that run what a policy on their container would not let them start. What only the kernel knows
// (the origin of a file, who asked for it) is taken to be in favour of the process.

import type { OperationIR, PolicyIR, RuleIR } from '../compile/ir.js';
import { judgeRule } from '../compile/judge.js';
import { listsOf } from '../policy/items.js';
import type { NodeFinding } from '../report/objects.gen.js';
import type { RunningProgram } from '../workload/processes.js';
import { describeContainer } from './node-scene.js';
import type { Scene, SceneContainer, ScenePolicy } from './node-scene.js';

/** How far into the arguments an interpreter's script may stand: after one option. */
const SCRIPT_ARGUMENTS = 3;

function execOf(path: string): OperationIR {
  return {
    hooks: ['file-execute', 'exec'],
    object: { path, origin: 'Unknown' },
    firstOfChain: true,
    session: 'Main',
    mainProcess: false,
  };
}

/** What of the rule a name alone decides; undefined where that is nothing. */
function byNameAlone(rule: RuleIR): RuleIR | undefined {
  if (rule.except.some(({ binaries }) => binaries !== undefined)) return undefined;
  if (rule.list === 'allow') return { ...rule, items: rule.items.map(({ origins: _, ...item }) => item) };
  return { ...rule, items: rule.items.filter(({ origins }) => origins === undefined) };
}

function forbids(policy: PolicyIR, rule: RuleIR, path: string): boolean {
  return judgeRule(policy, rule, execOf(path)).violated === 'Yes';
}

/** An interpreter at work: what was asked for is its script. */
function runsAllowedScript(policy: PolicyIR, rule: RuleIR, { arguments: args }: RunningProgram): boolean {
  const scripts = args.slice(1, SCRIPT_ARGUMENTS).filter((word) => word.startsWith('/'));
  return rule.list === 'allow' && scripts.some((script) => !forbids(policy, rule, script));
}

export function brokenRules(policy: PolicyIR, program: RunningProgram): string[] {
  return policy.rules.flatMap((whole) => {
    const rule = byNameAlone(whole);
    if (rule === undefined || !forbids(policy, rule, program.path)) return [];
    return runsAllowedScript(policy, rule, program) ? [] : [rule.name];
  });
}

interface Running {
  readonly container: SceneContainer;
  readonly program: RunningProgram;
}

/** Rules that nothing that runs breaks are most of them: each program is judged once for a policy. */
class Judge {
  readonly #known = new Map<string, readonly string[]>();

  broken({ ir }: ScenePolicy, program: RunningProgram): readonly string[] {
    const key = JSON.stringify([ir.uid, program.path, program.arguments.slice(1, SCRIPT_ARGUMENTS)]);
    const known = this.#known.get(key) ?? brokenRules(ir, program);
    this.#known.set(key, known);
    return known;
  }
}

function placeOf({ policy }: ScenePolicy, rule: string): string {
  const list = listsOf(policy).find((one) => one.rule.name === rule);
  return list === undefined ? 'spec.rules' : `${list.rulePath}.${list.kind}.${list.list}`;
}

/** One container after the other, so that others can be let in between. */
export function* findBroken(scene: Scene, running: readonly Running[]): Generator<undefined, NodeFinding[]> {
  const judge = new Judge();
  const found = new Map<string, NodeFinding>();
  for (const { container, program } of running) {
    yield;
    for (const scenePolicy of container.selecting.flatMap((uid) => scene.policies.get(uid) ?? [])) {
      const { uid, generation } = scenePolicy.ir;
      for (const rule of judge.broken(scenePolicy, program)) {
        const key = `${uid} ${rule}`;
        const known = found.get(key);
        const detail = `${program.path} in ${describeContainer(container.identity)}`;
        const first = {
          uid,
          generation,
          code: 'WOULD_BREAK_RUNNING',
          path: placeOf(scenePolicy, rule),
          detail,
          count: 1,
        };
        found.set(key, known === undefined ? first : { ...known, count: known.count + 1 });
      }
    }
  }
  return [...found.values()];
}
