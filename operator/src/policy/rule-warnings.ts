// Doubts about what a single rule asks for.
import { isObject, listOf } from './check.js';
import type { Finding } from './check.js';
import { fieldOf, listIn } from './found.js';
import type { Found } from './found.js';

/** Capabilities that kernels also ask for in passing. */
const OFTEN_PROBED = [
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FSETID',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_NICE',
  'CAP_SYS_PTRACE',
  'CAP_IPC_OWNER',
];

function actionOf(rule: Found): unknown {
  return fieldOf(rule, 'action').value;
}

function binaryItems(rule: Found): Found[] {
  const binaries = fieldOf(rule, 'binaries');
  return [...listIn(binaries, 'allow'), ...listIn(binaries, 'deny')];
}

function lateFields(rule: Found): Finding[] {
  if (actionOf(rule) !== 'Block') return [];
  return binaryItems(rule).flatMap(({ value, path }) => {
    const fields = isObject(value) ? ['applets', 'environment'].filter((field) => value[field] !== undefined) : [];
    const finding = { path, expected: 'action Kill', got: 'Block', hint: 'with Block the item only reports' };
    return fields.length === 0 ? [] : [{ code: 'BLOCK_NOT_POSSIBLE' as const, ...finding }];
  });
}

function deniedDigests(rule: Found): Finding[] {
  return listIn(fieldOf(rule, 'binaries'), 'deny')
    .filter(({ value }) => isObject(value) && value['sha256'] !== undefined)
    .map(({ path }) => ({
      code: 'DENY_BY_HASH',
      path: `${path}.sha256`,
      expected: 'a path or an origin',
      got: 'digests',
      hint: 'one changed byte makes another file',
    }));
}

/** Which of the often probed capabilities a rule forbids. */
function forbiddenProbes(rule: Found): readonly string[] {
  const capabilities = fieldOf(rule, 'capabilities').value;
  if (!isObject(capabilities)) return [];
  const { allow, deny } = capabilities;
  const listed = listOf(allow ?? deny);
  const covered = (name: string): boolean => listed.includes(name) || listed.includes('ALL');
  return OFTEN_PROBED.filter((name) => covered(name) === (allow === undefined));
}

function probedCapabilities(rule: Found): Finding[] {
  const names = forbiddenProbes(rule);
  if (actionOf(rule) !== 'Kill' || names.length === 0) return [];
  const hint = 'kernels ask for these in passing; use Block, or try the policy in Monitor first';
  const path = `${rule.path}.capabilities`;
  return [{ code: 'CAPABILITY_OFTEN_PROBED', path, expected: 'Block', got: `Kill for ${names.join(', ')}`, hint }];
}

function forbidsInspect(processes: Found): boolean {
  const named = (list: string): boolean =>
    listIn(processes, list).some(({ value }) => isObject(value) && listOf(value['operations']).includes('Inspect'));
  const allows = fieldOf(processes, 'allow').value !== undefined;
  return allows ? !named('allow') : named('deny');
}

function probedProcesses(rule: Found): Finding[] {
  const processes = fieldOf(rule, 'processes');
  if (actionOf(rule) !== 'Kill' || !isObject(processes.value) || !forbidsInspect(processes)) return [];
  const hint = 'ps and the like inspect every process; use Block, or try the policy in Monitor first';
  return [{ code: 'INSPECT_OFTEN_PROBED', path: processes.path, expected: 'Block', got: 'Kill for Inspect', hint }];
}

export function ruleWarnings(rule: Found): Finding[] {
  return [...lateFields(rule), ...deniedDigests(rule), ...probedCapabilities(rule), ...probedProcesses(rule)];
}
