#!/usr/bin/env node
import { createRequire } from 'node:module';
import { Command } from '@commander-js/extra-typings';

const { version, description } = createRequire(import.meta.url)('../package.json') as Record<string, string>;

new Command('seewhy')
  .description(description ?? '')
  .version(version ?? '')
  .parse();
