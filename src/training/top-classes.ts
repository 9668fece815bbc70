/** The index of the largest value of each row of `classes` values; the first of several. */
export function topClasses(values: ArrayLike<number>, classes: number): Int32Array {
  const top = new Int32Array(values.length / classes);
  for (let row = 0; row < top.length; row++) {
    let best = row * classes;
    for (let at = best + 1; at < (row + 1) * classes; at++) if (values[at] > values[best]) best = at;
    top[row] = best - row * classes;
  }
  return top;
}

/** The number of equal elements of two arrays of the same length. */
export function equalCount(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let equal = 0;
  for (let i = 0; i < a.length; i++) if (a[i] === b[i]) equal++;
  return equal;
}
