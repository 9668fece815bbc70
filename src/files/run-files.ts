/** The names of a run's files in its directory. */
export const runFiles = {
  recipe: 'recipe.yaml',
  environment: 'environment.json',
  best: 'best.safetensors',
  last: 'last.safetensors',
  summary: 'summary.json',
} as const;
