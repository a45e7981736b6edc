import { Command, Option } from '@commander-js/extra-typings';
import { auditCommands } from './audit-command-line.ts';
import { EXITS, examples, type Verb } from './command-help.ts';
import {
  fusionOption,
  layerOption,
  levelsOption,
  MODEL,
  maxPixelsOption,
  methodOption,
  scoreOption,
} from './common-options.ts';
import { methodFlags } from './method-options.ts';
import {
  each,
  FUSIONS,
  fraction,
  namedInput,
  names,
  oneOf,
  SCORES,
  SMOOTHINGS,
  saveKinds,
  size,
  WEIGHTS,
  whole,
} from './options.ts';

/** The command line: `run` is called with the verb that was asked for. */
export function commandLine(version: string, run: (verb: Verb) => void): Command {
  const seewhy = new Command('seewhy')
    .description(
      'Shows why a vision model decided what it decided. Works on the model file that is deployed: ONNX, Keras or TensorFlow.js.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help of a command')
    .addHelpText(
      'after',
      examples(
        ['seewhy explain model.onnx photo.jpg', 'where does the model look?'],
        ['seewhy audit model.onnx validation/', 'hits, misses and what the model looked at'],
        ['seewhy inspect model.onnx', 'what is in it, what can be explained'],
        ['seewhy methods gradcam', 'what a method computes'],
        ['seewhy verify model.onnx photo.jpg', 'is the explanation right for this model?'],
      ) + EXITS,
    );

  const explain = seewhy
    .command('explain')
    .summary('heatmaps of pictures')
    .description('Explains pictures: what in each of them speaks for the class.')
    .argument('<model>', MODEL)
    .argument('<source...>', 'picture, folder, glob, .csv/.jsonl manifest, .npy tensor, or - for standard input')
    .option('-m, --method <names>', 'methods, separated by commas, or auto (default: gradcam)', names('--method'))
    .option(
      '-t, --target <what>',
      'what to explain: top, top:3, all, an index, a label, A-B, A-runner-up, runner-up, A+B, CLASS@X:Y, CLASS@mask.png, similar:FILE, OUTPUT[3], LAYER[c,y,x] (default: top)',
      each,
    )
    .addOption(layerOption())
    .option('-o, --out <path>', 'folder, or one file: .png, .npy, .json (default: seewhy-out)')
    .option('--save <kinds>', 'overlay, heatmap, panel, map, raw, json, or all (default: overlay,json)', saveKinds)
    .option('--sheet <file>', 'one PNG that shows all pictures side by side')
    .option('--force', 'overwrite files of earlier runs (default: number the new ones)')
    .addOption(
      new Option(
        '--score <kind>',
        'explain the class score before or after the final softmax, or its log-odds: logit, probability, log-odds (default: logit)',
      ).argParser(oneOf('--score', SCORES)),
    )
    .addOption(fusionOption())
    .option('--preset <peer>', 'finish and draw the map as another library does: pytorch-grad-cam, tf-explain, …')
    .option(
      '--colormap <name>',
      'viridis, magma, inferno, turbo, cividis, jet, diverging (default: viridis, signed maps: diverging)',
    )
    .option(
      '--opacity <share>',
      'of the heatmap where it is strongest, 0 to 1 (default: 0.7)',
      fraction('--opacity', 0, 1),
    )
    .option('--top <n>', 'classes to list (default: 5)', whole('--top', 1, 1000))
    .option('--batch <n>', 'pictures in one run (default: 1)', whole('--batch', 1, 4096))
    .option('--seed <n>', 'seed of methods that draw at random (default: 0)', whole('--seed', 0))
    .addOption(
      new Option(
        '--smooth <how>',
        'average any method over noisy copies of the picture: mean, square, variance (with --samples, --noise)',
      ).argParser(oneOf('--smooth', SMOOTHINGS)),
    )
    .option('--augment', 'average the maps of the picture, mirrored and at three contrasts')
    .addOption(
      new Option(
        '--weights <which>',
        'trained, or random: the same method on shuffled weights, as a control',
      ).argParser(oneOf('--weights', WEIGHTS)),
    )
    .option('--until <share>', 'stop sampling when the relative uncertainty is at most this', fraction('--until', 0, 1))
    .addOption(levelsOption())
    .addOption(maxPixelsOption())
    .option('--fail-on <condition>', "exit 1 when it holds for a result, e.g. 'probability < 0.5 or flat'", each)
    .option('--json', 'print one JSON document on stdout')
    .option('--jsonl', 'print one JSON record a result on stdout, as soon as it is done')
    .option('--dry-run', 'show what would be done, do nothing')
    .addHelpText(
      'after',
      examples(
        ['seewhy explain model.onnx cat.jpg', 'overlay and JSON record in ./seewhy-out'],
        ['seewhy explain model.onnx cat.jpg -o why.png', 'one file'],
        ['seewhy explain model.onnx photos/ -m gradcam,saliency -t top:2', 'two methods, two classes, a folder'],
        ["seewhy explain model.onnx cat.jpg -t 'tiger cat-tabby'", 'what speaks for one class rather than another'],
        ['seewhy explain model.onnx street.jpg -t road@120:88', 'a segmentation: why road at that pixel'],
        ['seewhy explain model.onnx a.jpg -t similar:b.jpg', 'what makes two pictures alike'],
        ['seewhy explain model.onnx photos/ --save panel --sheet all.png', 'panels and a contact sheet'],
        ['curl -s URL | seewhy explain model.onnx - --json', 'from a pipe, to a program'],
        ["seewhy explain model.onnx data.csv --fail-on 'predicted != fields.label'", 'a gate for CI'],
      ) + EXITS,
    )
    .action((path, sources, options) =>
      run(async () => (await import('./commands/explain.ts')).explain(path, sources, options)),
    );

  const inspect = seewhy
    .command('inspect')
    .summary('inputs, outputs, preprocessing, layers, which methods work')
    .description(
      'Shows what is in a model: inputs, outputs, preprocessing, layers worth explaining (★ the default), methods that work and why not.',
    )
    .argument('<model>', MODEL)
    .option('--all', 'list every layer, not only those worth explaining')
    .option('--json', 'print one JSON document on stdout')
    .addHelpText(
      'after',
      examples(
        ['seewhy inspect model.onnx', 'the overview'],
        ['seewhy inspect model.onnx --all', 'every layer'],
        ['seewhy inspect model.onnx --json | jq .layers', 'for programs'],
      ),
    )
    .action((path, options) => run(async () => (await import('./commands/inspect.ts')).inspect(path, options)));

  seewhy
    .command('methods')
    .summary('every method: what it needs, its cost, its paper')
    .description('Lists the methods, or explains one.')
    .argument('[name]', 'a method, by any of its spellings')
    .option('--json', 'print one JSON document on stdout')
    .addHelpText(
      'after',
      examples(['seewhy methods', 'the table'], ['seewhy methods layercam', 'formula, paper, cost, other spellings']),
    )
    .action((name, options) => run(async () => (await import('./commands/methods.ts')).methods(name, options)));

  const compile = seewhy
    .command('compile')
    .summary('the explained model as a plain .onnx')
    .description(
      'Writes a model that explains itself: the same outputs, then the raw map. Runs wherever an ONNX runtime runs.',
    )
    .argument('<model>', MODEL)
    .requiredOption('-o, --out <file>', 'the .onnx file to write')
    .addOption(methodOption())
    .option(
      '-t, --target <what>',
      "top (chosen per picture, inside the graph), input (an int64 input 'target', one class a picture; one that does not exist gives a map of NaN), an index, a label, A-B (default: top)",
      each,
    )
    .addOption(layerOption())
    .addOption(scoreOption())
    .addOption(
      new Option('--fusion <how>', 'how several layers become one map with --map: max, mean, product').argParser(
        oneOf('--fusion', FUSIONS),
      ),
    )
    .option('--preset <peer>', 'finish the map of --map as another library does')
    .option('--map', 'also give the finished map [N, H, W] as METHOD.map')
    .option('--force', 'overwrite the file')
    .option('--json', 'print one JSON document on stdout')
    .option('--dry-run', 'show what would be written, write nothing')
    .addHelpText(
      'after',
      examples(
        ['seewhy compile model.onnx -o explained.onnx', 'Grad-CAM of the best class'],
        ['seewhy compile model.onnx -o explained.onnx -t input --map', 'the class is an input, the map is finished'],
        ['seewhy compile model.onnx -o explained.onnx -m gradcam,saliency', 'two maps in one run'],
      ),
    )
    .action((path, options) => run(async () => (await import('./commands/compile.ts')).compile(path, options)));

  seewhy
    .command('convert')
    .summary('a Keras or TensorFlow.js model as .onnx')
    .description(
      'Writes a Keras (.keras, .h5) or TensorFlow.js model as an ONNX file. No code of the file is ever run.',
    )
    .argument('<model>', 'a .keras or .h5 file, a model.json, or the folder that holds it')
    .requiredOption('-o, --out <file>', 'the .onnx file to write')
    .option('--size <HxW>', 'input size of a model whose size is free', size)
    .option('--force', 'overwrite the file')
    .option('--json', 'print one JSON document on stdout')
    .option('--dry-run', 'show what would be written, write nothing')
    .option('-q, --quiet', 'no talk on stderr but errors')
    .addHelpText(
      'after',
      examples(
        ['seewhy convert model.keras -o model.onnx', 'Keras 3'],
        ['seewhy convert model.h5 -o model.onnx', 'Keras 2, tf_keras'],
        ['seewhy convert web_model/ -o model.onnx', 'TensorFlow.js, model.json and shards'],
      ) + EXITS,
    )
    .action((path, options) => run(async () => (await import('./commands/convert.ts')).convert(path, options)));

  const verify = seewhy
    .command('verify')
    .summary('proof on your own model that the gradients are right')
    .description(
      'Compares the gradient with finite differences on your own model, and the explained program with the plain model. Exit 1 when they differ.',
    )
    .argument('<model>', MODEL)
    .argument('[source]', 'a picture or .npy tensor (default: a seeded noise picture)')
    .option('-t, --target <what>', 'class whose score is checked (default: top)', each)
    .addOption(scoreOption())
    .option('--directions <n>', 'directions to check (default: 6)', whole('--directions', 1, 1000))
    .option('--tolerance <share>', 'largest relative error (default: 0.02)', fraction('--tolerance', 0, 1))
    .option('--seed <n>', 'seed of the directions (default: 0)', whole('--seed', 0))
    .option('--json', 'print one JSON document on stdout')
    .addHelpText(
      'after',
      examples(
        ['seewhy verify model.onnx photo.jpg', 'on a picture of yours'],
        ['seewhy verify model.onnx --directions 32', 'on seeded noise, more directions'],
      ) + EXITS,
    )
    .action((path, source, options) =>
      run(async () => (await import('./commands/verify.ts')).verify(path, source, options)),
    );

  const bench = seewhy
    .command('bench')
    .summary('cost of each method as a ratio to one prediction')
    .description('Measures each method on this machine, as a ratio to one plain prediction (interleaved medians).')
    .argument('<model>', MODEL)
    .option('-m, --method <names>', 'methods, separated by commas (default: all that work)', names('--method'))
    .addOption(layerOption())
    .option('--runs <n>', 'runs of each (default: 20)', whole('--runs', 1, 100_000))
    .option('--json', 'print one JSON document on stdout')
    .addHelpText(
      'after',
      examples(
        ['seewhy bench model.onnx', 'every method'],
        ['seewhy bench model.onnx -m gradcam --runs 100 --threads 2', 'one of them, more exactly'],
      ),
    )
    .action((path, options) => run(async () => (await import('./commands/bench.ts')).bench(path, options)));

  const watch = seewhy
    .command('watch')
    .summary('explains each new checkpoint of a training')
    .description(
      'Explains the same pictures with each checkpoint (.onnx, .keras, .h5, TensorFlow.js folder) as a training writes it: once, in order, also those that appeared before. Ends with Ctrl-C.',
    )
    .argument('<checkpoints>', 'the folder that checkpoints appear in, or one file that is written again and again')
    .requiredOption('--images <source>', 'picture, folder, glob, manifest or .npy tensor; may be repeated', each)
    .addOption(methodOption())
    .option('-t, --target <what>', 'class to explain: top, an index, a label, A-B (default: top)', each)
    .addOption(layerOption())
    .option(
      '--to <where>',
      'tensorboard:FOLDER (event files) or folder:FOLDER (pictures); may be repeated (default: tensorboard:logs)',
      each,
    )
    .option('--report <file>', 'at the end a film strip of the maps, .html, with an animated .gif beside it')
    .option('--once', 'explain what is there, then end')
    .option('--idle <seconds>', 'end when no new checkpoint has come for so long', whole('--idle', 0))
    .option('--settle <ms>', 'a file is complete when unchanged for so long (default: 1000)', whole('--settle', 0))
    .option('--state <file>', 'what was explained already (default: .seewhy-watch.json where the results go)')
    .addOption(scoreOption())
    .option('--preset <peer>', 'finish the map as another library does')
    .option('--colormap <name>', 'viridis, magma, inferno, turbo, cividis, jet, diverging')
    .option('--seed <n>', 'seed of methods that draw at random (default: 0)', whole('--seed', 0))
    .addHelpText(
      'after',
      examples(
        ['seewhy watch checkpoints --images photos --to tensorboard:logs', 'beside a training that runs'],
        ['seewhy watch checkpoints --images cat.jpg --once --report strip.html', 'a film strip of a finished one'],
        ['seewhy watch best.keras --images cat.jpg -m gradcam,saliency', 'one file, written again and again'],
      ) + EXITS,
    )
    .action((path, options) => run(async () => (await import('./commands/watch.ts')).watch(path, options)));

  const audit = auditCommands(seewhy, run);

  seewhy
    .command('doctor')
    .summary('what is installed and what it can run on')
    .description('Shows what is installed, what models can run on here, and how to get what is missing.')
    .option('--json', 'print one JSON document on stdout')
    .addHelpText('after', examples(['seewhy doctor', 'the report'], ['seewhy doctor --json', 'for a bug report']))
    .action((options) => run(async () => (await import('./commands/doctor.ts')).doctor(options)));

  for (const verb of [explain, audit, bench, watch]) withMethodOptions(verb);
  for (const verb of [explain, audit, inspect, compile, verify, bench, watch]) withModelOptions(verb);
  for (const verb of seewhy.commands as Command[]) {
    verb.version(version, '-V, --version', 'print the version');
    verb.options.find(({ long }) => long === '--version')?.hideHelp();
  }
  return seewhy as unknown as Command;
}

