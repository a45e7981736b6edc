import { short, thresholdText } from '../draw/text.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { Name } from '../parts/name.tsx';
import { save } from '../parts/save.ts';
import { arrived, complete, reader, report, run } from '../state/report.ts';
import { threshold } from '../state/threshold.ts';

/** A word as a POSIX shell takes it. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** The command that makes this report again, with the threshold that is set now. */
export function commandLine(): string {
  const words = [...run.command];
  const now = thresholdText(threshold.value);
  const at = words.findIndex((word) => word === '--threshold' || word.startsWith('--threshold='));
  if (at >= 0) words.splice(at, words[at] === '--threshold' ? 2 : 1);
  if (run.task !== 'multiclass' && (at >= 0 || threshold.value !== run.threshold)) words.push('--threshold', now);
  return ['seewhy', ...words].map(shellWord).join(' ');
}

/** What was run, with what, and how to do it again. */
export function About() {
  return (
    <section class="about">
      <h1>Reproduction</h1>
      <div class="card">
        <h2>Command</h2>
        <p class="quiet">Makes this report again, with the threshold that is set on this page.</p>
        <pre class="command">
          <bdi>{commandLine()}</bdi>
        </pre>
        <div class="toolbar">
          <CopyButton text={commandLine} label="Copy the command" />
          <button
            type="button"
            class="quiet-button"
            onClick={() => save('run.json', 'application/json', `${JSON.stringify(run, null, 2)}\n`)}
          >
            Download run.json
          </button>
          <button
            type="button"
            class="quiet-button"
            onClick={() => save('findings.json', 'application/json', `${JSON.stringify(report.findings, null, 2)}\n`)}
          >
            Download findings.json
          </button>
        </div>
      </div>
      <div class="two-columns">
        <div class="card">
          <h2>Model</h2>
          <dl class="pairs">
            <dt>File</dt>
            <dd>
              <Name text={run.model.path} most={200} />
            </dd>
            <dt>SHA-256</dt>
            <dd>
              <code class="hash">{run.model.sha256}</code>
            </dd>
            <dt>Input</dt>
            <dd>{run.model.input.join(' × ')}</dd>
            <dt>Preprocess</dt>
            <dd>
              <Name text={run.model.preprocess} most={400} />
            </dd>
            <dt>Classes</dt>
            <dd>
              <Name text={run.classes.slice(0, 20).join(', ')} most={600} />
              {run.classes.length > 20 && ` … (${run.classes.length})`}
            </dd>
          </dl>
          <h3>Methods</h3>
          <ul class="plain">
            {run.methods.map(({ name, title, layers }) => (
              <li key={name}>
                {title}
                {layers.length > 0 && (
                  <span class="quiet">
                    {' '}
                    at <Name text={layers.join(', ')} most={200} />
                  </span>
                )}
              </li>
            ))}
          </ul>
          <p class="quiet">
            Maps for: <Name text={run.target} />; explained: <Name text={run.explain} />.
          </p>
        </div>
        <div class="card">
          <h2>Data set</h2>
          <dl class="pairs">
            <dt>Path</dt>
            <dd>
              <Name text={run.dataset.path} most={200} />
            </dd>
            <dt>Kind</dt>
            <dd>{run.dataset.kind}</dd>
            <dt>SHA-256</dt>
            <dd>
              <code class="hash">{run.dataset.sha256}</code>
            </dd>
            {Object.entries(run.dataset.columns).map(([role, column]) => (
              <>
                <dt>{role}</dt>
                <dd>
                  column <Name text={column} />
                </dd>
              </>
            ))}
            <dt>Seed</dt>
            <dd>{run.seed}</dd>
          </dl>
          <h3>Run</h3>
          <dl class="pairs">
            <dt>Started</dt>
            <dd>
              <time dateTime={run.started}>{run.started}</time>
            </dd>
            {run.finished && (
              <>
                <dt>Finished</dt>
                <dd>
                  <time dateTime={run.finished}>{run.finished}</time>
                </dd>
              </>
            )}
            <dt>Status</dt>
            <dd>{run.status}</dd>
            {Object.entries(run.versions).map(([name, version]) => (
              <>
                <dt>{name}</dt>
                <dd>{version}</dd>
              </>
            ))}
            {Object.entries(run.timings).map(([name, seconds]) => (
              <>
                <dt>{name}</dt>
                <dd>{short(seconds)} s</dd>
              </>
            ))}
          </dl>
        </div>
      </div>
      {run.notices.length > 0 && (
        <div class="card">
          <h2>What was chosen</h2>
          <ul class="plain">
            {run.notices.map((text) => (
              <li key={text}>
                <Name text={text} most={600} />
              </li>
            ))}
          </ul>
        </div>
      )}
      <Omitted />
    </section>
  );
}

/** What is not in this file, in sentences. */
export function omissions(): readonly string[] {
  void arrived.value;
  const said = [...report.omitted];
  const left = reader.totals?.omitted;
  const parts = left ? Object.entries(left).filter(([, n]) => n > 0) : [];
  if (parts.length > 0)
    said.push(
      `Left out of this file to keep it small: ${parts.map(([kind, n]) => `${n.toLocaleString('en')} ${kind}${n === 1 ? '' : 's'}`).join(', ')}. Their figures are here; a larger --max-size brings them back.`,
    );
  if (complete.value && !reader.totals)
    said.push('This file was cut off: pictures or maps at its end are missing. Copy it again.');
  return said;
}

function Omitted() {
  const said = omissions();
  if (said.length === 0) return null;
  return (
    <div class="card">
      <h2>Not in this file</h2>
      <ul class="plain">
        {said.map((text) => (
          <li key={text}>
            <Name text={text} most={600} />
          </li>
        ))}
      </ul>
    </div>
  );
}
