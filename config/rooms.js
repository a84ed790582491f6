// The rooms of operator/src and their import arrows (ARCHITECTURE.md), as ESLint configuration. A room that imports
// something not listed here fails the lint; a new arrow is a decision record and a line here.
import { builtinModules } from 'node:module';

/**
 * room -> the rooms it may import. `types` may be imported as types only. Pure rooms: values in, values out.
 * The leaves are errors and log; log is for rooms with effects only.
 */
export const ROOMS = {
  policy: { pure: true, may: [] },
  compile: { pure: true, may: ['policy'] },
  encode: { pure: true, may: ['compile', 'abi'] },
  event: { pure: true, may: ['abi'], types: ['compile', 'workload'] },
  abi: { pure: true, may: [] },
  workload: { may: ['compile', 'policy'] },
  report: { pure: true, may: [], types: ['event', 'compile', 'policy', 'workload'] },
  kernel: { may: ['abi'] },
  k8s: { may: ['policy'], types: ['compile', 'event', 'report', 'workload'] },
  source: { may: ['policy'], types: ['compile', 'workload'] },
  control: { may: ['policy', 'compile', 'encode', 'event', 'abi', 'workload', 'report', 'kernel', 'k8s', 'source'] },
  cli: {
    may: ['policy', 'compile', 'encode', 'event', 'abi', 'report', 'control'],
    types: ['kernel', 'source', 'workload'],
  },
};

/** Parts of a room that are as pure as the rooms marked so. */
const PURE_FILES = ['operator/src/workload/select.ts'];
/** Parts of a pure room that have effects. */
const EFFECT_FILES = ['operator/src/report/sinks/**/*.ts'];
const TESTS = 'operator/src/**/*.test.ts';

const BUILTINS = `^(?:node:|(?:${builtinModules.filter((name) => !name.startsWith('_')).join('|')})$)`;
const NATIVE = String.raw`(?:^|/)native/|\.node$|^(?:node-gyp-build|bindings)$`;
const CLUSTER = '^(?:@kubernetes|@dot-i)/';
/** Room k8s is entered by its index, which loads the client when a cluster is connected to and not before. */
const CLUSTER_INSIDE = String.raw`^(?:\.\./)+k8s/(?!index\.js$)`;
/** The files of the room that load the client. Only they know each other; the index imports them when it must. */
const CLIENT_FILES = ['cluster', 'config', 'operator-types'];
const OUTSIDE = String.raw`^(?:\.\./)+(?:tools|test|build|native)/`;

const below = (names) => `^(?:\\.\\./)+(?:${names.join('|')})(?:/|\\.js$)`;

function pattern(regex, message, extra = {}) {
  return { regex, message, ...extra };
}

/** Patterns that a room must not import. */
function forbidden(room) {
  const { may, types = [] } = ROOMS[room];
  const others = Object.keys(ROOMS).filter((name) => name !== room && !may.includes(name) && !types.includes(name));
  const patterns = [
    pattern(
      below(others),
      `${room} may import only: ${[...may, ...types].join(', ') || 'its own files'} (ARCHITECTURE.md)`,
    ),
    pattern(OUTSIDE, 'the product never imports tools, tests or build output'),
  ];
  if (types.length > 0)
    patterns.push(pattern(below(types), `${room} may import types only`, { allowTypeImports: true }));
  if (room !== 'kernel') patterns.push(pattern(NATIVE, 'kernel is the only importer of the addon'));
  if (room !== 'k8s') {
    patterns.push(pattern(CLUSTER, 'k8s is the only importer of the Kubernetes client'));
  }
  if (may.includes('k8s')) {
    patterns.push(pattern(CLUSTER_INSIDE, 'k8s is entered by its index.js, which loads the client only for a cluster'));
  }
  return patterns;
}

const PURITY = [
  pattern(BUILTINS, 'a pure room has no effects: pass the value in'),
  pattern(below(['log']), 'a pure room does not log: return the reason'),
];

const PURE_RULES = {
  'no-restricted-globals': [
    'error',
    ...['process', 'console', 'setTimeout', 'setInterval', 'setImmediate', 'fetch', 'performance'].map((name) => ({
      name,
      message: 'a pure room has no effects: pass the value in',
    })),
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Date', property: 'now', message: 'a pure room has no clock: pass the time in' },
    { object: 'Math', property: 'random', message: 'a pure room has no chance: pass the value in' },
  ],
};

/** Ways to reach the addon or the client that are not import declarations. */
const ADDON_LOADING = {
  selector: ":matches(CallExpression[callee.name='createRequire'], MemberExpression[property.name='dlopen'])",
  message: 'kernel is the only importer of the addon',
};
const CLIENT_LOADING = {
  selector: String.raw`ImportExpression[source.value=/^@(?:kubernetes|dot-i)\u002F|k8s\u002F(?!index\.js$)/]`,
  message: 'k8s is the only importer of the Kubernetes client, and is entered by its index.js',
};

function loading(room) {
  const ways = [...(room === 'kernel' ? [] : [ADDON_LOADING]), ...(room === 'k8s' ? [] : [CLIENT_LOADING])];
  return { 'no-restricted-syntax': ['error', ...ways] };
}

function imports(patterns) {
  return { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] };
}

function rulesOf(room, pure) {
  return {
    ...imports([...forbidden(room), ...(pure ? PURITY : [])]),
    ...(pure ? PURE_RULES : {}),
    ...loading(room),
  };
}

function roomOf(glob) {
  return glob.split('/')[2];
}

/** Files that stand directly in operator/src. */
const entry = (files, patterns) => ({
  files,
  rules: {
    ...imports([
      pattern(OUTSIDE, 'the product never imports tools, tests or build output'),
      pattern(NATIVE, 'kernel is the only importer of the addon'),
      pattern(CLUSTER, 'k8s is the only importer of the Kubernetes client'),
      ...patterns,
    ]),
    ...loading('none'),
  },
});

const NO_ROOMS = pattern(`^(?:\\./|(?:\\.\\./)+)(?:${Object.keys(ROOMS).join('|')})/`, 'a leaf imports no room');

/** Flat configuration entries, later ones winning. */
export const roomConfigs = [
  ...Object.entries(ROOMS).map(([room, { pure = false }]) => ({
    files: [`operator/src/${room}/**/*.ts`],
    ignores: [TESTS],
    rules: rulesOf(room, pure),
  })),
  {
    files: ['operator/src/k8s/**/*.ts'],
    ignores: [TESTS, ...CLIENT_FILES.map((name) => `operator/src/k8s/${name}.ts`)],
    rules: {
      ...imports([
        ...forbidden('k8s'),
        pattern(CLUSTER, 'loading the client costs a second: types only, outside cluster.ts', {
          allowTypeImports: true,
        }),
        pattern(
          `^\\./(?:${CLIENT_FILES.join('|')})\\.js$`,
          'loads the client: import it when a cluster is connected to',
          {
            allowTypeImports: true,
          },
        ),
      ]),
    },
  },
  ...PURE_FILES.map((file) => ({ files: [file], rules: rulesOf(roomOf(file), true) })),
  ...EFFECT_FILES.map((glob) => ({
    files: [glob],
    ignores: [TESTS],
    rules: { ...rulesOf(roomOf(glob), false), 'no-restricted-globals': 'off', 'no-restricted-properties': 'off' },
  })),
  entry(['operator/src/main-*.ts'], []),
  entry(['operator/src/errors.ts', 'operator/src/errors/**/*.ts'], [NO_ROOMS, ...PURITY]),
  entry(['operator/src/log.ts'], [NO_ROOMS]),
];
