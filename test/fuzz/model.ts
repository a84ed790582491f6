// A model of the kernel's matcher: one decision from the encoded maps and a test context, by the contract. Compared with
// the reference evaluator it finds what the encoder does wrong, on a machine whose kernel cannot run the real one too.

import { RfAction, RfClass, RfItemFlag, RfItemKind, RfLimits, RfMiss } from '../../operator/src/abi/abi.gen.js';
import type { RfItem, RfRule, RfRuleset, RfTest } from '../../operator/src/abi/abi.gen.js';
import type { MapReader } from '../../operator/src/encode/adopt.js';
import { EncodedRuleset, type Looked } from './model-match.js';
import { cutText } from './model-name.js';

const CLASSES = Array.from({ length: RfLimits.CLASSES }, (_, index) => index);
const ALL_BITS = (1n << 64n) - 1n;

/** What one test says, with its texts cut. */
interface Question {
  readonly test: RfTest;
  readonly object: readonly string[] | undefined;
  readonly given: readonly string[] | undefined;
  readonly program: readonly string[] | undefined;
}

interface Violations {
  readonly violated: bigint;
  readonly unresolved: bigint;
}

function textOf(bytes: Uint8Array, length: number): string {
  return Buffer.from(bytes.subarray(0, length)).toString('latin1');
}

function questionOf(test: RfTest): Question {
  const cut = (bytes: Uint8Array, length: number) => (length === 0 ? undefined : cutText(textOf(bytes, length)));
  return {
    test,
    object: test.miss === RfMiss.NONE ? cut(test.path, test.pathLen) : undefined,
    given: cut(test.given, test.givenLen),
    program: cut(test.program, test.programLen),
  };
}

function bit(index: number): bigint {
  return 1n << BigInt(index);
}

/** Bits of the items of one kind that hold for an origin and one of the classes. */
function bitsOf(items: readonly RfItem[], kind: number, origin: number, classes: number): bigint {
  return items
    .filter((item) => item.kind === kind && (item.origins & origin) !== 0 && (item.classes & classes) !== 0)
    .reduce((mask, { index }) => mask | bit(index), 0n);
}

/** One ruleset and what the names of the question find in it. */
interface Page {
  readonly head: RfRuleset;
  readonly test: RfTest;
  readonly object: Looked;
  readonly given: Looked;
  readonly program: Looked;
}

const NOTHING: Looked = { items: [], ancestors: [], any: [] };

function pageOf(maps: MapReader, id: number, { test, object, given, program }: Question): Page {
  const ruleset = new EncodedRuleset(maps, id);
  return {
    head: ruleset.head,
    test,
    object: ruleset.look(object),
    given: given === undefined ? NOTHING : ruleset.look(given),
    program: ruleset.look(program),
  };
}

/** Rules that cannot be told to match or not to match, because the name is missing or cut. */
function unknownOf({ head, test, object }: Page, of: number): bigint {
  if (test.miss === RfMiss.NONE || test.miss === RfMiss.NAMELESS) return 0n;
  const isDeep = test.miss === RfMiss.DEEP;
  const named = object.any.filter(({ flags }) => !isDeep || (flags & RfItemFlag.ITEM_DEEP) !== 0);
  const masks = isDeep ? head.deep : head.denyNamed;
  return (masks[of] ?? 0n) | bitsOf(named, RfItemKind.ITEM_NAMED, test.origin, 1 << of);
}

function hitsOf({ test, object, given }: Page, of: number): bigint {
  const above = test.isDir > 0 ? object.ancestors : [];
  const byName = [...object.items, ...above, ...object.any];
  const byGiven = given.items.filter(({ flags }) => (flags & RfItemFlag.ITEM_GIVEN_NAME) !== 0);
  return bitsOf(of === RfClass.EXEC ? [...byName, ...byGiven] : byName, RfItemKind.ITEM_RULE, test.origin, 1 << of);
}

