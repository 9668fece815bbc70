// The graph of rooms in src/. An arrow is an import, types included. Arrows go down this list only: a room imports
// from those below it and from the ground, never from one above.
const { rooms, ground } = require('./scripts/rooms.cjs');

const inRooms = (names) => `^src/(${names.join('|')})/`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Two files that import each other are one file, or need a third below both.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    ...rooms.slice(1).map((room, i) => ({
      name: `not-up-from-${room}`,
      comment: `${room}/ lies below ${rooms.slice(0, i + 1).join(', ')}; ARCHITECTURE.md says why.`,
      severity: 'error',
      from: { path: inRooms([room]) },
      to: { path: inRooms(rooms.slice(0, i + 1)) },
    })),
    {
      name: 'not-up-from-the-ground',
      comment: 'data/, files/, threads/ and the single files of src/ know no room above them.',
      severity: 'error',
      from: { path: `${inRooms(ground)}|^src/(?!index|deprecated)[a-z0-9-]+\\.ts$` },
      to: { path: inRooms(rooms) },
    },
    {
      name: 'no-unknown-room',
      comment: 'A new folder of src/ has its place in the list of rooms in .dependency-cruiser.cjs.',
      severity: 'error',
      from: {},
      to: { path: '^src/[^/]+/', pathNot: `${inRooms([...rooms, ...ground])}|^src/entrances/` },
    },
    {
      name: 'nothing-imports-the-entrance',
      comment: 'src/index.ts and src/entrances/ are for users; code imports the file that it means.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(index|deprecated)\\.ts$' },
      to: { path: '^src/(index|deprecated)\\.ts$|^src/entrances/' },
    },
    {
      name: 'packages-are-declared',
      comment: 'What the package imports stands in package.json under dependencies or peerDependencies.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
