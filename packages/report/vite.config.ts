import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { InlineConfig, Plugin } from 'vite';
import { viteSingleFile } from 'vite-plugin-singlefile';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * The program becomes a classic script at the end of the body: it runs before the megabytes that are appended after it have arrived
 * (a module would wait for them). A policy in the head allows this very script and style, pictures made in memory, and nothing else:
 * no network, no other script.
 */
function strictPage(): Plugin {
  return {
    name: 'seewhy-strict-page',
    enforce: 'post',
    generateBundle: {
      order: 'post', // after the plugin that puts script and style into the page
      handler(_, bundle) {
        for (const asset of Object.values(bundle))
          if (asset.type === 'asset' && asset.fileName.endsWith('.html')) asset.source = strict(String(asset.source));
      },
    },
  };
}

function strict(html: string): string {
  const script = /<script type="module"[^>]*>([\s\S]*?)<\/script>\n?/.exec(html);
  const style = /<style[^>]*>([\s\S]*?)<\/style>/.exec(html);
  if (!script || !style) throw new Error('the page was built without its script or its style');
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script[1]!)}`,
    `style-src ${hash(style[1]!)}`,
    'img-src blob: data:',
    "connect-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  // Replacements as functions: the program may hold `$&`.
  return html
    .replace(script[0], '')
    .replace(style[0], () => `<style>${style[1]}</style>`)
    .replace('<head>', () => `<head>\n<meta http-equiv="Content-Security-Policy" content="${policy}">`)
    .replace('</body>', () => `<script>${script[1]}</script>\n</body>`);
}

/** The report's page as one file, dist/page.html. */
export default {
  root: here('src/page'),
  configFile: false,
  logLevel: 'warn',
  publicDir: false,
  resolve: {
    // The colours come from core's sources: the page is the same whether or not core was built before.
    alias: ['core', 'autodiff', 'onnx'].map((name) => ({
      find: `@seewhy/${name}`,
      replacement: here(`../${name}/src/index.ts`),
    })),
  },
  // `h(type, props, child, …)` instead of `jsx(type, { children: […] })`: 7 kB less in every report.
  oxc: {
    jsx: { runtime: 'classic', pragma: 'h', pragmaFrag: 'Fragment', development: false },
    jsxInject: "import { Fragment, h } from 'preact';",
  },
  build: {
    outDir: here('dist'),
    emptyOutDir: false,
    target: 'es2022',
    modulePreload: false,
    cssCodeSplit: false,
    chunkSizeWarningLimit: 150,
    rolldownOptions: { input: here('src/page/page.html'), output: { format: 'iife' } },
  },
  plugins: [viteSingleFile({ useRecommendedBuildConfig: false }), strictPage()],
} satisfies InlineConfig;
