// Operational log on stderr: what the agent does, for the people who run it. Violations are not logged here, they are
// events with a stream of their own. A message is constant text; what varies stands in keys.

import { createLogger, format, transports } from 'winston';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';
export const LOG_LEVELS: readonly LogLevel[] = ['error', 'warn', 'info', 'debug'];

export type LogKeys = Readonly<Record<string, unknown>>;

export interface Log {
  error(message: string, keys?: LogKeys): void;
  warn(message: string, keys?: LogKeys): void;
  info(message: string, keys?: LogKeys): void;
  debug(message: string, keys?: LogKeys): void;
}

/** JSON lines, or one readable line each where a person looks. */
export function openLog(level: LogLevel, pretty: boolean): Log {
  const line = format.printf(({ timestamp, level: name, message, ...keys }) => {
    const time = typeof timestamp === 'string' ? timestamp.slice(11, 23) : '';
    return `${time} ${name.padEnd(5)} ${String(message)}${describeKeys(keys)}`;
  });
  const logger = createLogger({
    level,
    format: format.combine(format.timestamp(), pretty ? line : format.json({ replacer: jsonValue })),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston declares it as an interface
    transports: new transports.Console({ stderrLevels: [...LOG_LEVELS] }),
  });
  return {
    error: (message, keys = {}) => void logger.error(message, keys),
    warn: (message, keys = {}) => void logger.warn(message, keys),
    info: (message, keys = {}) => void logger.info(message, keys),
    debug: (message, keys = {}) => void logger.debug(message, keys),
  };
}

export const silentLog: Log = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
};

function describeKeys(keys: Readonly<Record<string, unknown>>): string {
  return Object.entries(keys)
    .map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value, jsonValue)}`)
    .join('');
}

function jsonValue(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
