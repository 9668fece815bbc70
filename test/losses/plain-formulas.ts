/**
 * The losses as plain formulas on one sample in float64, to check the real ones where golden values are
 * silent.
 */

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export function logSoftmax(logits: readonly number[], temperature = 1): number[] {
  const top = Math.max(...logits);
  const total = Math.log(sum(logits.map((value) => Math.exp((value - top) / temperature))));
  return logits.map((value) => (value - top) / temperature - total);
}

export function kl(student: readonly number[], teacher: readonly number[], temperature: number): number {
  const p = logSoftmax(student, temperature);
  return (
    temperature ** 2 * sum(logSoftmax(teacher, temperature).map((log, k) => Math.exp(log) * (log - p[k])))
  );
}

export function smoothedCrossEntropy(student: readonly number[], label: number, epsilon: number): number {
  const share = epsilon / student.length;
  return -sum(logSoftmax(student).map((log, k) => log * (k === label ? 1 - epsilon + share : share)));
}

export function unitDistance(a: readonly number[], b: readonly number[]): number {
  const normA = Math.hypot(...a);
  const normB = Math.hypot(...b);
  return sum(a.map((value, i) => (value / normA - b[i] / normB) ** 2));
}

/** Σ F² over the innermost axis of a map whose channels are contiguous. */
export function attentionOf(map: readonly number[], channels: number): number[] {
  const pixels = map.length / channels;
  return Array.from({ length: pixels }, (_, i) =>
    sum(map.slice(i * channels, (i + 1) * channels).map((value) => value ** 2)),
  );
}

export function squaredDistance(a: readonly number[], b: readonly number[]): number {
  return sum(a.map((value, i) => (value - b[i]) ** 2));
}

/** The gradient of f at x by central differences. */
export function numericGradient(f: (x: number[]) => number, x: readonly number[], step = 1e-5): number[] {
  return x.map((_, i) => {
    const moved = (by: number): number => f(x.map((value, j) => (j === i ? value + by : value)));
    return (moved(step) - moved(-step)) / (2 * step);
  });
}
