import { describe, expect, test } from 'vitest'
import { egressNetwork } from '../../engine/spec.ts'
import { type Observed, planOrphan, planProject } from './plan.ts'
import { db, nothing, OLD, parted, runtime, settled, shop, site, wanted } from './plan-harness.ts'
import type { Mode } from './wanted.ts'

const inWords = (seen: Observed, as = shop) => {
  const plan = planProject(site, as, seen)
  return [
    ...plan.steps.map(({ id }) => id.replace('cascata-shop-', '').replace(` ${egressNetwork(site)}`, '')),
    ...(plan.complete ? ['complete'] : []),
  ]
}

const CREATE_DB = ['create db', 'start db', 'db.ready', 'db.bootstrap']
const CREATE_ONE = ['create runtime-1', 'start runtime-1', 'ready 1']
const CREATE_TWO = ['create runtime-2', 'start runtime-2', 'ready 2']

describe('planProject', () => {
  test.each<[string, Observed, string[]]>([
    [
      'makes everything when there is nothing',
      nothing,
      ['directories', 'document', ...CREATE_DB, ...CREATE_ONE],
    ],
    ['rests when all is as it should be', settled, ['complete']],
    ['makes a removed runtime anew', { ...settled, containers: [db()], ready: new Set() }, CREATE_ONE],
    ['makes a removed database anew', { ...settled, containers: [runtime(1)] }, [...CREATE_DB, 'complete']],
    [
      'starts what was stopped',
      { ...settled, containers: [db(), runtime(1, 'exited')] },
      ['start runtime-1', 'ready 1'],
    ],
    [
      'starts both at once when both were stopped, and prepares nothing again that was',
      { ...settled, containers: [db('exited'), runtime(1, 'exited')], ready: new Set() },
      ['start db', 'db.ready', 'start runtime-1', 'ready 1'],
    ],
    [
      'joins one that slept to its network, once it is ready',
      { ...settled, containers: [db('exited'), parted(runtime(1, 'exited'))], ready: new Set() },
      ['start db', 'db.ready', 'start runtime-1', 'ready 1', 'connect runtime-1'],
    ],
    [
      'joins one that runs without its network',
      { ...settled, containers: [db(), parted(runtime(1))] },
      ['connect runtime-1'],
    ],
    [
      'prepares a database that is made anew, whatever is known of the one before',
      { ...settled, containers: [db('dead'), runtime(1)] },
      ['remove db', ...CREATE_DB, 'complete'],
    ],
    [
      'replaces what is dead',
      { ...settled, containers: [db(), runtime(1, 'dead')] },
      [...CREATE_TWO, 'remove runtime-1'],
    ],
    ['waits for a runtime that is not ready', { ...settled, ready: new Set() }, ['ready 1']],
    ['writes a stale document', { ...settled, document: '{}' }, ['document', 'complete']],
    ['mends directories', { ...settled, unsound: shop.directories.slice(0, 1) }, ['directories', 'complete']],
    [
      'asks a database it knows nothing of',
      { ...settled, prepared: null },
      ['db.ready', 'db.bootstrap', 'complete'],
    ],
    [
      'replaces a database of another spec in place',
      { ...settled, containers: [db('running', OLD), runtime(1)] },
      ['stop db', 'remove db', ...CREATE_DB, 'complete'],
    ],
    [
      'starts a new runtime beside the old one',
      { ...settled, containers: [db(), runtime(1, 'running', OLD)] },
      CREATE_TWO,
    ],
    [
      'lets the old runtime answer until the edge has turned to the new one',
      { ...settled, containers: [db(), runtime(1, 'running', OLD), runtime(2)], ready: new Set([1, 2]) },
      [],
    ],
    [
      'stops the old runtime once nobody is sent to it',
      {
        ...settled,
        containers: [db(), runtime(1, 'running', OLD), runtime(2)],
        ready: new Set([1, 2]),
        served: new Set([2]),
      },
      ['stop runtime-1', 'remove runtime-1', 'complete'],
    ],
    [
      'keeps the old runtime while the edge does not say whom it serves',
      {
        ...settled,
        containers: [db(), runtime(1, 'running', OLD), runtime(2)],
        ready: new Set([1, 2]),
        served: 'unknown',
      },
      [],
    ],
    [
      'ends one of two old runtimes, the one that is not served, before it makes another',
      {
        ...settled,
        containers: [db(), runtime(1, 'running', OLD), runtime(2, 'running', OLD)],
        ready: new Set([1, 2]),
        served: new Set([2]),
      },
      ['stop runtime-1', 'remove runtime-1'],
    ],
    [
      'keeps one of two good runtimes: the one that is served',
      {
        ...settled,
        containers: [db(), runtime(1), runtime(2)],
        ready: new Set([1, 2]),
        served: new Set([2]),
      },
      ['stop runtime-1', 'remove runtime-1', 'complete'],
    ],
    ['is not complete before the edge knows of it', { ...settled, served: 'none' }, []],
    [
      'keeps no more than are wanted, however many run',
      { ...settled, containers: [db(), runtime(1), runtime(7)] },
      ['stop runtime-7', 'remove runtime-7', 'complete'],
    ],
  ])('%s', (_sentence, seen, expected) => {
    expect(inWords(seen)).toEqual(expected)
  })

  test.each<[string, Mode, Observed, string[]]>([
    [
      'a pause stops the runtime, then the database, and takes the runtime off its network',
      'paused',
      settled,
      ['stop runtime-1', 'stop db', 'disconnect runtime-1', 'complete'],
    ],
    [
      'a project that falls asleep is stopped like a paused one',
      'asleep',
      settled,
      ['stop runtime-1', 'stop db', 'disconnect runtime-1', 'complete'],
    ],
    [
      'what sleeps is kept ready to start: its document is written, nothing is started',
      'asleep',
      { ...settled, containers: [db('exited'), parted(runtime(1, 'exited'))], document: '{}' },
      ['document', 'complete'],
    ],
    [
      'what is paused is left alone',
      'paused',
      { ...settled, containers: [db('exited'), parted(runtime(1, 'exited'))] },
      ['complete'],
    ],
    [
      'a deletion removes containers and keeps files',
      'deleted',
      settled,
      ['stop runtime-1', 'remove runtime-1', 'stop db', 'remove db', 'complete'],
    ],
    [
      'a purge leaves nothing, the row last',
      'purged',
      { ...settled, containers: [db('exited')] },
      ['remove db', 'files', 'row', 'complete'],
    ],
    [
      'an import has a database and no runtime',
      'database',
      nothing,
      ['directories', 'document', ...CREATE_DB, 'complete'],
    ],
    [
      'what an upgrade has in hand is left alone, whatever is missing or made from other images',
      'held',
      { ...nothing, containers: [db('running', OLD)] },
      ['complete'],
    ],
  ])('%s', (_sentence, mode, seen, expected) => {
    expect(inWords(seen, wanted(mode))).toEqual(expected)
  })

  test('applies the starter template only to a project that asks for one', () => {
    expect(inWords(nothing, wanted('running', 'hello'))).toContain('db.starter')
    expect(inWords(nothing)).not.toContain('db.starter')
  })

  test('a start waits for nothing but what it needs: database and runtime start side by side', () => {
    const asleep = { ...settled, containers: [db('exited'), runtime(1, 'exited')], ready: new Set<number>() }
    const { steps } = planProject(site, shop, asleep)
    const present = new Set(steps.map(({ id }) => id))
    const starts = steps.filter(({ do: what }) => what === 'db.start' || what === 'runtime.start')
    expect(starts.map(({ after }) => after.filter((id) => present.has(id)))).toEqual([[], []])
  })
})

test('an orphan is stopped and removed, its runtime first', () => {
  const { steps } = planOrphan([db(), runtime(1)])
  expect(steps.map((step) => `${step.do} after ${step.after.length}`)).toEqual([
    'runtime.stop after 0',
    'runtime.remove after 1',
    'db.stop after 1',
    'db.remove after 2',
  ])
})
