import { describe, expect, test } from 'vitest'
import type { Container } from '../../engine/engine.ts'
import { poolerSpec, type Site, specHash } from '../../engine/spec.ts'
import { pathsOf } from '../../paths.ts'
import { type PoolerObserved, type PoolerStep, planPooler } from './plan.ts'

const site: Site = {
  instance: 'cascata',
  imageTag: '0.1.0',
  paths: pathsOf('/home'),
  bind: ['127.0.0.1'],
  ...{ httpPort: 8080, httpsPort: 8443, dbSessionPort: 15_432, dbTransactionPort: 16_543 },
}
const spec = poolerSpec(site)
const wanted = { rendered: { files: {}, digest: 'new' }, spec }

const container = (state: Container['state'], hash = specHash(spec)): Container => ({
  ...{ name: spec.name, project: spec.project, role: 'pooler', state, health: 'none', spec: hash },
  ...{ image: spec.image, networks: [], exitCode: null },
})

const nothing: PoolerObserved = {
  ...{ container: undefined, unsound: [], shut: [], candidates: [], current: null, serving: null },
  ...{ users: '', expel: [] },
}
const serving = (digest: string): PoolerObserved => ({
  ...{ container: container('running'), unsound: [], shut: [], current: 'candidate-2', serving: digest },
  ...{ users: '', expel: [] },
  candidates: [
    { name: 'candidate-1', digest: 'older' },
    { name: 'candidate-2', digest },
  ],
})

const inWords = (step: PoolerStep): string => {
  if (step.do === 'pooler.expel') return `${step.do} ${step.expel.join(' ')} of ${step.name}`
  if ('names' in step) return `${step.do} ${step.names.join(' ')}`
  if ('name' in step) return `${step.do} ${step.name}`
  if (step.do === 'pooler.probe') return `${step.do} ${step.digest} or ${step.back}`
  return step.do
}

const [UP, END] = [`pooler.start ${spec.name}`, 'pooler.probe new or null']

describe('planPooler, with a project open', () => {
  test.each<[string, PoolerObserved, string[]]>([
    [
      'makes everything where there is nothing',
      nothing,
      ['pooler.write candidate-1', 'pooler.switch candidate-1', 'pooler.create', UP, END],
    ],
    ['rests when all is as it should be', serving('new'), []],
    [
      'tries a new configuration before it serves',
      serving('old'),
      [
        ...[
          'pooler.write candidate-3',
          'pooler.test candidate-3',
          'pooler.switch candidate-3',
          'pooler.reload',
        ],
        'pooler.probe new or candidate-2',
      ],
    ],
    [
      'starts with the new configuration: the old one may let in whom nobody wants',
      { ...serving('old'), container: container('exited'), serving: null },
      ['pooler.write candidate-3', 'pooler.switch candidate-3', UP, END],
    ],
    [
      'starts again on what was in use',
      { ...serving('new'), container: container('exited'), serving: null },
      [UP, END],
    ],
    [
      'reloads when a process has not got as far as the link',
      { ...serving('new'), serving: 'old' },
      ['pooler.reload', END],
    ],
    [
      'makes a container of another specification anew',
      { ...serving('new'), container: container('running', 'other') },
      [`pooler.stop ${spec.name}`, `pooler.remove ${spec.name}`, 'pooler.create', UP, END],
    ],
    [
      'opens the door of a server that ran before',
      { ...serving('new'), shut: ['/home/run/shop/db/.s.PGSQL.5432'] },
      ['pooler.admit'],
    ],
    [
      'keeps the configuration in use and the one before it',
      {
        ...serving('new'),
        ...{ current: 'candidate-4' },
        candidates: ['old', 'older', 'newer', 'new'].map((digest, at) => ({
          name: `candidate-${at + 1}`,
          digest,
        })),
      },
      ['pooler.prune candidate-1 candidate-2'],
    ],
    [
      'drops what was refused, passwords and all, before it writes another one',
      {
        ...serving('old'),
        candidates: ['older', 'old', 'refused', 'refused'].map((digest, at) => ({
          name: `candidate-${at + 1}`,
          digest,
        })),
      },
      [
        ...['pooler.prune candidate-3 candidate-4', 'pooler.write candidate-5', 'pooler.test candidate-5'],
        ...['pooler.switch candidate-5', 'pooler.reload', 'pooler.probe new or candidate-2'],
      ],
    ],
  ])('%s', (_sentence, seen, steps) => {
    expect(planPooler(wanted, seen).map(inWords)).toEqual(steps)
  })
})

