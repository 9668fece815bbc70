#!/usr/bin/env node
import { runCli } from './program.js';

// Whoever reads the output may stop early (`distill --help | head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});
process.exitCode = await runCli(process.argv.slice(2));
