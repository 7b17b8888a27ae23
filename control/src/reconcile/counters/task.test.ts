import { counterAccess } from '@cascata/shared/counter-access'
import { expect, test } from 'vitest'
import type { Files } from '../../adapters/files.ts'
import { pathsOf } from '../../paths.ts'
import type { ListedProject } from '../../store/projects.ts'
import { directEffects } from '../effects.ts'
import { type CountersDeps, countersTask } from './task.ts'

/** Of the world what this task touches: one file, and a Redis that reads it. */
function start(given: { isAway?: boolean } = {}) {
  const world = { text: null as string | null, users: ['default'], isAway: given.isAway ?? false }
  const rows = new Map<string, { desired: string; password: string | null }>()
  const files = {
    read: async () => world.text,
    write: async (_path: string, text: string) => {
      world.text = text
    },
  } as unknown as Files
  const deps = {
    files,
    site: { paths: pathsOf('/home') },
    store: {
      projects: {
        list: async () =>
          [...rows].map(([ref, { desired }]) => ({ ref, desired, secrets: '' }) as unknown as ListedProject),
      },
    },
    redisUsers: {
      names: async () => (world.isAway ? null : world.users),
      read: async () => {
        world.users = [...(world.text ?? '').matchAll(/^user (\S+)/gm)].map(([, name = '']) => name)
      },
    },
    control: { username: 'control', password: 'its own' },
    openSecrets({ ref }: { ref: string }) {
      const password = rows.get(ref)?.password
      if (!password) throw new Error('sealed under another key')
      return { passwords: { authenticator: password } }
    },
    effects: directEffects(() => {}),
    log: { info() {}, warn() {}, error() {} },
  }
  const task = countersTask(deps as unknown as CountersDeps)
  const pass = async () => (await task.run(new AbortController().signal)).applied
  const admitted = () => world.users.filter((name) => name.startsWith('gate:'))
  return { world, rows, pass, admitted }
}

test('a project is let in when it is made, as somebody else when its password changes, and out when it is deleted', async () => {
  const { rows, pass, admitted } = start()
  rows.set('shop', { desired: 'running', password: 'one' })
  expect(await pass()).toEqual(['counters.write', 'counters.read'])
  expect(admitted()).toEqual([counterAccess('shop', 'one').username])
  expect(await pass()).toEqual([])
  rows.set('shop', { desired: 'paused', password: 'two' })
  await pass()
  expect(admitted()).toEqual([counterAccess('shop', 'two').username])
  rows.set('shop', { desired: 'deleted', password: 'two' })
  await pass()
  expect(admitted()).toEqual([])
})

test('a Redis that forgot everybody is told again', async () => {
  const { world, rows, pass, admitted } = start()
  rows.set('shop', { desired: 'running', password: 'one' })
  await pass()
  world.users = ['default', 'control']
  expect(await pass()).toEqual(['counters.read'])
  expect(admitted()).toHaveLength(1)
})

test('while Redis is away the list is written all the same', async () => {
  const { world, rows, pass } = start({ isAway: true })
  rows.set('shop', { desired: 'running', password: 'one' })
  expect(await pass()).toEqual(['counters.write'])
  expect(world.text).toContain(counterAccess('shop', 'one').username)
  expect(await pass()).toEqual([])
})

test('one project whose secrets do not open keeps nobody else out', async () => {
  const { rows, pass, admitted } = start()
  rows.set('broken', { desired: 'running', password: null })
  rows.set('shop', { desired: 'running', password: 'one' })
  await pass()
  expect(admitted()).toEqual([counterAccess('shop', 'one').username])
})