/** What is left on disk, and in use, when this step is the first that fails. */
function upTo(failing: PoolerStep['do'], seen: PoolerObserved): PoolerObserved {
  let { candidates, current } = seen
  for (const step of planPooler(wanted, seen)) {
    if (step.do === 'pooler.prune') candidates = candidates.filter(({ name }) => !step.names.includes(name))
    // Half of one, where it is this that fails.
    if (step.do === 'pooler.write')
      candidates = [...candidates, { name: step.name, digest: step.do === failing ? null : 'new' }]
    if (step.do === failing) {
      if (step.do === 'pooler.probe' && step.back !== null) current = step.back
      break
    }
    if (step.do === 'pooler.switch') current = step.name
  }
  return { ...seen, candidates, current }
}

test.each(['pooler.write', 'pooler.test', 'pooler.switch', 'pooler.probe'] as const)(
  'planPooler leaves no more than three configurations, however often %s fails',
  (failing) => {
    const counts: number[] = []
    for (let [tries, seen] = [0, serving('old')]; tries < 9; tries += 1) {
      seen = upTo(failing, seen)
      counts.push(seen.candidates.length)
    }
    expect(Math.max(...counts)).toBe(3)
  },
)

describe('planPooler, with another password', () => {
  const users = (verifiers: Record<string, string>) =>
    Object.entries(verifiers).map(([ref, is]) => `"postgres.${ref}" "${is}"\n`)
  const next = (verifiers: Record<string, string>) => ({
    spec,
    rendered: { files: { 'users.txt': users(verifiers).join('') }, digest: 'new' },
  })
  const before = { ...serving('old'), users: users({ shop: 'a', blog: 'a', gone: 'a' }).join('') }
  const expelled = (seen: PoolerObserved, wanted: ReturnType<typeof next>) =>
    planPooler(wanted, seen)
      .map(inWords)
      .filter((step) => step.includes('expel'))

  test('puts out whose clients came in by the old one, and nobody else, once the new one is served', () => {
    const steps = planPooler(next({ shop: 'b', blog: 'a', fresh: 'b' }), before).map(inWords)
    expect(steps.slice(-2)).toEqual(['pooler.probe new or candidate-2', 'pooler.expel shop of candidate-3'])
  })

  test.each<[string, PoolerObserved, string[]]>([
    ['goes on after a kill', { ...serving('new'), expel: ['shop'] }, ['pooler.expel shop of candidate-2']],
    [
      'takes over what the one before has not got to, but for who is let in no more',
      { ...before, expel: ['blog', 'gone'] },
      ['pooler.expel blog shop of candidate-3'],
    ],
    [
      'has nobody to put out of one that does not run',
      { ...before, container: container('exited'), serving: null },
      [],
    ],
  ])('%s', (_sentence, seen, steps) => {
    expect(expelled(seen, next({ shop: 'b', blog: 'a' }))).toEqual(steps)
  })
})

describe('planPooler, with none open', () => {
  test.each<[string, PoolerObserved, string[]]>([
    ['rests where there is nothing', nothing, []],
    [
      'removes the container, and the passwords with the configurations',
      serving('old'),
      [
        `pooler.stop ${spec.name}`,
        `pooler.remove ${spec.name}`,
        'pooler.prune current candidate-1 candidate-2',
      ],
    ],
    [
      'removes what was never started',
      { ...nothing, container: container('created') },
      [`pooler.remove ${spec.name}`],
    ],
  ])('%s', (_sentence, seen, steps) => {
    expect(planPooler(null, seen).map(inWords)).toEqual(steps)
  })
})
