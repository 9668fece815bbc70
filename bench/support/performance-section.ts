import { InputError } from '../../src/errors.js';
import { oneOf } from './flags.js';
import { describeMachine } from './machine.js';
import { benchBatches, benchNetworks } from './networks.js';
import type { ProfileFigures } from './profile-figures.js';

/** What bench/step prints with --json: by network, ratio<threads>, tunedRatio<threads> and memoryRatio. */
export type StepRatios = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** The figures of the section. */
export interface PerformanceFigures {
  readonly step: StepRatios;
  /** One a network. */
  readonly profiles: readonly ProfileFigures[];
  readonly data: { readonly imagesPerSecond: number };
  /** PyTorch's version, when it is known. */
  readonly pytorch: string | undefined;
}

const [begins, ends] = ['<!-- performance -->', '<!-- /performance -->'];
const shownKernels = 10;

/**
 * The page with `section` between its two markers.
 *
 * @throws InputError unless it has each marker once, in order
 */
export function withSection(page: string, section: string): string {
  const [start, end] = [page.indexOf(begins), page.indexOf(ends)];
  const once = start === page.lastIndexOf(begins) && end === page.lastIndexOf(ends);
  if (start < 0 || end < start || !once) {
    throw new InputError(`the page must have the lines ${begins} and ${ends} once each, in this order.`);
  }
  return `${page.slice(0, start + begins.length)}\n\n${section.trim()}\n\n${page.slice(end)}`;
}

/**
 * The performance section as Markdown: the machine, the step beside PyTorch's, where its time goes, and how to run it again.
 *
 * @throws InputError when there is no profile, or one of a network or batch that bench/step did not compare
 */
export function performanceSection({ step, profiles, data, pytorch }: PerformanceFigures): string {
  if (profiles.length === 0) throw new InputError('the section needs the figures of at least one profile.');
  for (const { net, batch } of profiles) {
    if (!Object.hasOwn(step, net)) throw new InputError(`bench:step has no figures of the network '${net}'.`);
    const compared = benchBatches[oneOf('the network', net, benchNetworks)];
    if (batch !== compared) {
      throw new InputError(
        `the profile of ${net} is of batch ${batch}; bench:step compares batch ${compared}.`,
      );
    }
  }
  const { machine } = profiles[0];
  const versions = [
    `bnn-distill ${machine.version}`,
    ...(pytorch === undefined ? [] : [`PyTorch ${pytorch}`]),
  ];
  return [
    `Measured on ${machine.date} on ${describeMachine(machine)}, with ${versions.join(' and ')}.`,
    `A training step is forward pass, backward pass and Adam. It is compared with PyTorch's step with the same network, losses and batch; the two take turns on this machine. "Tuned" is PyTorch's fastest form. Each figure is the median of several rounds.`,
    stepTable(step, profiles),
    ...profiles.map(profileParagraphs),
    dataSentence(data.imagesPerSecond, profiles),
    `To measure again (only \`bench:step\` needs PyTorch: \`apt-get install python3-torch\`; a bench with \`--json\` after \`--\` prints one JSON object):`,
    [
      '```sh',
      'npm run bench:step         # beside PyTorch',
      'npm run bench:profile      # where the time of a step goes',
      'npm run bench:kernels      # each kernel beside the peaks of this machine',
      'npm run bench:scaling      # batch, width, depth, threads',
      'npm run bench:data         # preparing batches',
      'npm run docs:performance   # measures and writes this section',
      '```',
    ].join('\n'),
  ].join('\n\n');
}

function stepTable(step: StepRatios, profiles: readonly ProfileFigures[]): string {
  const nets = profiles.map(({ net }) => net);
  const keys = [...new Set(nets.flatMap((net) => Object.keys(step[net])))];
  const cell = (net: string, key: string): string =>
    step[net][key] === undefined ? '' : `${step[net][key].toFixed(2)}×`;
  return markdownTable(
    ['', ...profiles.map(({ net, batch }) => `${net}, batch ${batch}`)],
    [
      [
        `images/s, ${threadsOf(profiles)}`,
        ...profiles.map(({ imagesPerSecond }) => imagesPerSecond.toFixed(0)),
      ],
      ...keys.map((key) => [ratioTitle(key), ...nets.map((net) => cell(net, key))]),
    ],
  );
}

function threadsOf(profiles: readonly ProfileFigures[]): string {
  const counts = [...new Set(profiles.map(({ threads }) => threads))];
  return `${counts.join(' and ')} thread${counts.length === 1 && counts[0] === 1 ? '' : 's'}`;
}

function ratioTitle(key: string): string {
  if (key === 'memoryRatio') return "peak memory of the process over PyTorch's";
  const [, tuned, threads] = /^(ratio|tunedRatio)(\d+)$/.exec(key) ?? [];
  if (threads === undefined) return key;
  return `speed over PyTorch${tuned === 'ratio' ? '' : ' tuned'}, ${threads} thread${threads === '1' ? '' : 's'}`;
}

function profileParagraphs(figures: ProfileFigures): string {
  const { net, batch, threads, stepMs, kernels, engine, minorFaults, numTensors, poolBytes, peakRssMiB } =
    figures;
  const line = (name: string, ms: number, percent: number): string[] => [
    name,
    ms.toFixed(1),
    percent.toFixed(1),
  ];
  const rest = kernels.slice(shownKernels);
  const sum = (of: 'ms' | 'percent'): number => rest.reduce((total, row) => total + row[of], 0);
  const table = markdownTable(
    [`${net}, batch ${batch}, ${threads} thread${threads === 1 ? '' : 's'}`, 'ms', '% of the step'],
    [
      ...kernels.slice(0, shownKernels).map(({ name, ms, percent }) => line(`\`${name}\``, ms, percent)),
      ...(rest.length > 0 ? [line(`${rest.length} other kernels`, sum('ms'), sum('percent'))] : []),
      line('JavaScript and engine', engine.ms, engine.percent),
      line('**step**', stepMs, 100),
    ],
  );
  const mib = (poolBytes.peak / 2 ** 20).toFixed(0);
  const grown = numTensors.after - numTensors.before;
  const flat = grown === 0 ? 'leaves no tensor behind' : `leaves ${grown / figures.steps} tensors behind`;
  return `${table}\n\nA steady step of ${net} causes ${minorFaults.median} minor page faults (median), ${flat} and needs at most ${mib} MiB for tensors; the process had at most ${peakRssMiB} MiB.`;
}

function dataSentence(imagesPerSecond: number, profiles: readonly ProfileFigures[]): string {
  const compared = profiles.map(
    (profile) =>
      `${(imagesPerSecond / profile.imagesPerSecond).toFixed(0)} times what a step of ${profile.net} takes`,
  );
  return `Batches of cropped and flipped images are prepared in the background at ${Math.round(imagesPerSecond).toLocaleString('en-US')} images/s: ${compared.join(', ')}.`;
}

function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = header.map((_, column) => (column === 0 ? '---' : '--:'));
  return [header, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
