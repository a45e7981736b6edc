// Who may import whom (ARCHITECTURE.md, "The rooms"). Checked by `npm run check`; broken on purpose in arrows.test.ts.
const src = (name: string) => `^packages/${name}/src/`;
const only = (...names: string[]) => `^packages/(${names.join('|')})/src/`;

/** dependency-cruiser's rules; a comment says why, and is shown when one is broken. */
export const forbidden = [
  {
    name: 'arrows-point-down',
    comment: 'seewhy → core → autodiff → onnx: a package never imports one from a floor above.',
    from: { path: src('onnx') },
    to: { path: '^packages/(?!onnx/)' },
  },
  {
    name: 'arrows-point-down',
    comment: 'autodiff knows graphs: no runtimes, pictures or methods.',
    from: { path: src('autodiff') },
    to: { path: '^packages/(?!autodiff/|onnx/)' },
  },
  {
    name: 'arrows-point-down',
    comment: 'keras knows model files and graphs: no gradients, runtimes or methods.',
    from: { path: src('keras') },
    to: { path: '^packages/(?!keras/|onnx/)' },
  },
  {
    name: 'arrows-point-down',
    comment: 'core knows models, methods and heatmaps: no files, no command.',
    from: { path: src('core') },
    to: { path: '^packages/(?!core/|autodiff/|onnx/)' },
  },
  {
    name: 'arrows-point-down',
    comment: 'training knows models, pictures and event files: no command.',
    from: { path: src('training') },
    to: { path: '^packages/(?!training/|core/|keras/|onnx/)' },
  },
  {
    name: 'arrows-point-down',
    comment: 'report knows what an audit found and how it is shown: no files, no models, no command.',
    from: { path: src('report') },
    to: { path: '^packages/(?!report/|core/|onnx/)' },
  },
  {
    name: 'by-its-front-door',
    comment:
      'A package is imported by its name (its index, or an entry its package.json names), not by a path into its folder.',
    from: { path: '^packages/([^/]+)/' },
    to: {
      path: '^packages/([^/]+)/src/(?!index\\.ts$)',
      pathNot: '^packages/$1/|^packages/training/src/(node|folders|tfjs)\\.ts$',
    },
  },
  {
    name: 'training-runs-in-browsers',
    comment: 'The callback and the event files also run in browsers: only what node.ts leads to knows `node:` modules.',
    from: { path: src('training'), pathNot: '^packages/training/src/((node|folders)\\.ts|files/)' },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'training-runs-in-browsers',
    comment: 'Only node.ts leads to the files that know `node:` modules.',
    from: { path: src('training'), pathNot: '^packages/training/src/((node|folders)\\.ts|files/)' },
    to: { path: '^packages/training/src/files/' },
  },
  {
    name: 'tfjs-by-its-own-entry',
    comment: 'Event files and checkpoints need no TensorFlow.js: only tfjs.ts leads to it.',
    from: { path: src('training'), pathNot: '^packages/training/src/(tfjs\\.ts|callback/)' },
    to: { path: '^packages/training/src/callback/|node_modules/@tensorflow/' },
  },
  {
    name: 'no-node-below-the-command',
    comment: 'onnx, autodiff, keras, core and report also run in browsers: no `node:` module.',
    from: { path: only('onnx', 'autodiff', 'keras', 'core', 'report') },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'runtime-is-injected',
    comment: 'onnxruntime-* is imported by nobody but the command, and there only in runtime*.ts.',
    from: {
      path: '^packages/[^/]+/src/',
      pathNot: '^packages/(seewhy/src/runtime[^/]*\\.ts$|core/src/runtime/ort\\.ts$)',
    },
    to: { path: 'node_modules/onnxruntime-|^onnxruntime-' },
  },
  {
    name: 'runtime-is-injected',
    comment: 'core may name the types of a runtime, never load one.',
    from: { path: '^packages/core/src/runtime/ort\\.ts$' },
    to: { path: 'node_modules/onnxruntime-|^onnxruntime-', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'runtime-is-injected',
    comment: 'The command loads a runtime only when it runs a model: by import(), so that --help starts at once.',
    from: { path: '^packages/seewhy/src/runtime[^/]*\\.ts$' },
    to: { path: 'node_modules/onnxruntime-|^onnxruntime-', dynamic: false, dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'sharp-stays-with-the-pictures',
    comment: 'sharp is optional: only packages/seewhy/src/picture knows it.',
    from: { path: '^packages/[^/]+/src/', pathNot: '^packages/seewhy/src/picture/' },
    to: { path: 'node_modules/sharp/|^sharp$' },
  },
  {
    name: 'no-cycles',
    comment: 'No module needs itself (a cycle that only passes on types is none at run time).',
    from: { path: '^packages/[^/]+/src/' },
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  {
    name: 'sources-know-no-tests',
    comment: 'What is shipped imports nothing from tests, tools, benchmarks or examples.',
    from: { path: '^packages/[^/]+/src/' },
    to: { path: '^(tools|bench|examples|fixtures)/|^packages/[^/]+/(test|tools)/' },
  },
  {
    name: 'shipped-is-declared',
    comment:
      'What a shipped source imports stands in the dependencies of its package.json (the page is built with what it needs inside).',
    from: { path: '^packages/[^/]+/src/', pathNot: '^packages/report/src/page/' },
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], pathNot: 'node_modules/onnxruntime-web/' },
  },
  {
    name: 'nothing-unresolved',
    comment: 'Every import leads to a file or a package.',
    from: { path: '^packages/[^/]+/src/' },
    to: { couldNotResolve: true },
  },
];
