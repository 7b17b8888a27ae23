/**
 * The plan of the house: which folder is which zone, and which zones it may import from. This table is the wall;
 * a new line in it is a decision, not a repair.
 */

export type Zone = string

/** The first pattern that fits a path names its zone. */
const PLACES: readonly (readonly [RegExp, Zone])[] = [
  [/^shared\//, 'shared'],
  [/^templates\//, 'templates'],
  [/^docker\//, 'docker'],
  [/^test\/(?:acceptance|suites)\//, 'acceptance'],
  [/^test\//, 'test'],
  [/^control\/cli\//, 'control cli'],
  [/^control\/console\//, 'control console'],
  [/^control\/src\/(?:(?:main|daemon)\.ts$|wiring\/)/, 'control main'],
  [
    /^control\/src\/(acme|http|app|store|reconcile|edge|pooler|jobs|archive|engine|adapters|typegen|activator)\//,
    'control $1',
  ],
  [/^control\/src\//, 'control ground'],
  [/^control\//, 'control tools'],
  [
    /^runtime\/src\/(?:main|parts|runtime|runtime-harness|runtime-connections|runtime-sockets)(?:\.test)?\.ts$/,
    'runtime main',
  ],
  [/^runtime\/src\/(http|gate|session|wire|rest|auth|storage|realtime|functions)\//, 'runtime $1'],
  [/^runtime\/src\//, 'runtime ground'],
  [/^runtime\//, 'runtime tools'],
]

const CONTROL = [
  'acme',
  'http',
  'app',
  'store',
  'reconcile',
  'edge',
  'pooler',
  'jobs',
  'archive',
  'engine',
  'adapters',
  'typegen',
  'activator',
]
const SERVICES = ['rest', 'auth', 'storage', 'realtime', 'functions']
const control = (...names: string[]) => ['control ground', ...names.map((name) => `control ${name}`)]
const runtime = (...names: string[]) => names.map((name) => `runtime ${name}`)

/** Beside itself and `shared`, which all but the ground may use. */
const MAY_IMPORT: Readonly<Record<Zone, readonly Zone[]>> = {
  shared: [],
  templates: [],
  docker: [],
  acceptance: [],
  test: [
    'templates',
    'control main',
    ...control(...CONTROL),
    ...runtime('main', 'ground', 'http', 'gate', 'session', 'wire', ...SERVICES),
  ],

  'control main': ['templates', ...control(...CONTROL)],
  // What every part stands on: config.ts, paths.ts and the like.
  'control ground': ['templates'],
  'control http': control('app'),
  // Holds requests of projects; what wakes them is given to it.
  'control activator': control('edge'),
  'control app': ['templates', ...control('acme', 'store', 'adapters', 'typegen')],
  'control jobs': ['templates', ...control('app', 'store', 'archive', 'engine', 'adapters', 'reconcile')],
  'control reconcile': ['templates', ...control('acme', 'store', 'edge', 'pooler', 'engine', 'adapters')],
  'control archive': ['templates', ...control('engine', 'adapters')],
  'control store': control('acme'),
  // Rules about certificates: pure.
  'control acme': control(),
  'control edge': ['templates', ...control('acme')],
  'control pooler': control(),
  'control engine': control(),
  // Catalogs to text: pure.
  'control typegen': control(),
  'control adapters': ['templates', ...control('acme', 'engine', 'edge', 'pooler', 'typegen')],
  'control cli': [],
  'control console': [],
  'control tools': ['control main', 'control ground', 'control cli'],

  'runtime main': runtime('ground', 'http', 'gate', 'session', 'wire', ...SERVICES),
  'runtime ground': runtime('http', 'gate', 'session'),
  'runtime http': runtime('gate', 'session'),
  'runtime gate': runtime('session'),
  'runtime session': [],
  'runtime wire': runtime('session'),
  ...Object.fromEntries(SERVICES.map((name) => [`runtime ${name}`, runtime('session')])),
  'runtime tools': runtime('main', 'ground'),
}

export function zoneOf(path: string): Zone | undefined {
  for (const [pattern, zone] of PLACES) {
    const found = pattern.exec(path)
    if (found) return zone.replace('$1', found[1] ?? '')
  }
  return undefined
}

/** A test beside its source may build whatever the source is given. */
export function mayImport(from: { zone: Zone; isTest: boolean }, to: Zone): boolean {
  if (from.zone === to) return true
  if (to === 'shared') return from.zone !== 'templates' && from.zone !== 'docker'
  if (from.zone === 'acceptance') return to === 'test'
  if (from.isTest && to === 'test') return true
  return MAY_IMPORT[from.zone]?.includes(to) ?? false
}

/** Inside rest a step knows those before it; what is in none of these folders is for all of them. */
const REST_STEPS = ['request', 'schema', 'plan', 'sql', 'execute', 'respond']

export function restStepOf(path: string): number | undefined {
  const found = /^runtime\/src\/rest\/([a-z-]+)(?:\/|\.ts$)/.exec(path)
  const step = REST_STEPS.indexOf(found?.[1] ?? '')
  return step < 0 ? undefined : step
}
