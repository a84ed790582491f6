// The kernel room: the only one that touches BPF. It moves bytes and handles; what they mean is decided elsewhere.

export { backendOf, backendWorks, chooseBackend, classTable } from './backends.js';
export type { ClassBackend, ClassGap, ClassTable, ProgramFinding, ProgramState } from './backends.js';
export { adoptEngine, loadEngine, openEngineInForce } from './engine.js';
export type { AttachedProgram, Engine, LoadOptions } from './engine.js';
export { lockRunDirectory } from './lock.js';
export type { RunLock } from './lock.js';
export type { MapHandle } from './map-store.js';
export { bootTimeNs, builtFile, listIds, openPaths } from './native.js';
export type { NativeOpener as PathOpener } from './native.js';
export { DEFAULT_DIR } from './pins.js';
export { probeKernel, requireBackend } from './probe.js';
export type { ProbeReport } from './probe.js';
export { ENGINE_PROGRAMS } from './programs.js';
export type { BackendName, ProgramSpec } from './programs.js';
export { uninstall } from './uninstall.js';
export type { UninstallReport } from './uninstall.js';
