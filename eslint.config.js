import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { roomConfigs } from './config/rooms.js';

/** Limits of the house style, in lines of code. */
const limits = {
  'max-lines': ['error', { max: 300, skipBlankLines: false, skipComments: false }],
  'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
  complexity: ['error', { max: 10, variant: 'modified' }],
  'max-depth': ['error', 3],
  'max-params': ['error', 4],
};

const typescript = {
  files: ['**/*.ts'],
  extends: [tseslint.configs.strictTypeChecked],
  languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
  rules: {
    '@typescript-eslint/no-floating-promises': 'error',
    '@typescript-eslint/consistent-type-imports': 'error',
    '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
    '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
  },
};

export default tseslint.config(
  { ignores: ['build/', 'node_modules/', '**/*.gen.ts'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  { rules: { eqeqeq: 'error', 'no-console': 'error', 'prefer-const': 'error', ...limits } },
  { files: ['**/*.js'], languageOptions: { globals: { process: 'readonly' } } },
  typescript,
  ...roomConfigs,
  {
    // A table of cases is one long function, and that is right.
    files: ['**/*.test.ts'],
    rules: { 'max-lines-per-function': 'off', 'max-lines': ['error', 600] },
  },
);
