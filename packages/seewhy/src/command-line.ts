import { Command, Option } from '@commander-js/extra-typings';
import { ACTIVATIONS } from './audit/activations.ts';
import { byteSize, chooser, columnRole } from './audit/audit-options.ts';
import { methodFlags } from './method-options.ts';
import {
  each,
  FUSIONS,
  fraction,
  more,
  namedInput,
  oneOf,
  pixelWindow,
  SCORES,
  SMOOTHINGS,
  saveKinds,
  size,
  WEIGHTS,
  whole,
} from './options.ts';
import { out } from './talk.ts';

/** Runs a verb; resolves to the exit code. */
export type Verb = () => Promise<number>;

const examples = (...lines: [command: string, what: string][]): string => {
  const longest = Math.min(Math.max(...lines.map(([command]) => command.length)), 64);
  return `\nExamples:\n${lines.map(([command, what]) => `  $ ${command.padEnd(longest)}  ${out.dim(what)}`).join('\n')}\n`;
};

const EXITS =
  '\nExit codes: 0 done · 1 a gate failed · 2 wrong usage · 3 model not supported · 4 some inputs failed · 130 interrupted\n';

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
    .argument('<model>', 'an .onnx, .keras or .h5 file, or a TensorFlow.js model')
    .argument('<source...>', 'picture, folder, glob, .csv/.jsonl manifest, .npy tensor, or - for standard input')
    .option('-m, --method <names>', 'methods, separated by commas, or auto (default: gradcam)', more)
    .option(
      '-t, --target <what>',
      'what to explain: top, top:3, all, an index, a label, A-B, A-runner-up, runner-up, A+B, CLASS@X:Y, CLASS@mask.png, similar:FILE, OUTPUT[3], LAYER[c,y,x] (default: top)',
      each,
    )
    .option('-l, --layer <names>', 'layers, separated by commas (default: the last spatial one)', each)
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
    .addOption(
      new Option('--fusion <how>', 'how several layers become one map: max, mean, product (default: max)').argParser(
        oneOf('--fusion', FUSIONS),
      ),
    )
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
    .option(
      '--levels <what>',
      'values of 16-bit and DICOM pictures: auto, full, range, or LOW,HIGH (default: auto)',
      pixelWindow,
    )
    .option(
      '--max-pixels <n>',
      'refuse pictures larger than this (default: 100000000)',
      whole('--max-pixels', 1, Number.MAX_SAFE_INTEGER),
    )
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
    .argument('<model>', 'an .onnx, .keras or .h5 file, or a TensorFlow.js model')
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
    .argument('<model>', 'an .onnx, .keras or .h5 file, or a TensorFlow.js model')
    .requiredOption('-o, --out <file>', 'the .onnx file to write')
    .option('-m, --method <names>', 'methods, separated by commas (default: gradcam)', more)
    .option(
      '-t, --target <what>',
      "top (chosen per picture, inside the graph), input (an int64 input 'target', one class a picture; one that does not exist gives a map of NaN), an index, a label, A-B (default: top)",
      each,
    )
    .option('-l, --layer <names>', 'layers, separated by commas (default: the last spatial one)', each)
    .addOption(
      new Option('--score <kind>', 'logit, probability, log-odds (default: logit)').argParser(oneOf('--score', SCORES)),
    )
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
    .argument('<model>', 'an .onnx, .keras or .h5 file, or a TensorFlow.js model')
    .argument('[source]', 'a picture or .npy tensor (default: a seeded noise picture)')
    .option('-t, --target <what>', 'class whose score is checked (default: top)', each)
    .addOption(
      new Option('--score <kind>', 'logit, probability, log-odds (default: logit)').argParser(oneOf('--score', SCORES)),
    )
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
    .argument('<model>', 'an .onnx, .keras or .h5 file, or a TensorFlow.js model')
    .option('-m, --method <names>', 'methods, separated by commas (default: all that work)', more)
    .option('-l, --layer <names>', 'layers, separated by commas (default: the last spatial one)', each)
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
    .option('-m, --method <names>', 'methods, separated by commas (default: gradcam)', more)
    .option('-t, --target <what>', 'class to explain: top, an index, a label, A-B (default: top)', each)
    .option('-l, --layer <names>', 'layers, separated by commas (default: the last spatial one)', each)
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
    .addOption(
      new Option('--score <kind>', 'logit, probability, log-odds (default: logit)').argParser(oneOf('--score', SCORES)),
    )
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

  const audit = seewhy
    .command('audit')
    .summary('a labelled data set: hits, misses and what the model looked at')
    .description(
      'Predicts a labelled data set, explains the pictures that matter, and writes a run folder: one report to open (report.html), tables, maps, panels and findings.',
    )
    .argument('<model>', 'an .onnx, .keras or .h5 file, or a TensorFlow.js model')
    .argument(
      '<dataset>',
      'a folder with a folder a class, a .csv, .jsonl or .parquet manifest, COCO, Pascal VOC, a zip, DICOM files',
    )
    .option('-o, --out <folder>', 'the run folder (default: seewhy-audit, numbered when it exists)')
    .option('-m, --method <names>', 'methods, separated by commas (default: gradcam)', more)
    .option('-l, --layer <names>', 'layers, separated by commas (default: the last spatial one)', each)
    .option(
      '--target <what>',
      'whose map: predicted (the class decided for at the threshold), positive, label, or a class by name (default: predicted)',
    )
    .addOption(
      new Option(
        '--explain <which>',
        'all, errors, panel, or so many of each cell (default: all up to 2,000 pictures, then a part, which is said)',
      ).argParser(chooser),
    )
    .option(
      '--threshold <p>',
      'probability from which a class is decided for (default: 0.5)',
      fraction('--threshold', 0, 1),
    )
    .option('--positive <class>', 'of two classes the one that is looked for (default: the second)')
    .addOption(
      new Option(
        '--activation <kind>',
        'what makes probabilities of the outputs, where the graph does not say: softmax, sigmoid, none',
      ).argParser(oneOf('--activation', ACTIVATIONS)),
    )
    .option('--class-map <file>', 'JSON or CSV: from a label of the data set to a class of the model, by name or index')
    .option('--column <role=name>', 'column of the manifest by role: path, label, group, split, mask, box', columnRole)
    .option('--id <column>', 'column of the manifest that holds the id')
    .option('--delimiter <text>', 'what separates the cells of a .csv manifest (default: found)')
    .option('--image-root <folder>', 'folder that the paths of a manifest start from (default: its own)')
    .option('--split <name>', 'only the rows of one split')
    .option('--limit <n>', 'only the first rows', whole('--limit', 1))
    .option('--sample <n>', 'so many rows, drawn with the seed, the shares of the labels kept', whole('--sample', 1))
    .option('--patient <id>', 'the group whose pictures have a panel of their own (default: drawn with the seed)')
    .option('--seed <n>', 'seed of everything that is drawn (default: 0)', whole('--seed', 0))
    .option('--batch <n>', 'pictures in one prediction (default: 1)', whole('--batch', 1, 4096))
    .option('--no-cover', 'do not run explained pictures again with parts covered')
    .option(
      '--map-size <n>',
      'longest side of the maps that are kept, 0 for the whole (default: 128)',
      whole('--map-size', 0, 65_536),
    )
    .option('--max-size <bytes>', 'largest report (default: 60MB)', byteSize('--max-size'))
    .option(
      '--levels <what>',
      'values of 16-bit and DICOM pictures: auto, full, range, or LOW,HIGH (default: auto)',
      pixelWindow,
    )
    .option(
      '--max-pixels <n>',
      'refuse pictures larger than this (default: 100000000)',
      whole('--max-pixels', 1, Number.MAX_SAFE_INTEGER),
    )
    .addOption(
      new Option('--score <kind>', 'logit, probability, log-odds (default: logit)').argParser(oneOf('--score', SCORES)),
    )
    .addOption(
      new Option('--fusion <how>', 'how several layers become one map: max, mean, product (default: max)').argParser(
        oneOf('--fusion', FUSIONS),
      ),
    )
    .option('--preset <peer>', 'finish the map as another library does')
    .option('--title <text>', 'title of the report (default: model and data set)')
    .option('--fail-on <condition>', "exit 1 when it holds, e.g. 'auc < 0.8 or mass_inside(gradcam) < 0.6'", each)
    .option('--resume', 'go on with an interrupted run: the same command, nothing is done twice')
    .option('--force', "empty a former run's folder instead of numbering the new one")
    .option('--json', 'print one JSON document on stdout')
    .option('--dry-run', 'show what would be done, do nothing')
    .addHelpText(
      'after',
      examples(
        ['seewhy audit model.onnx validation/', 'a folder a class; open seewhy-audit/report.html'],
        [
          'seewhy audit model.keras data.csv --column label=dx --positive melanoma',
          'a manifest, patients and masks found',
        ],
        [
          'seewhy audit model.onnx data.csv -m gradcam,saliency --explain panel',
          'two methods, only what the panels show',
        ],
        ['seewhy audit model.onnx data.csv --threshold 0.3 --patient P12', 'another threshold, one patient'],
        ['seewhy audit model.onnx data.csv --sample 500 --class-map map.json', 'a part, labels under other names'],
        ["seewhy audit model.onnx data.csv --fail-on 'auc < 0.8 or findings(high) > 0'", 'a gate for CI'],
        ['seewhy audit model.onnx data.csv --resume', 'after Ctrl-C, a crash or a full disk'],
      ) + EXITS,
    )
    .action((path, dataset, options) =>
      run(async () => (await import('./commands/audit.ts')).audit(path, dataset, options)),
    );

  // Options behind `compare` are its own (which takes the same of the program itself); a model file of that name is written ./compare.
  seewhy.enablePositionalOptions();
  audit
    .enablePositionalOptions()
    .helpCommand(false)
    .command('compare')
    .summary('two finished audits: flips, differences, maps side by side')
    .description(
      'Compares two run folders of seewhy audit on the pictures that both have: which decisions changed, which figures differ by more than chance, and the maps of the same picture side by side.',
    )
    .argument('<run-a>', 'the run folder of the first audit: before, or the model in use')
    .argument('<run-b>', 'the run folder of the second: after, or the model that may replace it')
    .option('-o, --out <folder>', 'where the comparison goes (default: seewhy-comparison, numbered when it exists)')
    .addOption(
      new Option('--join <how>', 'join pictures by id or sha256 (default: what joins more of them)').argParser(
        oneOf('--join', ['id', 'sha256'] as const),
      ),
    )
    .option(
      '--threshold <p>',
      "probability from which both decide for a class (default: each run's own)",
      fraction('--threshold', 0, 1),
    )
    .option('-m, --method <names>', 'methods whose maps are shown (default: all that both have)', more)
    .option('--seed <n>', 'seed of the bootstrap intervals (default: that of the first run)', whole('--seed', 0))
    .option('--max-size <bytes>', 'largest report (default: 60MB)', byteSize('--max-size'))
    .option('--title <text>', 'title of the report (default: the two models)')
    .option('--fail-on <condition>', "exit 1 when it holds, e.g. 'accuracy_high < 0 or flips_to_wrong > 5'", each)
    .option('--force', "empty a former comparison's folder instead of numbering the new one")
    .option('--json', 'print one JSON document on stdout')
    .option('-q, --quiet', 'no talk on stderr but errors')
    .addHelpText(
      'after',
      examples(
        ['seewhy audit compare run-v1 run-v2', 'open seewhy-comparison/report.html'],
        ['seewhy audit compare run-v1 run-v2 --threshold 0.3', 'both at another threshold'],
        ["seewhy audit compare old new --fail-on 'accuracy_difference < -0.01 or flips_to_wrong > 5'", 'a gate for CI'],
        [
          "seewhy audit compare old new --fail-on 'auc_high < 0' --json",
          'fails only when it is worse by more than chance',
        ],
      ) +
        '\nFigures of --fail-on: METRIC_difference (B − A), METRIC_low and METRIC_high (its 95 % interval), METRIC_p, METRIC_a, METRIC_b,\nso accuracy, auc, sensitivity, f1 …, f1_difference(CLASS); flips_to_wrong, flips_to_right, net_flips, joined, only_a, only_b.\n' +
        EXITS,
    )
    .action((a, b, options) =>
      run(async () => (await import('./commands/audit-compare.ts')).auditCompare(a, b, options)),
    );

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
      'class names: one a line, a JSON list or map (default: from the model or its config.json)',
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