function judgeClass(page: Page, of: number): Violations {
  const { head, test } = page;
  if (test.miss === RfMiss.NAMELESS && of < RfClass.EXEC) return { violated: 0n, unresolved: 0n };
  const isLater = of === RfClass.EXEC && test.firstOfChain === 0;
  const allow = head.allow[of] ?? 0n;
  const force = (head.sessions[test.session] ?? 0n) & (isLater ? ~allow : ALL_BITS);
  const hit = hitsOf(page, of);
  const unknown = unknownOf(page, of);
  return {
    violated: ((hit & ~allow) | (allow & ~hit & ~unknown)) & force,
    unresolved: unknown & ~hit & force,
  };
}

/** Slots whose conditions on the object hold. */
function objectSlots({ test, object }: Page): bigint {
  return bitsOf(object.items, RfItemKind.ITEM_EXCEPT_OBJECT, test.origin, test.classes);
}

function exceptedRules({ head, test, program }: Page, objects: bigint): bigint {
  const programs = bitsOf(
    [...program.items, ...program.any],
    RfItemKind.ITEM_EXCEPT_PROGRAM,
    test.programOrigin,
    (1 << RfLimits.CLASSES) - 1,
  );
  const holds =
    (head.slotSessions[test.session] ?? 0n) & (programs | ~head.slotNeedsProgram) & (objects | ~head.slotNeedsObject);
  return [...head.slotRule.slice(0, head.slotCount)]
    .filter((_, slot) => (holds & bit(slot)) !== 0n)
    .reduce((mask, rule) => mask | bit(rule), 0n);
}

function judgePage(page: Page): Violations {
  const { head, test } = page;
  const asked = CLASSES.filter((of) => (test.classes & head.classes & (1 << of)) !== 0);
  const found = asked.map((of) => judgeClass(page, of));
  const kept = ~exceptedRules(page, objectSlots(page));
  const tree =
    test.treeChange > 0 ? head.denyLink & (head.sessions[test.session] ?? 0n) & ~exceptedRules(page, 0n) : 0n;
  const violated = (found.reduce((mask, next) => mask | next.violated, 0n) & kept) | tree;
  const unresolved = found.reduce((mask, next) => mask | next.unresolved, 0n) & kept;
  return { violated, unresolved: unresolved & ~violated };
}

function actionOf(rule: RfRule, test: RfTest, isUnresolved: boolean): number {
  const bound = isUnresolved ? rule.unresolved : RfAction.KILL;
  const setup = test.endsSetup > 0 ? RfAction.BLOCK : RfAction.KILL;
  return Math.min(rule.action, bound, setup, test.mainProcess > 0 ? rule.mainAction : RfAction.KILL);
}

function strictest(head: RfRuleset, test: RfTest, { violated, unresolved }: Violations): number {
  const actions = head.rules
    .map((rule, index) => ({ rule, index }))
    .filter(({ index }) => ((violated | unresolved) & bit(index)) !== 0n)
    .map(({ rule, index }) => actionOf(rule, test, (unresolved & bit(index)) !== 0n));
  return Math.max(RfAction.NONE, ...actions);
}

function countBits(mask: bigint): number {
  return mask.toString(2).replaceAll('0', '').length;
}

/** `test` with its results filled in, as the program test_match returns it. */
export function runModel(maps: MapReader, test: RfTest): RfTest {
  const question = questionOf(test);
  const pages = test.pages.slice(0, test.pageCount).map((id) => pageOf(maps, id, question));
  const found = pages.map((page) => ({ head: page.head, ...judgePage(page) }));
  return {
    ...test,
    verdict: Math.max(RfAction.NONE, ...found.map((page) => strictest(page.head, test, page))),
    hitsTotal: found.reduce((sum, { violated, unresolved }) => sum + countBits(violated | unresolved), 0),
    violated: found.map(({ violated, unresolved }) => violated | unresolved),
    unresolved: found.map(({ unresolved }) => unresolved),
  };
}
