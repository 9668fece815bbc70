/** The files of a run, in its directory. */
export const runFiles = {
  recipe: 'recipe.yaml',
  environment: 'environment.json',
  best: 'best.safetensors',
  last: 'last.safetensors',
  summary: 'summary.json',
} as const;
