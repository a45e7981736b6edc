import type { ComparedMetric, ComparedSubset, ComparisonData, Figure } from '../../index.ts';
import { count, figure, percent, short } from '../draw/text.ts';
import { Choice } from '../parts/choice.tsx';
import { CopyButton } from '../parts/copy-button.tsx';
import { ColourChoice, LookChoice, MethodChoice, OpacitySlider } from '../parts/display-controls.tsx';
import { Gallery } from '../parts/gallery.tsx';
import { Name } from '../parts/name.tsx';
import { PairCaption, PairThumb } from '../parts/pair-tile.tsx';
import { ScrollBox } from '../parts/scroll-box.tsx';
import { numbers, TableHead } from '../parts/table-head.tsx';
import { chosen, comparison, FLIPS, type FlipChoice, flip } from '../state/comparison.ts';
import { follow, go } from '../state/place.ts';
import { filterFor, filterForColumn } from '../state/selection.ts';
import { shellWord } from './about.tsx';

const number = (value: number | null, digits = 3) => figure(value ?? Number.NaN, digits);
const signed = (value: number | null, digits = 3) =>
  value === null ? '–' : `${value > 0 ? '+' : ''}${value.toFixed(digits)}`;
const range = ({ low, high }: Figure, write = number) =>
  low === null || high === null ? '' : `${write(low)} – ${write(high)}`;

/** Two runs side by side: figures and their differences, what flipped, where. */
export function Comparison() {
  const data = comparison!;
  const { joined } = data;
  return (
    <section>
      <h1>Comparison</h1>
      <p class="lead">
        {count(joined.pictures, 'picture')} in both runs, {joined.labelled.toLocaleString('en')} of them labelled.
        {joined.onlyA > 0 && ` ${joined.onlyA.toLocaleString('en')} only in A.`}
        {joined.onlyB > 0 && ` ${joined.onlyB.toLocaleString('en')} only in B.`}
      </p>
      <div class="two-columns even">
        <RunCard side="A" data={data} />
        <RunCard side="B" data={data} />
      </div>
      <FlipTable data={data} />
      <Metrics data={data} />
      <Subsets data={data} />
      {data.notices.length > 0 && (
        <div class="card">
          <h2>To be known</h2>
          <ul class="plain">
            {data.notices.map((text) => (
              <li key={text}>
                <Name text={text} most={600} />
              </li>
            ))}
          </ul>
        </div>
      )}
      <div class="card">
        <h2>Command</h2>
        <pre class="command">
          <bdi>{commandOf(data)}</bdi>
        </pre>
        <CopyButton text={() => commandOf(data)} label="Copy the command" />
      </div>
    </section>
  );
}

const commandOf = (data: ComparisonData) => ['seewhy', ...data.command].map(shellWord).join(' ');

function RunCard({ side, data }: { side: 'A' | 'B'; data: ComparisonData }) {
  const { folder, run } = side === 'A' ? data.runs.a : data.runs.b;
  return (
    <div class="card">
      <h2>
        <span class={`side side-${side}`}>{side}</span> <Name text={run.title} />
      </h2>
      <dl class="pairs">
        <dt>Folder</dt>
        <dd>
          <Name text={folder} most={120} />
        </dd>
        <dt>Model</dt>
        <dd>
          <Name text={run.model.path} most={120} />
        </dd>
        <dt>SHA-256</dt>
        <dd>
          <code class="hash">{run.model.sha256.slice(0, 16)}…</code>
        </dd>
        {run.task !== 'multiclass' && (
          <>
            <dt>Threshold</dt>
            <dd>{short(run.threshold)}</dd>
          </>
        )}
        <dt>Started</dt>
        <dd>
          <time dateTime={run.started}>{run.started}</time>
        </dd>
      </dl>
    </div>
  );
}

function FlipTable({ data }: { data: ComparisonData }) {
  const { bothRight, toWrong, toRight, bothWrong, other } = data.flips;
  const cell = (n: number, text: string, choice: FlipChoice, kind: string) => (
    <td class={`cell ${kind}`}>
      <a {...follow({ view: 'pictures', flip: choice, q: '' })}>
        <span class="cell-kind">{text}</span>
        <span class="cell-count">{n.toLocaleString('en')}</span>
      </a>
    </td>
  );
  return (
    <div class="card">
      <h2>What became of the decisions</h2>
      <table class="two-by-two">
        <thead>
          <tr>
            <td />
            <th scope="col">B right</th>
            <th scope="col">B wrong</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">A right</th>
            {cell(bothRight, '● still right', 'still-right', 'cell-TP')}
            {cell(toWrong, '▼ became wrong', 'to-wrong', 'cell-FN')}
          </tr>
          <tr>
            <th scope="row">A wrong</th>
            {cell(toRight, '▲ became right', 'to-right', 'cell-TN')}
            {cell(bothWrong, '△ still wrong', 'still-wrong', 'cell-FP')}
          </tr>
        </tbody>
      </table>
      {other > 0 && (
        <p class="quiet">
          <a {...follow({ view: 'pictures', flip: 'other', q: '' })}>{count(other, 'picture')}</a> changed to another
          decision that is as wrong as before, or has no label.
        </p>
      )}
    </div>
  );
}

