// The root that the actions of an example need: an image with every program and file that they name, and volumes where they say so.
// Every program is the one that does single operations; names alone make it a shell, a server or a package manager.
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { DescribedOperation } from '../../../operator/src/compile/describe.js';
import type { Origin } from '../../../operator/src/compile/ir.js';
import { ContainerRoot } from './container.js';
import { TRY } from './run-try.js';

/** One directory on every Linux of today. */
const MERGED = ['bin', 'sbin', 'lib'];
const DEVICES = ['/dev/null'];

interface Program {
  readonly path: string;
  readonly origin: Origin;
  /** A script: the interpreter as its first line names it. */
  readonly interpreter?: string;
}

function programsOf(action: DescribedOperation): Program[] {
  const { verb, path, origin = 'Image', interpreters = [], program, programOrigin = 'Image' } = action;
  const [first] = interpreters;
  const interpreter = first === undefined ? {} : { interpreter: first.givenName ?? first.path };
  return [
    ...(program === undefined ? [] : [{ path: program, origin: programOrigin }]),
    ...interpreters.map((one) => ({ path: one.path, origin: 'Image' as const })),
    ...((verb === 'exec' || verb === 'map') && path !== undefined ? [{ path, origin, ...interpreter }] : []),
  ];
}

/** Names that lead to files with another name. */
function linksOf({ path, givenName, interpreters = [] }: DescribedOperation): (readonly [string, string])[] {
  const given = [{ path: path ?? '', givenName }, ...interpreters];
  return given.flatMap((one) => (one.givenName === undefined ? [] : [[one.givenName, one.path] as const]));
}

function isAnObject({ verb, path }: DescribedOperation): boolean {
  return verb !== 'exec' && verb !== 'map' && path !== undefined && !isDevice(path);
}

export function isDevice(path: string): boolean {
  return DEVICES.includes(path);
}

function makeProgram(file: string, { interpreter }: Program): void {
  mkdirSync(dirname(file), { recursive: true });
  rmSync(file, { force: true });
  if (interpreter === undefined) copyFileSync(TRY, file);
  // The interpreter is the same program: it shows that it ran by looking at the script.
  else writeFileSync(file, `#!${interpreter} stat\n`, { mode: 0o755 });
}

/** The object as the action finds it. */
function makeObject(file: string, { verb, path = '', directory = false }: DescribedOperation): void {
  mkdirSync(dirname(file), { recursive: true });
  if (verb === 'create') rmSync(file, { force: true });
  else if (directory) mkdirSync(file, { recursive: true });
  else if (!existsSync(file)) writeFileSync(file, `content of ${path}\n`);
  // What was written by an action before must not pass for what this one writes.
  else if (verb === 'write') appendFileSync(file, '\n');
}

function makeImage(image: string, actions: readonly DescribedOperation[]): void {
  for (const name of MERGED) {
    mkdirSync(join(image, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(image, name));
  }
  for (const program of actions.flatMap(programsOf)) {
    mkdirSync(dirname(join(image, program.path)), { recursive: true });
    if (program.origin === 'Image') makeProgram(join(image, program.path), program);
  }
  for (const action of actions.filter(isAnObject)) makeObject(join(image, action.path ?? ''), action);
  for (const [link, target] of actions.flatMap(linksOf)) {
    mkdirSync(dirname(join(image, link)), { recursive: true });
    if (!existsSync(join(image, link))) symlinkSync(target, join(image, link));
  }
  for (const path of DEVICES) {
    mkdirSync(dirname(join(image, path)), { recursive: true });
    writeFileSync(join(image, path), '');
  }
}

/** Lines of shell that mount the volumes and fill them. */
function volumesOf(actions: readonly DescribedOperation[]): string {
  const programs = actions.flatMap(programsOf);
  const on = (wanted: Origin): Program[] => programs.filter(({ origin }) => origin === wanted);
  const inVolumes = [...on('WritableVolume'), ...on('ReadOnlyVolume')];
  const foldersOf = (some: readonly Program[]): string[] => [...new Set(some.map(({ path }) => dirname(path)))];
  return [
    ...DEVICES.map((path) => `mount --bind ${path} .${path}`),
    ...foldersOf(inVolumes).map((folder) => `mount -t tmpfs tmpfs .${folder}`),
    ...inVolumes.map(({ path }) => `cp bin/try .${path}`),
    ...foldersOf(on('ReadOnlyVolume')).map((folder) => `mount -o remount,bind,ro .${folder}`),
    '',
  ].join('\n');
}

export class ExampleRoot {
  private constructor(readonly container: ContainerRoot) {}

  static async make(folder: string, actions: readonly DescribedOperation[]): Promise<ExampleRoot> {
    makeImage(join(folder, 'lower'), actions);
    return new ExampleRoot(await ContainerRoot.over(folder, volumesOf(actions)));
  }

  at(path: string): string {
    return this.container.at(path);
  }

  /** Puts right what actions before have changed, and programs in the layer that they are to be in. */
  ready(action: DescribedOperation): void {
    for (const program of programsOf(action))
      if (program.origin === 'UpperLayer') makeProgram(this.at(program.path), program);
    if (action.to !== undefined) {
      rmSync(this.at(action.to), { force: true, recursive: true });
      mkdirSync(dirname(this.at(action.to)), { recursive: true });
    }
    if (!isAnObject(action)) return;
    makeObject(this.at(action.path ?? ''), action);
    if (action.verb === 'attributes') utimesSync(this.at(action.path ?? ''), new Date(), new Date());
  }
}
