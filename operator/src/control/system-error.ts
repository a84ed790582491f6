/** Name of the system error, such as ECONNREFUSED. */
export function systemErrorName(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string')
    return error.code;
  return 'EUNKNOWN';
}
