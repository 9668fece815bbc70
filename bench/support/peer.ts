import { execFileSync, spawnSync } from 'node:child_process';
import { InputError } from '../../src/errors.js';

const python = '/usr/bin/python3';

/** Both sides' environments, limited to an instruction set where one is named. */
export function environmentsFor(isa: string | undefined): {
  own: NodeJS.ProcessEnv;
  peer: NodeJS.ProcessEnv;
} {
  // Some machines set these to help older BLAS builds; they slow the peer.
  const peer = { ...process.env, OPENBLAS_CORETYPE: undefined, OPENBLAS_L2_SIZE: undefined };
  if (isa === undefined) return { own: { ...process.env }, peer };
  return {
    own: { ...process.env, BNN_DISTILL_ISA: isa },
    peer: { ...peer, ONEDNN_MAX_CPU_ISA: isa === 'avx2' ? 'AVX2' : 'AVX512_CORE' },
  };
}

/** @throws InputError where Debian's PyTorch is not installed */
export function requireTorch(): void {
  if (spawnSync(python, ['-c', 'import torch']).status !== 0)
    throw new InputError(`PyTorch is missing for ${python}.`, { fix: 'apt-get install python3-torch' });
}

/** What a program of the peer's prints as JSON. */
export function runPeer<Figures>(args: readonly string[], env: NodeJS.ProcessEnv): Figures {
  return JSON.parse(execFileSync(python, args, { env, encoding: 'utf8' })) as Figures;
}

/** How the peer's step is to run. */
export interface PeerStepSettings {
  readonly net: string;
  readonly batch: number;
  readonly steps: number;
  readonly threads: number;
}

/** A step of the peer, plain or tuned, in the faster of its memory formats. @param program and what comes before the network */
export function peerStep<Figures extends { readonly stepMs: number }>(
  program: readonly string[],
  { net, batch, steps, threads }: PeerStepSettings,
  tuned: boolean,
  env: NodeJS.ProcessEnv,
): Figures {
  const [a, b] = ['nchw', 'nhwc'].map((format) => {
    const settings = ['--steps', String(steps), '--threads', String(threads), '--format', format];
    const args = [...program, net, String(batch), ...settings, ...(tuned ? ['--tuned'] : [])];
    return runPeer<Figures>(args, env);
  });
  return a.stepMs <= b.stepMs ? a : b;
}

/** One round: ours before, between and after the peer's, so that a drift of the machine meets both. */
export function roundAgainst<
  Own extends { readonly stepMs: number },
  Peer extends { readonly stepMs: number },
>(
  own: () => Own,
  peer: (tuned: boolean) => Peer,
): { own: Own; plain: Peer; tuned: Peer; ratio: number; tunedRatio: number } {
  const first = own();
  const plain = peer(false);
  const second = own();
  const tuned = peer(true);
  const third = own();
  return {
    own: second,
    plain,
    tuned,
    ratio: (2 * plain.stepMs) / (first.stepMs + second.stepMs),
    tunedRatio: (2 * tuned.stepMs) / (second.stepMs + third.stepMs),
  };
}
