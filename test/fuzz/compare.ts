// One set of policies and operations on it, decided twice: by the reference evaluator, and by a matcher that reads the
// encoded maps.

import { createHash } from 'node:crypto';
import {
  RfAction,
  RfLimits,
  RfMiss,
  RfOrigin,
  RfRulesetCodec,
  RfSession,
  RfTestCodec,
} from '../../operator/src/abi/abi.gen.js';
import type { RfTest } from '../../operator/src/abi/abi.gen.js';
import { evaluate } from '../../operator/src/compile/evaluate.js';
import type { DecisionIR, HookName, ObjectIR, OperationIR, Origin, PolicyIR } from '../../operator/src/compile/ir.js';
import { type Applied, type Capacity, emptyApplied } from '../../operator/src/encode/applied.js';
import { diffEntries } from '../../operator/src/encode/diff.js';
import { sweepEntries } from '../../operator/src/encode/sweep.js';
import type { MapOp } from '../../operator/src/encode/ops.js';
import type { Page } from '../../operator/src/encode/page.js';
import { encodeLayer, joinLayers } from '../../operator/src/encode/ruleset.js';

/** Decides one test context; the maps that it reads are changed by `apply`. */
export interface Matcher {
  readonly apply: (ops: readonly MapOp[]) => void;
  readonly run: (context: Uint8Array) => Uint8Array;
}

export interface Verdict {
  readonly verdict: DecisionIR['verdict'];
  /** `uid/rule`, with ` unresolved` where the posture decided; sorted. */
  readonly hits: readonly string[];
}

export interface Mismatch {
  readonly policies: readonly PolicyIR[];
  readonly operation: OperationIR;
  readonly expected: Verdict;
  readonly got: Verdict;
}

export const CAPACITY: Capacity = {
  objects: 1048576,
  shapes: RfLimits.SHAPE_TOTAL,
  pattern_words: 1048576,
  pattern_items: 262144,
  rulesets: 16384,
  workloads: 65536,
  templates: 65536,
  pods: 4096,
  handlers: 16384,
};

const LAYERS = ['cluster', 'node', 'namespace', 'host'] as const;
const VERDICTS: Readonly<Record<number, DecisionIR['verdict']>> = {
  [RfAction.NONE]: 'Allow',
  [RfAction.AUDIT]: 'Audit',
  [RfAction.BLOCK]: 'Block',
  [RfAction.KILL]: 'Kill',
};
const HOOKS: readonly HookName[] = [
  'file-read',
  'file-write',
  'file-execute',
  'file-create',
  'file-delete',
  'file-rename',
  'file-link',
  'file-attributes',
  'exec',
  'exec-map',
];
const ORIGINS: Readonly<Record<Origin, number>> = {
  Image: RfOrigin.IMAGE,
  UpperLayer: RfOrigin.UPPER_LAYER,
  ReadOnlyVolume: RfOrigin.READ_ONLY_VOLUME,
  WritableVolume: RfOrigin.WRITABLE_VOLUME,
  Anonymous: RfOrigin.ANONYMOUS,
  Unknown: RfOrigin.UNKNOWN,
};
const SESSIONS: Readonly<Record<OperationIR['session'], number>> = {
  Main: RfSession.MAIN,
  Exec: RfSession.EXEC,
  Probe: RfSession.PROBE,
  Lifecycle: RfSession.LIFECYCLE,
  Host: RfSession.HOST,
};
const MISSES: Readonly<Record<NonNullable<ObjectIR['unresolved']>, number>> = {
  Detached: RfMiss.DETACHED,
  Deep: RfMiss.DEEP,
  Unstable: RfMiss.UNSTABLE,
  Read: RfMiss.READ,
  NoMount: RfMiss.NO_MOUNT,
};

export const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function latin1(text: string | undefined): Uint8Array {
  return new Uint8Array(Buffer.from(text ?? '', 'latin1'));
}

function missOf({ path, unresolved }: ObjectIR): number {
  if (unresolved !== undefined) return MISSES[unresolved];
  return path === undefined ? RfMiss.NAMELESS : RfMiss.NONE;
}

