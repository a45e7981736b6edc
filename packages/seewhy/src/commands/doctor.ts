import { createRequire } from 'node:module';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { TELEMETRY_SWITCH, VERSION } from '@seewhy/core';
import { EXIT } from '../errors.ts';
import { devicesOf, loadNative, loadWasm, reason } from '../runtime.ts';
import { out, print, table } from '../talk.ts';

interface Finding {
  readonly name: string;
  readonly state: 'ok' | 'missing' | 'warning';
  readonly detail: string;
  /** How to get what is missing. */
  readonly cure?: string;
}

const GIB = 2 ** 30;

/** `seewhy doctor`: exit 0 when models can be run, 3 when no runtime works. */
export async function doctor(options: { json?: true }): Promise<number> {
  const findings: Finding[] = [node(), ...(await native()), await wasm(), pictures(), memory(), cores(), telemetry()];
  const runs = findings.some(({ name, state }) => name.startsWith('onnxruntime') && state === 'ok');
  if (options.json) {
    print(
      JSON.stringify(
        {
          schema: 'seewhy/doctor/v1',
          seewhy: VERSION,
          platform: `${process.platform}-${process.arch}`,
          runs,
          findings,
        },
        null,
        2,
      ),
    );
    return runs ? EXIT.ok : EXIT.model;
  }
  const sign = { ok: out.green('✓'), missing: out.yellow('–'), warning: out.yellow('!') };
  print(`${out.bold('seewhy')} ${VERSION}  ${out.dim(`${process.platform}-${process.arch}`)}`);
  print();
  print(
    table(
      findings.map(({ name, state, detail }) => [sign[state], name, detail]),
      2,
    ),
  );
  const cures = findings.filter(({ cure }) => cure);
  if (cures.length > 0) {
    print();
    for (const { name, cure } of cures) print(`${out.bold(name)}: ${cure}`);
  }
  print();
  print(runs ? 'Models can be explained here.' : out.red('No runtime works here: models cannot be run.'));
  return runs ? EXIT.ok : EXIT.model;
}

function node(): Finding {
  const { node, bun, deno } = process.versions;
  // Bun and Deno say which Node they are like.
  if (bun !== undefined) return { name: 'Bun', state: 'ok', detail: `${bun} (as Node.js ${node})` };
  if (deno !== undefined) return { name: 'Deno', state: 'ok', detail: `${deno} (as Node.js ${node})` };
  const major = Number(node.split('.')[0]);
  const detail = `${process.version}`;
  return major >= 20
    ? { name: 'Node.js', state: 'ok', detail }
    : { name: 'Node.js', state: 'warning', detail, cure: 'Version 20 or newer is needed.' };
}

async function native(): Promise<Finding[]> {
  const name = 'onnxruntime-node';
  try {
    const ort = loadNative();
    const version = ort.env.versions?.node ?? ort.env.versions?.common ?? '';
    const devices = devicesOf(ort);
    const bundled = new Set(
      ort
        .listSupportedBackends?.()
        .filter((backend) => backend.bundled)
        .map((backend) => backend.name),
    );
    const shown = devices.map((device) =>
      device === 'cpu' || bundled.has(device) ? device : `${device} (its libraries must be installed)`,
    );
    return [{ name, state: 'ok', detail: `${version}, --device ${shown.join(', ')}` }];
  } catch (cause) {
    const cure =
      "'npm install onnxruntime-node' (on Linux behind a firewall: with ONNXRUNTIME_NODE_INSTALL=skip in the environment, which leaves out the CUDA download).";
    return [{ name, state: 'missing', detail: reason(cause), cure }];
  }
}

async function wasm(): Promise<Finding> {
  const name = 'onnxruntime-web';
  try {
    const ort = await loadWasm();
    return {
      name,
      state: 'ok',
      detail: `${ort.env.versions?.web ?? ort.env.versions?.common ?? ''}, --device wasm (the fall-back: several times slower)`,
    };
  } catch (cause) {
    return {
      name,
      state: 'missing',
      detail: reason(cause),
      cure: "'npm install onnxruntime-web' runs anywhere, slower; not needed where onnxruntime-node works.",
    };
  }
}

/** What the runtime tells its makers. */
function telemetry(): Finding {
  const name = 'telemetry';
  const value = process.env[TELEMETRY_SWITCH];
  if (value === undefined || value === '1') return { name, state: 'ok', detail: 'off: nothing leaves this machine' };
  return {
    name,
    state: 'warning',
    detail: `${TELEMETRY_SWITCH}=${value}: ONNX Runtime may send usage events to its makers`,
    cure: `Unset ${TELEMETRY_SWITCH}, or set it to 1, to switch that off.`,
  };
}

function pictures(): Finding {
  const require = createRequire(import.meta.url);
  try {
    const sharp = require('sharp') as {
      versions: Record<string, string>;
      format: Record<string, { input: { buffer: boolean } }>;
    };
    const formats = Object.entries(sharp.format)
      .filter(([, format]) => format.input?.buffer)
      .map(([format]) => format);
    return {
      name: 'sharp',
      state: 'ok',
      detail: `${sharp.versions.sharp ?? ''}, libvips ${sharp.versions.vips ?? ''}, reads ${formats.join(', ')}`,
    };
  } catch (cause) {
    return {
      name: 'sharp',
      state: 'missing',
      detail: `${reason(cause)}: only PNG and JPEG can be read, more slowly`,
      cure: "'npm install sharp' reads WebP, TIFF, AVIF, GIF and more.",
    };
  }
}

function memory(): Finding {
  const [free, total] = [freemem() / GIB, totalmem() / GIB];
  const limit = process.constrainedMemory?.() ?? 0;
  const bounded = limit > 0 && limit < totalmem() ? `, this process may use ${(limit / GIB).toFixed(1)} GiB` : '';
  return {
    name: 'memory',
    state: free < 0.5 ? 'warning' : 'ok',
    detail: `${free.toFixed(1)} of ${total.toFixed(1)} GiB free${bounded}`,
  };
}

function cores(): Finding {
  return {
    name: 'processor',
    state: 'ok',
    detail: `${cpus()[0]?.model.trim() ?? 'unknown'}, ${availableParallelism()} threads`,
  };
}
