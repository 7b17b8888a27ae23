/** Who is in charge of an instance, decided by a real Postgres: one at a time, whatever happens to whom. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type InstanceLock, lockInstance } from '@cascata/control/store/instance-lock'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'

let server: TestPostgres
const locks: InstanceLock[] = []

beforeAll(async () => {
  server = await startPostgres()
})
afterEach(async () => {
  await Promise.all(locks.splice(0).map((lock) => lock.release()))
})
afterAll(() => server?.stop())

const address = () => ({ socketDir: server.socketDir, user: 'supabase_admin' })
const take = async (holder: string, patienceMs = 0): Promise<InstanceLock> => {
  const lock = await lockInstance(address(), { holder, home: '/home', patienceMs })
  locks.push(lock)
  return lock
}
const holders = async (): Promise<string[]> => {
  const rows = await server.admin()<{ name: string }[]>`select application_name as name
    from pg_locks join pg_stat_activity using (pid) where locktype = 'advisory' and granted`
  return rows.map(({ name }) => name)
}
/** As if the network between had been cut. */
const cut = () => server.admin()`select pg_terminate_backend(pid) from pg_locks
  where locktype = 'advisory' and granted`

test('the second is told who is first, and what to do', async () => {
  const first = await take('one')
  expect(first.held()?.aborted).toBe(false)
  const refused = await take('two').catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'control-already-running', hint: expect.stringContaining('Stop') })
  expect(String(refused)).toMatch(/in charge of \/home: on one, since 20\d\d-/)
  expect(await holders()).toEqual(['cascata-control of one'])
})

test('one that stops has a follower, who waits for that a little', async () => {
  const first = await take('one')
  const second = take('two', 5_000)
  await first.release()
  expect(first.held()).toBeUndefined()
  expect((await second).held()).toBeDefined()
})

test('kill -9 of the holder lets the next one in at once', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', HOLD, JSON.stringify(address())], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  expect(await holders()).toEqual(['cascata-control of child'])
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
  const from = performance.now()
  await take('next', 5_000)
  expect(performance.now() - from).toBeLessThan(2_000)
})

const HOLD = `import { lockInstance } from '@cascata/control/store/instance-lock'
await lockInstance(JSON.parse(process.argv[1]), { holder: 'child', home: '/home' })
console.log('held')`

test('a connection that breaks ends what is under way, and the lock is had again', async () => {
  const lock = await take('one')
  const before = lock.held()
  await cut()
  await eventually(5_000, async () => expect(before?.aborted).toBe(true))
  await eventually(5_000, async () => expect(lock.held()?.aborted).toBe(false))
  expect(await holders()).toEqual(['cascata-control of one'])
  await expect(take('two')).rejects.toMatchObject({ code: 'control-already-running' })
})

test('one whose lock another has taken meanwhile is told, and never believes again that it has it', async () => {
  const lock = await take('one')
  const other = server.fresh()
  // It waits in line, and so is next.
  const waiting = other`select pg_advisory_lock(7166243)`.execute()
  await eventually(5_000, async () => {
    const [row] = await server.admin()`select from pg_locks where locktype = 'advisory' and not granted`
    expect(row).toBeDefined()
  })
  await cut()
  await waiting
  expect(await lock.taken).toMatchObject({ code: 'control-already-running' })
  expect(lock.held()).toBeUndefined()
  await other`select pg_advisory_unlock_all()`
  await take('three', 5_000)
  expect(lock.held()).toBeUndefined()
})
