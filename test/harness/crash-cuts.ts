/** Of what effects each flow of the crash matrix consists, at which of them it is cut, and on which project. */
import type { Step } from '@cascata/control/reconcile/effects'

const EDGE = ['edge.write', 'edge.test', 'edge.switch', 'edge.reload', 'edge.probe', 'edge.prune'] as const
/** Whom Redis lets in to count. */
const COUNTERS = ['counters.write', 'counters.read'] as const
const DATABASE = ['db.create', 'db.start', 'db.ready', 'db.bootstrap'] as const
const RUNTIME = ['runtime.create', 'runtime.start', 'runtime.ready'] as const
const PLACE = ['directories.ensure', 'document.write'] as const
const SEEN = ['project.record', 'operation.complete'] as const
const REFUSED = [
  ...['operation.verdict', 'import.purge', 'import.forget', 'operation.fail'],
  ...['db.stop', 'db.remove', 'files.remove', 'row.remove'],
] as const
/** Up to the keeping, whether or not it comes to that. */
const MOVED = [
  ...['intent.commit', 'upgrade.hold', 'project.record', 'upgrade.shut', 'runtime.stop', 'db.stop'],
  ...['upgrade.copy', 'upgrade.commit', 'runtime.remove', 'runtime.create', 'runtime.start'],
  ...['db.remove', 'db.create', 'db.start', 'upgrade.migrate'],
] as const
/** What the reconciler does with a project that it has back. */
const HANDED_BACK = [...PLACE, 'db.ready', 'db.bootstrap', 'db.starter', 'upgrade.discard'] as const
const UNDONE = [
  ...['operation.verdict', 'upgrade.aside', 'upgrade.back', 'upgrade.release', 'operation.fail'],
] as const
const FILLED = ['restore.roles', 'restore.staging', 'restore.load'] as const

/** Of a pooler that runs. */
const POOLER_CHANGED = [
  ...['pooler.write', 'pooler.test', 'pooler.switch', 'pooler.reload', 'pooler.probe', 'pooler.expel'],
] as const
const POOLER = ['pooler.write', 'pooler.switch', 'pooler.create', 'pooler.start', 'pooler.probe'] as const

export const EFFECTS = {
  create: ['intent.commit', ...PLACE, ...DATABASE, 'db.starter', ...RUNTIME, ...SEEN, ...COUNTERS, ...EDGE],
  pause: ['intent.commit', 'runtime.stop', 'db.stop', 'runtime.disconnect', ...SEEN, ...EDGE],
  // Neither changes anything at the edge.
  sleep: ['intent.commit', 'document.write', 'runtime.stop', 'db.stop', 'runtime.disconnect', ...SEEN],
  wake: [
    ...[
      'intent.commit',
      'sleep.end',
      'document.write',
      'db.start',
      'db.ready',
      'runtime.start',
      'runtime.ready',
    ],
    ...['sleep.woken', 'runtime.connect', 'db.bootstrap', 'db.starter', ...SEEN],
  ],
  delete: [
    'intent.commit',
    'runtime.stop',
    'runtime.remove',
    'db.stop',
    'db.remove',
    ...SEEN,
    ...COUNTERS,
    ...EDGE,
  ],
  purge: ['files.remove', 'row.remove'],
  import: [
    ...['intent.commit', 'import.insert', ...PLACE, ...DATABASE, ...FILLED, 'restore.swap'],
    ...['restore.clear', ...RUNTIME, 'restore.drop', 'project.record', 'import.forget', 'operation.succeed'],
    ...COUNTERS,
    ...EDGE,
  ],
  refuse: [
    ...['intent.commit', 'import.insert', ...PLACE, ...DATABASE, ...FILLED, 'project.record'],
    ...REFUSED,
    ...COUNTERS,
    ...EDGE,
  ],
  expose: [
    ...['intent.commit', ...PLACE, 'db.ready', 'db.bootstrap', 'db.starter', ...SEEN],
    // The first only of a server that ran before its project was opened, for the first time.
    ...['pooler.admit', ...POOLER],
  ],
  rotate: [
    'intent.commit',
    'document.write',
    'db.ready',
    'db.bootstrap',
    'db.starter',
    ...SEEN,
    ...POOLER_CHANGED,
  ],
  upgrade: [...MOVED, 'upgrade.keep', ...HANDED_BACK, 'operation.succeed'],
  undo: [...MOVED, ...UNDONE, ...HANDED_BACK, 'runtime.ready'],
} as const satisfies Record<string, readonly Step[]>

export type FlowName = keyof typeof EFFECTS
export const FLOW_NAMES = Object.keys(EFFECTS) as FlowName[]

export type Cut = { flow: FlowName; when: 'before' | 'after'; step: Step; ref: string }

/** Up to its failure an import that is refused is like any other, and is cut there; so is an upgrade that is undone; one
 * that is opened is one that was changed. */
const CUT: Partial<Record<FlowName, readonly Step[]>> = {
  // Of a project that stands, each control that starts asks the database: it would be killed before it is asked anything.
  upgrade: EFFECTS.upgrade.filter((step) => !['db.ready', 'db.bootstrap', 'db.starter'].includes(step)),
  refuse: REFUSED,
  expose: POOLER,
  rotate: POOLER_CHANGED,
  undo: [...UNDONE, 'upgrade.discard'],
}

export const cutsOf = (flow: FlowName): Cut[] =>
  (CUT[flow] ?? EFFECTS[flow])
    .flatMap((step) => (['before', 'after'] as const).map((when) => ({ flow, when, step })))
    .map((cut, at) => ({ ...cut, ref: refOf(cut, at) }))

/** Two projects take turns in being paused, put to sleep, opened, given a new password, deleted and upgraded; all else has a project of its own. */
const STANDING: readonly FlowName[] = [
  'pause',
  'sleep',
  'wake',
  'delete',
  'expose',
  'rotate',
  'upgrade',
  'undo',
]
const refOf = ({ flow, when, step }: Omit<Cut, 'ref'>, at: number): string =>
  STANDING.includes(flow) ? `standing-${(at % 2) + 1}` : `${flow}-${when}-${step.replace('.', '-')}`

export const unharmedRef = (flow: FlowName): string =>
  STANDING.includes(flow) ? 'standing-1' : `${flow}-unharmed`

/** Releases: one like the one under test, and one whose runtime ends at once after its migration emptied a table. */
export const RELEASES = { good: 'crash-matrix-good', bad: 'crash-matrix-bad' } as const
