import { type Command, Option } from '@commander-js/extra-typings';
import { ACTIVATIONS } from './audit/activations.ts';
import { byteSize, chooser, columnRole } from './audit/audit-options.ts';
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
import { each, fraction, names, oneOf, whole } from './options.ts';

/** `seewhy audit` and, below it, `seewhy audit compare`. */
export function auditCommands(seewhy: Command, run: (verb: Verb) => void) {
  const audit = seewhy
    .command('audit')
    .summary('a labelled data set: hits, misses and what the model looked at')
    .description(
      'Predicts a labelled data set, explains the pictures that matter, and writes a run folder: one report to open (report.html), tables, maps, panels and findings.',
    )
    .argument('<model>', MODEL)
    .argument(
      '<dataset>',
      'a folder with a folder a class, a .csv, .jsonl or .parquet manifest, COCO, Pascal VOC, YOLO, a zip, DICOM files',
    )
    .option('-o, --out <folder>', 'the run folder (default: seewhy-audit, numbered when it exists)')
    .addOption(methodOption())
    .addOption(layerOption())
    .option(
      '-t, --target <what>',
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
    .addOption(levelsOption())
    .addOption(maxPixelsOption())
    .addOption(scoreOption())
    .addOption(fusionOption())
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
    .option('-m, --method <names>', 'methods whose maps are shown (default: all that both have)', names('--method'))
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
  return audit;
}
