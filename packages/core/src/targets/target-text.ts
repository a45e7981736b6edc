import type { ClassOutput } from '../class-output.ts';
import { labelOf, type Target } from '../target.ts';

/** What a target is, for people: `tabby against tiger cat`, `tabby + lynx`, `road at 120:88`, `similar to b.jpg`, `features[3]`. */
export function targetText(target: Target, output?: ClassOutput, labels?: readonly string[]): string {
  const label = (index: number) => labelOf(index, labels, output);
  switch (target.kind) {
    case 'top':
      return target.rank === 0 ? 'the best class' : `class number ${target.rank + 1}`;
    case 'class':
      return label(target.index);
    case 'contrast':
      return `${label(target.index)} against ${label(target.against)}`;
    case 'runner-up':
      return `${target.index === undefined ? 'the best class' : label(target.index)} against the runner-up`;
    case 'sum':
      return target.indices.map(label).join(' + ');
    case 'position':
      return `${label(target.index)} at ${target.text ?? `cell ${target.at[1]}:${target.at[0]}`}`;
    case 'region':
      return `${label(target.index)} in ${target.text ?? 'a region'}`;
    case 'similar':
      return `similar to ${target.name}`;
    case 'element':
      return `${target.name}[${target.at.join(',')}]`;
    case 'function':
      return target.name;
  }
}
