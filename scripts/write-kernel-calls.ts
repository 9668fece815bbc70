// Writes src/backends/native/kernel-calls.ts, the fields of every kernel, from the addon as it is built.
// usage: npm run docs:kernel-calls
import { writeFileSync } from 'node:fs';
import { nativeAddon } from '../src/backends/native/addon.js';
import { kernelCallsPath, kernelCallsText } from './support/kernel-calls.js';

writeFileSync(kernelCallsPath, await kernelCallsText(nativeAddon().kernelFields()));