/** Adds the options that only some methods have, as a group of their own. */
function withMethodOptions(command: { name(): string }): void {
  const grouped = (command as unknown as Command).optionsGroup('Method options:');
  for (const flag of methodFlags()) grouped.addOption(flag);
}

/** Adds the options of every verb that opens a model, as a group of their own behind the verb's. */
function withModelOptions(command: { name(): string }): void {
  (command as unknown as Command)
    .optionsGroup('Model options:')
    .option(
      '--labels <file>',
      'class names: one a line, a JSON list or map (default: from the model, else from its config.json or a labels.txt beside it)',
    )
    .option(
      '--preprocess <preset|file>',
      "preset (imagenet, …) or a file with the keys of preprocessor_config.json (default: found or guessed, see 'inspect')",
    )
    .option('--input <name=file>', 'value of a further input, a .npy file; may be repeated', namedInput)
    .option('--input-name <name>', 'the image input, where it is not clear')
    .option('--output <name>', 'the output that holds the class scores, where it is not clear')
    .option('--size <HxW>', 'input size of a model whose size is free', size)
    .option('--device <name>', 'cpu, webgpu, cuda, coreml, dml …, or wasm (default: cpu)')
    .option('--threads <n>', 'threads of one run (default: all cores)', whole('--threads', 1, 1024))
    .option('-q, --quiet', 'no talk on stderr but errors');
}
