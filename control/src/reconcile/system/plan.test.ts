import { describe, expect, test } from 'vitest'
import type { Container } from '../../engine/engine.ts'
import { metaSpec, redisSpec, type Site, specHash } from '../../engine/spec.ts'
import { pathsOf } from '../../paths.ts'
import { planSystem, type SystemSeen, systemDirectories } from './task.ts'

const site: Site = {
  ...{ instance: 'cascata', imageTag: '0.1.0', paths: pathsOf('/home'), bind: ['127.0.0.1'] },
  ...{ httpPort: 8080, httpsPort: 8443, dbSessionPort: 15_432, dbTransactionPort: 16_543 },
}
const control = { username: 'control', password: 'its own' }

const running = (spec: ReturnType<typeof redisSpec>, hash = specHash(spec)): Container => ({
  ...{
    name: spec.name,
    project: spec.project,
    role: spec.role,
    state: 'running',
    health: 'none',
    spec: hash,
  },
  ...{ image: spec.image, networks: [], exitCode: null },
})
const settled: SystemSeen = {
  containers: [running(metaSpec(site)), running(redisSpec(site))],
  ...{ unsound: [], hasUsers: true },
}

describe('planSystem', () => {
  test.each<[string, SystemSeen, string[]]>([
    ['rests when all is there', settled, []],
    [
      'starts Redis only once it has a list of whom to let in',
      { containers: [running(metaSpec(site))], unsound: [], hasUsers: false },
      ['redis.admit', 'redis.create after directories redis.admit', 'redis.start'],
    ],
    ['writes the list that was lost', { ...settled, hasUsers: false }, ['redis.admit']],
    [
      'replaces a Redis that lets in whoever comes',
      { ...settled, containers: [running(metaSpec(site)), running(redisSpec(site), 'of a release before')] },
      ['redis.stop', 'redis.remove', 'redis.create', 'redis.start'],
    ],
  ])('%s', (_sentence, seen, expected) => {
    const words = planSystem({ site, control }, seen).map(({ do: what, after }) => ({ what, after }))
    expect(words.map(({ what }) => what)).toEqual(expected.map((each) => each.split(' ')[0]))
    for (const [at, each] of expected.entries())
      expect(words[at]?.after).toEqual(expect.arrayContaining(each.split(' ').slice(2)))
  })

  test('lets in control alone at first', () => {
    const [step] = planSystem({ site, control }, { ...settled, hasUsers: false })
    expect(step?.do === 'redis.admit' && step.text.match(/^user \S+ on/gm)).toEqual(['user control on'])
  })

  test("Redis' folder of users is not its own, and that of its socket is no stranger's", () => {
    const modes = systemDirectories(site.paths).filter(({ path }) => path.includes('redis'))
    expect(modes.map(({ path, uid, gid, mode }) => `${path} ${uid}:${gid} ${mode.toString(8)}`)).toEqual([
      '/home/system/redis 991:991 700',
      '/home/system/redis-users 0:991 750',
      '/home/run/_redis 991:994 2750',
    ])
  })
})