/** ▲ better, ▼ worse, = within what chance does; in words too. */
function trend({ better, difference }: Pick<ComparedMetric, 'better' | 'difference'>) {
  const { value, low, high } = difference;
  if (value === null) return { mark: '', text: 'not compared', kind: 'quiet' };
  if (value === 0) return { mark: '=', text: 'no different', kind: '' };
  const good = value > 0 === (better === 'higher');
  const sure = low !== null && high !== null && (low > 0 || high < 0);
  if (!sure)
    return {
      mark: good ? '△' : '▽',
      text: good ? 'better, but within chance' : 'worse, but within chance',
      kind: 'quiet',
    };
  return good ? { mark: '▲', text: 'better', kind: 'kind-TP' } : { mark: '▼', text: 'worse', kind: 'kind-FN' };
}

function Metrics({ data }: { data: ComparisonData }) {
  return (
    <div class="card">
      <h2>
        Figures on the shared pictures <span class="quiet">with 95 % intervals</span>
      </h2>
      <ScrollBox label="Figures of both runs">
        <table>
          <TableHead columns={['Figure', ...numbers('A', 'B', 'B − A'), '95 % interval', ...numbers('p'), 'B is']} />
          <tbody>
            {data.metrics.map((metric) => {
              const { mark, text, kind } = trend(metric);
              return (
                <tr key={metric.name}>
                  <th scope="row">
                    <Name text={metric.title} most={60} />
                    {metric.better === 'lower' && <span class="quiet small"> (lower is better)</span>}
                  </th>
                  <td class="number" title={metric.a.reason ?? range(metric.a)}>
                    {number(metric.a.value)}
                  </td>
                  <td class="number" title={metric.b.reason ?? range(metric.b)}>
                    {number(metric.b.value)}
                  </td>
                  <td class="number">
                    <strong>{signed(metric.difference.value)}</strong>
                  </td>
                  <td class="interval quiet" title={metric.difference.test}>
                    {range(metric.difference, signed) || metric.difference.reason}
                  </td>
                  <td class="number">{metric.difference.p === null ? '–' : short(metric.difference.p)}</td>
                  <td class={kind}>
                    <span aria-hidden="true">{mark}</span> {text}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </ScrollBox>
    </div>
  );
}

function Subsets({ data }: { data: ComparisonData }) {
  if (data.subsets.length === 0) return null;
  const filterOf = ({ kind, column, value, range }: ComparedSubset) =>
    kind === 'column'
      ? filterForColumn(column, range ?? value)
      : filterFor(kind === 'class' ? 'label' : 'group', value);
  return (
    <div class="card table-box">
      <h2>
        Where it changed <span class="quiet">share of right decisions</span>
      </h2>
      <table>
        <TableHead
          columns={['Pictures with', ...numbers('Pictures', 'A', 'B', 'B − A', '▼ wrong', '▲ right', 'p (corrected)')]}
        />
        <tbody>
          {data.subsets.slice(0, 60).map((row) => (
            <tr key={`${row.kind} ${row.column} ${row.value}`}>
              <th scope="row">
                <a {...follow({ view: 'pictures', flip: '', q: filterOf(row) })}>
                  <Name text={row.column} most={30} />: <Name text={row.value} most={40} />
                </a>
              </th>
              <td class="number">{row.pictures.toLocaleString('en')}</td>
              <td class="number">{percent(row.a.value ?? Number.NaN)}</td>
              <td class="number">{percent(row.b.value ?? Number.NaN)}</td>
              <td class="number">
                <strong>{signed(row.difference.value)}</strong>
              </td>
              <td class="number">{row.toWrong}</td>
              <td class="number">{row.toRight}</td>
              <td class="number">{row.difference.corrected === null ? '–' : short(row.difference.corrected)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {data.subsets.length > 60 && <p class="quiet">60 of {data.subsets.length} are shown.</p>}
    </div>
  );
}

/** The pictures of both runs, each with both maps. */
export function Pairs() {
  return (
    <section>
      <div class="title-row">
        <h1>Pictures</h1>
        <p class="quiet">{count(chosen.value.length, 'picture')}: left A, right B</p>
      </div>
      <div class="toolbar">
        <Choice
          label="What changed"
          name="flip"
          values={(Object.keys(FLIPS) as FlipChoice[]).map((value) => ({ value, text: FLIPS[value] }))}
          value={flip.value}
          onChange={(value) => go({ flip: value })}
        />
        <LookChoice />
        <MethodChoice />
        <OpacitySlider />
        <ColourChoice />
      </div>
      <Gallery
        records={chosen.value}
        label="Pictures of both runs"
        tile={240}
        wide={2}
        empty="No picture is of this kind."
        draw={(record) => (
          <>
            <PairThumb record={record} />
            <PairCaption record={record} />
          </>
        )}
      />
    </section>
  );
}
