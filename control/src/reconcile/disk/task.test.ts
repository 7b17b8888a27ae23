import { ProjectLimits, ProjectSettings } from '@cascata/shared/contract/projects'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Site } from '../../engine/spec.ts'
import { pathsOf } from '../../paths.ts'
import type { ProjectRow } from '../../store/tables/projects.ts'
import type { Task } from '../task.ts'
import { diskTask } from './task.ts'
import { createUsages, isFull, type Usages } from './usages.ts'

const MiB = 1024 * 1024
const site: Site = {
  ...{ instance: 'cascata', imageTag: '0.1.0', paths: pathsOf('/home'), bind: ['127.0.0.1'] },
  ...{ httpPort: 8080, httpsPort: 8443, dbSessionPort: 15_432, dbTransactionPort: 16_543 },
}
const rowOf = (ref: string, change: Partial<ProjectRow> = {}): ProjectRow =>
  ({
    ...{ ref, desired: 'running', importing: null, purgeAfter: null, asleepSince: null },
    limits: ProjectLimits.parse({ disk_mb: 100 }),
    settings: ProjectSettings.parse({}),
    ...change,
  }) as ProjectRow

let now = 0
let free = 1_000 * MiB
let used: Record<string, number> = {}
let rows: ProjectRow[] = []
let walked: string[] = []
let ended: string[] = []
let changes = 0
let usages: Usages
let task: Task

beforeEach(() => {
  ;[now, free, used, walked, ended, changes] = [0, 1_000 * MiB, { shop: 10, blog: 10 }, [], [], 0]
  rows = [rowOf('shop'), rowOf('blog')]
  usages = createUsages()
  task = diskTask({
    store: {
      projects: {
        list: async () => rows,
        find: async (ref) => rows.find((row) => row.ref === ref),
        recordObserved: async () => {},
        remove: async () => {},
      },
    },
    disk: {
      usedBytes: async (folder) => {
        const [place, ref = ''] = folder.split('/').slice(-2)
        // Its sockets and its document: next to nothing.
        if (place === 'run') return 0
        walked.push(ref)
        return (used[ref] ?? 0) * MiB
      },
      freeBytes: async () => free,
    },
    ...{ usages, site, clock: { now: () => now } },
    endSessions: async (ref) => void ended.push(ref),
    changed: () => {
      changes += 1
    },
  })
})

/** A pass some seconds later. */
async function pass(seconds: number): Promise<string[]> {
  now += seconds * 1_000
  walked = []
  await task.run(new AbortController().signal)
  return walked
}

describe('the disk task', () => {
  test('walks each project once, and then leaves those alone that do not grow', async () => {
    expect(await pass(0)).toEqual(['shop', 'blog'])
    expect(await pass(60)).toEqual([])
    expect(await pass(300)).toEqual(['shop', 'blog'])
  })

  test('looks at all of them when the disk has less room, but not with every row', async () => {
    await pass(0)
    free -= 65 * MiB
    expect(await pass(11)).toEqual(['shop', 'blog'])
    free -= 65 * MiB
    expect(await pass(2)).toEqual([])
    expect(await pass(9)).toEqual(['shop', 'blog'])
  })

  test('follows one that grows, and says when it is full and when it is not any more', async () => {
    await pass(0)
    used.shop = 60
    free -= 65 * MiB
    await pass(11)
    used.shop = 101
    expect(await pass(3)).toEqual(['shop'])
    expect([isFull(usages.of('shop')), isFull(usages.of('blog'))]).toEqual([true, false])
    const before = changes
    used.shop = 97
    await pass(2)
    expect([usages.of('shop')?.state, changes]).toEqual(['full', before])
    used.shop = 50
    await pass(2)
    expect([usages.of('shop')?.state, changes]).toEqual(['ok', before + 1])
  })

  test('ends the sessions of a full one that grows on', async () => {
    used.shop = 101
    await pass(0)
    used.shop = 110
    await pass(2)
    expect(ended).toEqual([])
    used.shop = 140
    await pass(2)
    expect(ended).toEqual(['shop'])
  })

  test('judges by another limit at once', async () => {
    await pass(0)
    rows = [rowOf('shop', { limits: ProjectLimits.parse({ disk_mb: null }) }), rowOf('blog')]
    used.shop = 1_000
    await pass(300)
    expect(usages.of('shop')).toMatchObject({ state: 'ok', usedBytes: 1_000 * MiB })
    rows = [rowOf('shop'), rowOf('blog')]
    await pass(1)
    expect(usages.of('shop')?.state).toBe('full')
  })

  test('does not walk what is paused, and forgets what is gone', async () => {
    await pass(0)
    rows = [rowOf('shop', { desired: 'paused' })]
    expect(await pass(600)).toEqual([])
    expect(usages.refs()).toEqual(['shop'])
  })
})
