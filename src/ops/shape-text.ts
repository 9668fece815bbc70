/** The shape of a tensor as messages write it: `[2, 3]`. */
export function shapeText({ shape }: { readonly shape: readonly number[] }): string {
  return `[${shape.join(', ')}]`;
}
