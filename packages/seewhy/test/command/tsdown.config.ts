import { fileURLToPath } from 'node:url';
import { defineConfig, type UserConfig } from 'tsdown';
import published from '../../tsdown.config.ts';

const cwd = fileURLToPath(new URL('../../', import.meta.url));

// The command alone, as it is published, without the declarations of the API.
export default defineConfig(
  (published as UserConfig[])
    .filter(({ entry }) => [entry].flat().includes('src/main.ts'))
    .map((config) => ({ ...config, cwd, outDir: '.dist-test' })),
);