function contextOf(operation: OperationIR, pages: readonly number[]): Uint8Array {
  const { object, program, givenName } = operation;
  const path = latin1(object.path);
  const own = latin1(program?.path);
  const given = latin1(givenName?.startsWith('/') === true ? givenName : '');
  return RfTestCodec.encode({
    pages: [...pages],
    pageCount: pages.length,
    classes: operation.hooks.reduce((mask, hook) => mask | (1 << HOOKS.indexOf(hook)), 0),
    session: SESSIONS[operation.session],
    origin: ORIGINS[object.origin],
    programOrigin: ORIGINS[program?.origin ?? 'Unknown'],
    miss: missOf(object),
    mainProcess: Number(operation.mainProcess),
    endsSetup: Number(operation.endsSetup === true),
    firstOfChain: Number(operation.firstOfChain !== false),
    isDir: Number(object.isDirectory === true),
    treeChange: Number(operation.changesMountTree === true),
    pathLen: path.length,
    programLen: own.length,
    givenLen: given.length,
    path,
    program: own,
    given,
    verdict: 0,
    hitsTotal: 0,
    violated: [],
    unresolved: [],
  });
}

/** The encoded maps of one set of policies after another; numbers are given out and taken back as an agent does. */
export class Encoded {
  readonly #matcher: Matcher;
  #applied: Applied;
  #policies: readonly PolicyIR[] = [];
  #rules: readonly string[] = [];
  #rulesets: readonly { readonly id: number; readonly keys: readonly number[] }[] = [];

  constructor(matcher: Matcher) {
    this.#matcher = matcher;
    this.#applied = emptyApplied(CAPACITY);
  }

  /** False when the encoder refuses the set. */
  load(policies: readonly PolicyIR[]): boolean {
    const rules = policies.flatMap(({ uid, rules: own }) => own.map(({ name }) => `${uid}/${name}`));
    const context = { digest, ruleKey: (uid: string, rule: string) => rules.indexOf(`${uid}/${rule}`) + 1 };
    const layers = LAYERS.map((layer) => {
      const own = policies.filter((policy) => policy.layer === layer);
      return encodeLayer(
        own.map((policy) => ({ policy, refused: new Set<string>() })),
        context,
      );
    });
    const joined = joinLayers(layers.map(({ pages }) => pages));
    if ([...layers, joined].some(({ problems }) => problems.length > 0)) return false;
    this.#apply(joined.pages);
    this.#policies = policies;
    this.#rules = rules;
    return true;
  }

  decide(operation: OperationIR): { expected: Verdict; got: Verdict } {
    const context = contextOf(
      operation,
      this.#rulesets.map(({ id }) => id),
    );
    const result = RfTestCodec.decode(this.#matcher.run(context));
    return { expected: this.#expected(operation), got: this.#got(result) };
  }

  #apply(pages: readonly Page[]): void {
    const byId = new Map(pages.map((page) => [page.id, page]));
    const workload = { owner: 1n, flags: 0, pages: [...byId.keys()] };
    const wanted = { page: (id: string) => byId.get(id), workloads: new Map([[1n, workload]]) };
    const change = diffEntries(wanted, this.#applied);
    this.#matcher.apply(change.ops);
    const sweep = sweepEntries(change.applied);
    this.#matcher.apply(sweep.ops);
    this.#applied = sweep.applied;
    this.#rulesets = pages.map((page) => {
      const { rules, ruleCount } = RfRulesetCodec.decode(page.ruleset);
      const id = this.#applied.pages.get(page.id)?.ruleset ?? 0;
      return { id, keys: rules.slice(0, ruleCount).map(({ key }) => key) };
    });
  }

  #expected(operation: OperationIR): Verdict {
    const { verdict, hits } = evaluate(this.#policies, operation);
    const names = hits.map(({ policyUid, rule, unresolved }) => hitName(`${policyUid}/${rule}`, unresolved));
    return { verdict, hits: names.sort() };
  }

  #got({ verdict, violated, unresolved }: RfTest): Verdict {
    const hits = this.#rulesets.flatMap(({ keys }, page) =>
      keys.flatMap((key, index) => {
        const bit = 1n << BigInt(index);
        const isUnresolved = ((unresolved[page] ?? 0n) & bit) !== 0n;
        const isHit = isUnresolved || ((violated[page] ?? 0n) & bit) !== 0n;
        return isHit ? [hitName(this.#rules[key - 1] ?? `rule ${key}`, isUnresolved)] : [];
      }),
    );
    return { verdict: VERDICTS[verdict] ?? 'Kill', hits: hits.sort() };
  }
}

function hitName(rule: string, isUnresolved: boolean): string {
  return isUnresolved ? `${rule} unresolved` : rule;
}

export function isEqual({ expected, got }: { expected: Verdict; got: Verdict }): boolean {
  return expected.verdict === got.verdict && expected.hits.join() === got.hits.join();
}
