import { ProjectLimits, ProjectSettings } from '@cascata/shared/contract/projects'
import type { SleepAfter } from '@cascata/shared/contract/sleep-settings'
import { describe, expect, test } from 'vitest'
import type { ProjectRow } from '../../store/tables/projects.ts'
import { type Candidate, planSleep } from './policy.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const MINUTE = 60_000

const rowOf = (patch: Partial<ProjectRow> = {}): ProjectRow => ({
  id: '00000000-0000-4000-8000-000000000001',
  ...{ ref: 'shop', name: 'Shop', template: 'empty', uid: 200_000, secrets: '' },
  ...{ desired: 'running', importing: null, generation: 3, restarts: 0, dbRestarts: 0, imageTag: null },
  limits: ProjectLimits.parse({}),
  settings: ProjectSettings.parse({}),
  ...{ observedGeneration: 3, observedState: 'running', lastProblem: null },
  ...{ lastActiveAt: null, asleepSince: null, wokenAt: null, wakeMs: null },
  createdAt: '2026-01-01T00:00:00Z',
  ...{ updatedAt: '2026-01-01T00:00:00Z', deletedAt: null, purgeAfter: null },
  ...patch,
})

/** Last used so many minutes ago. */
const used = (minutes: number | null, patch: Partial<ProjectRow> = {}): Candidate => ({
  row: rowOf(patch),
  lastActiveAt: minutes === null ? null : NOW - minutes * MINUTE,
  isHeld: false,
})
const saying = (afterMinutes: SleepAfter | null) => ({
  settings: ProjectSettings.parse({ sleep: { afterMinutes } }),
})

const asleep = (candidate: Candidate, usual: SleepAfter = 30) =>
  planSleep([candidate], { now: NOW, usual }).asleep.map(({ row }) => row.ref)

describe('planSleep', () => {
  test.each<[sentence: string, candidate: Candidate, usual: SleepAfter]>([
    ['one that nobody used for as long as the instance says', used(31), 30],
    ['one that nobody used for as long as it says itself', used(6, saying(5)), 30],
    ['one that says so where the instance says never', used(6, saying(5)), 'never'],
    ['one that was never used since it was made', used(null), 30],
    ['one whose settings were written before there was sleep', used(31, { settings: {} as never }), 30],
  ])('puts to sleep %s', (_sentence, candidate, usual) => {
    expect(asleep(candidate, usual)).toEqual(['shop'])
  })

  test.each<[sentence: string, candidate: Candidate, usual: SleepAfter]>([
    ['one in use', used(0), 30],
    ['one whose time is just over, for notes of its use lag behind', used(30), 30],
    ['one that says never', used(10_000, saying('never')), 30],
    ['one that says nothing where the instance says never', used(10_000), 'never'],
    ['one whose own time is longer than the instance’s', used(31, saying(60)), 30],
    ['one that something holds', { ...used(60), isHeld: true }, 30],
    ['one that sleeps', used(60, { asleepSince: '2026-06-01T11:00:00Z' }), 30],
    ['one that is being woken', used(60, { observedState: 'asleep' }), 30],
    ['one that is paused', used(60, { desired: 'paused', observedState: 'paused' }), 30],
    ['one that is deleted', used(60, { desired: 'deleted' }), 30],
    ['one that an import fills', used(60, { importing: '00000000-0000-4000-8000-000000000002' }), 30],
    ['one that is changing', used(60, { generation: 4 }), 30],
    ['one that fails', used(60, { observedState: 'failing' }), 30],
    ['one that was just made', used(null, { createdAt: '2026-06-01T11:59:00Z' }), 30],
    ['one whose notes are of the future', used(-600), 30],
  ])('leaves awake %s', (_sentence, candidate, usual) => {
    expect(asleep(candidate, usual)).toEqual([])
  })

  test('looks again when the next one is due', () => {
    const soon = [used(20), used(29, { ref: 'blog' }), used(90, { ref: 'wiki', desired: 'paused' })]
    const { againInMs } = planSleep(soon, { now: NOW, usual: 30 })
    expect(againInMs).toBeGreaterThan(MINUTE)
    expect(againInMs).toBeLessThan(2 * MINUTE)
  })

  test('need not look again where nobody may fall asleep', () => {
    const { againInMs } = planSleep([used(60, saying('never'))], { now: NOW, usual: 30 })
    expect(againInMs).toBe(Number.POSITIVE_INFINITY)
  })
})
