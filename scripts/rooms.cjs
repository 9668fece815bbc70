// The rooms of src/, from the top down: a room imports from those below it and from the ground, never from one above.
// The linter's graph and the test of ARCHITECTURE.md's picture both read this list.
exports.rooms = [
  'cli',
  'report',
  'run',
  'export',
  'evaluation',
  'training',
  'recipe',
  'optim',
  'cache',
  'teacher',
  'losses',
  'models',
  'nn',
  'ops',
  'backends',
  'inference',
];

// Every room may use these; they use only one another.
exports.ground = ['data', 'files', 'threads'];
