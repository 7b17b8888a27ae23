/** Jobs on a real queue, a real store and real clusters; what the reconciler would do is done by hand. */
import { createReadStream } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { newSecrets, openSecrets, sealSecrets } from '@cascata/control/adapters/project-secrets'
import { sealWith } from '@cascata/control/adapters/seal'
import { openInput, sealInput } from '@cascata/control/app/sealed-input'
import { verifyArchive, verifyStream } from '@cascata/control/archive/verify'
import { dockerEngine } from '@cascata/control/engine/docker/engine'
import type { JobDeps } from '@cascata/control/jobs/deps'
import { type Jobs, startJobs } from '@cascata/control/jobs/queue'
import { runOperation } from '@cascata/control/jobs/run'
import { pathsOf } from '@cascata/control/paths'
import { openStore, type Store } from '@cascata/control/store/open'
import { upgradeWorld } from '@cascata/control/wiring/jobs'
import { putBack, takeOut } from '@cascata/shared/auth/secrets'
import { systemClock } from '@cascata/shared/clock'
import type { OperationKind } from '@cascata/shared/contract/operations'
import { ProjectLimits, ProjectSettings } from '@cascata/shared/contract/projects'
import { newBackupId, newOperationId } from '@cascata/shared/ids'
import { sourceFolder, templatesAt } from '@cascata/templates'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newInstanceKeys } from '../harness/archives.ts'
import { testConfig } from '../harness/config.ts'
import { type TakenTools, takePgTools } from '../harness/pg-tools.ts'
import { docker, startPostgres, type TestPostgres } from '../harness/postgres.ts'

const migrations = fileURLToPath(new URL('../../control/src/store/migrations', import.meta.url))
const seal = sealWith(Buffer.alloc(32, 7))
const keys = await newInstanceKeys()

let home: string
let tools: TakenTools
let meta: TestPostgres
let store: Store
let redis: { container: string; socket: string }
let jobs: Jobs | undefined
const clusters = new Map<string, TestPostgres>()

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'cascata-jobs-'))
  await mkdir(join(home, 'imports'))
  ;[tools, meta, redis] = await Promise.all([takePgTools(), startPostgres(), startRedis(home)])
  store = await openStore({
    socketDir: meta.socketDir,
    user: 'supabase_admin',
    database: 'cascata',
    migrations,
  })
  clusters.set('shop', await startPostgres())
  await addProject('shop')
  await clusterOf('shop')
    .as('postgres')
    .unsafe('create table public.album as select n as id from generate_series(1, 3000) n')
})
afterAll(async () => {
  await jobs?.close()
  await store?.close()
  await Promise.all([...clusters.values()].map((cluster) => cluster.stop()))
  await meta?.stop()
  if (redis) await docker('rm', '--force', '--volumes', redis.container)
  await tools?.remove()
  await rm(home, { recursive: true, force: true })
})

function clusterOf(ref: string): TestPostgres {
  const cluster = clusters.get(ref)
  if (!cluster) throw new Error(`no cluster was started for ${ref}`)
  return cluster
}

async function startRedis(folder: string) {
  const run = join(folder, 'redis')
  await mkdir(run)
  const container = await docker(
    'run',
    '--detach',
    '--network=none',
    `--volume=${run}:/run/redis`,
    'cascata-redis:0.1.0',
  )
  return { container, socket: join(run, 'redis.sock') }
}

/** What the reconciler would see: a project is what its row asks for as soon as anybody looks. */
async function observe(ref: string): Promise<void> {
  const row = await store.projects.find(ref)
  if (row?.desired !== 'running') return
  const state = row.importing === null ? 'running' : 'importing'
  await store.projects.recordObserved(ref, { generation: row.generation, state, problem: null })
}

const deps = (effects: JobDeps['effects'] = { run: (_name, effect) => effect() }): JobDeps => ({
  store,
  openInput: (operation) => openInput(seal, operation),
  secrets: {
    fresh: (ref) => newSecrets(ref, 1_700_000_000),
    seal: (ref, secrets) => sealSecrets(seal, ref, secrets),
    open: (project) => openSecrets(seal, project),
  },
  paths: {
    home,
    backups: join(home, 'backups'),
    imports: join(home, 'imports'),
    project: (ref) => ({ dbSocketDir: clusters.get(ref)?.socketDir ?? join(home, 'nowhere') }),
  },
  effects,
  keys,
  tools: { dump: tools.argv.pg_dump, restore: tools.argv.pg_restore },
  origin: { cascata: '0.1.0', instance: 'test' },
  upgrade: upgradeWorld({
    site: {
      ...{ instance: 'test', imageTag: testConfig.imageTag, paths: pathsOf(home) },
      ...{ bind: ['127.0.0.1'], httpPort: 0, httpsPort: 0, dbSessionPort: 0, dbTransactionPort: 0 },
    },
    engine: dockerEngine({ socket: testConfig.dockerSocket, instance: 'test' }),
    templates: templatesAt(sourceFolder),
  }),
  clock: systemClock,
  hold: () => () => {},
  wake: async () => {},
  kick: (ref) => void observe(ref),
})

const failures: unknown[] = []
const start = (effects?: JobDeps['effects']): Promise<Jobs> =>
  startJobs({
    redis: { path: redis.socket },
    store,
    run: (id, signal) =>
      runOperation(id, {
        deps: deps(effects),
        signal,
        onFailure: (_operation, error) => failures.push(error),
      }),
    onError: (error) => failures.push(error),
    lookEveryMs: 300,
  })

/** As the API keeps them. */
const auth = takeOut({
  siteUrl: 'https://shop.example',
  smtp: { host: 'h', password: 'p', senderEmail: 'a@shop.example' },
  jwt: { keys: [{ kty: 'oct', kid: 'k', alg: 'HS256', k: 'a2V5', key_ops: ['sign'] }] },
})

async function addProject(ref: string): Promise<void> {
  await store.projects.insert({
    ref,
    name: ref,
    template: 'empty',
    desired: 'running',
    limits: ProjectLimits.parse({}),
    settings: ProjectSettings.parse({ auth: auth.open }),
    secrets: sealSecrets(seal, ref, { ...(await newSecrets(ref, 1_700_000_000)), auth: auth.secrets }),
  })
  await observe(ref)
}

async function ask(kind: OperationKind, ref: string, input: Record<string, unknown>, id = newOperationId()) {
  const operation = await store.operations.insert({ id, kind, ref, input, actor: 'test' })
  jobs?.kick(operation)
  return operation
}

/** Ended one way or the other; the row says which. */
const finished = async (id: string) => {
  await expect
    .poll(async () => (await store.operations.find(id))?.finishedAt ?? null, {
      timeout: 60_000,
      interval: 50,
    })
    .not.toBeNull()
  return store.operations.get(id)
}

async function backUp(more: { passphrase?: string } = {}): Promise<{ id: string; path: string }> {
  const [id, operation] = [newBackupId(), newOperationId()]
  await store.backups.insert({ id, ref: 'shop', operation })
  await ask(
    'backup.create',
    'shop',
    { backup: id, recipients: [], ...sealInput(seal, operation, more) },
    operation,
  )
  expect(await finished(operation), String(failures.at(-1))).toMatchObject({
    status: 'succeeded',
    progress: 1,
    result: { id, ref: 'shop' },
  })
  return { id, path: join(home, 'backups', 'shop', `${id}.caf`) }
}

/** As the API leaves it: the file is uploaded, the row is committed. */
async function upload(
  path: string,
  ref: string,
  { keys = 'fresh', passphrase }: { keys?: string; passphrase?: string } = {},
) {
  const id = newOperationId()
  await copyFile(path, join(home, 'imports', `${id}.caf`))
  return ask('project.import', ref, { name: null, keys, ...sealInput(seal, id, { passphrase }) }, id)
}

const albums = async (ref: string): Promise<number> => {
  const [row] = await clusterOf(ref).fresh()<{ n: number }[]>`select count(*)::int as n from public.album`
  return row?.n ?? -1
}

describe('backup and import', () => {
  beforeAll(async () => {
    jobs = await start()
  })

  test('a backup is a file that verifies, and its row says what is in it', async () => {
    const { id, path } = await backUp()
    const summary = await verifyArchive({ path, identities: [keys.identity] })
    expect(await store.backups.get(id)).toMatchObject({
      status: 'ready',
      bytes: summary.bytes,
      sha256: summary.sha256,
      summary: { tables: summary.tables, rows: summary.rows, signed_by: keys.signer.fingerprint },
    })
  })

  test.each(['fresh', 'same'])('an import makes a project with %s keys', async (wish) => {
    const ref = `copy-${wish}`
    clusters.set(ref, await startPostgres())
    const { path } = await backUp()
    const operation = await finished((await upload(path, ref, { keys: wish })).id)
    expect(operation).toMatchObject({ status: 'succeeded', result: { ref, name: 'shop' } })
    const [made, origin] = [await store.projects.get(ref), await store.projects.get('shop')]
    expect(made).toMatchObject({ importing: null, desired: 'running', name: 'shop' })
    const [own, old] = [openSecrets(seal, made), openSecrets(seal, origin)]
    expect(own.jwtSecret === old.jwtSecret).toBe(wish === 'same')
    // What the data holds sealed under the old secret opens with either.
    expect(own.formerJwtSecrets).toEqual(wish === 'same' ? [] : [old.jwtSecret])
    expect(own.passwords).not.toEqual(old.passwords)
    const { 'jwt.keys': signing, ...others } = auth.secrets
    expect(own.auth).toEqual(wish === 'same' ? { 'jwt.keys': signing, ...others } : others)
    expect(putBack(made.settings.auth, own.auth ?? {})).toMatchObject({ smtp: { password: 'p' } })
    expect(await albums(ref)).toBe(3000)
    expect(await readdir(join(home, 'imports'))).toEqual([])
  })

  test('an archive with a passphrase is imported with it, and not without', async () => {
    const { path } = await backUp({ passphrase: 'a dozen characters' })
    const refused = await finished((await upload(path, 'no-key')).id)
    expect(refused).toMatchObject({ status: 'failed', problem: { code: 'archive-wrong-key' } })
    clusters.set('by-phrase', await startPostgres())
    const operation = await upload(path, 'by-phrase', { passphrase: 'a dozen characters' })
    expect(await finished(operation.id)).toMatchObject({ status: 'succeeded' })
  })

  test('a damaged archive makes nothing', async () => {
    const { path } = await backUp()
    const bytes = await readFile(path)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
    const damaged = join(home, 'damaged.caf')
    await writeFile(damaged, bytes)
    const operation = await finished((await upload(damaged, 'damaged')).id)
    expect(operation).toMatchObject({
      status: 'failed',
      problem: { code: expect.stringMatching(/^archive-(damaged|truncated)$/) },
    })
    expect(await store.projects.find('damaged')).toBeUndefined()
    expect(await readdir(join(home, 'imports'))).toEqual([])
  })

  test('an import whose database refuses is taken back at once', async () => {
    const { path } = await backUp()
    const operation = await finished((await upload(path, 'nowhere')).id)
    expect(operation.status).toBe('failed')
    const row = await store.projects.find('nowhere')
    expect(row).toMatchObject({ desired: 'deleted' })
    expect(Date.parse(row?.purgeAfter ?? '')).toBeLessThanOrEqual(Date.now())
  })

  test('a restore puts the backup in the place of what is there', async () => {
    const { id } = await backUp()
    await clusterOf('shop').fresh().unsafe('delete from public.album where id > 10')
    const operation = await finished((await ask('backup.restore', 'shop', { backup: id })).id)
    expect(operation).toMatchObject({ status: 'succeeded' })
    expect(await albums('shop')).toBe(3000)
    expect((await store.projects.get('shop')).importing).toBeNull()
  })

  test('what arrives as a stream is verified without being kept', async () => {
    const { path } = await backUp()
    expect(await verifyStream(createReadStream(path), { identities: [keys.identity] })).toMatchObject({
      tables: expect.any(Number),
    })
  })

  test('an operation that Redis forgot is found again', async () => {
    await jobs?.close()
    jobs = undefined
    const [id, operation] = [newBackupId(), newOperationId()]
    await store.backups.insert({ id, ref: 'shop', operation })
    await ask('backup.create', 'shop', { backup: id, recipients: [] }, operation)
    jobs = await start()
    expect(await finished(operation)).toMatchObject({ status: 'succeeded' })
  })
})

/** Stops the world right before or after an effect, as a kill does: nothing behind it happens. */
function cutAt(when: 'before' | 'after', step: string) {
  let reached: () => void = () => {}
  const cut = new Promise<void>((resolve) => {
    reached = resolve
  })
  const effects: JobDeps['effects'] = {
    async run(name, effect) {
      if (!name.endsWith(`.${step}`)) return effect()
      if (when === 'after') await effect()
      reached()
      return new Promise(() => {})
    },
  }
  return { cut, effects }
}

describe('after a cut, the next start completes it', () => {
  const STEPS = [
    'import.insert',
    'restore.roles',
    'restore.staging',
    'restore.load',
    'restore.swap',
    'restore.clear',
    'restore.drop',
  ]
  test.each(STEPS.flatMap((step) => (['before', 'after'] as const).map((when) => [when, step] as const)))(
    '%s %s',
    async (when, step) => {
      const ref = `cut-${when}-${step.replace('.', '-')}`
      clusters.set(ref, await startPostgres())
      jobs ??= await start()
      const { path } = await backUp()
      await jobs.close()
      const { cut, effects } = cutAt(when, step)
      const operation = await upload(path, ref)
      // A run that hangs for ever stands in for a process that is gone: its row stays open, its queue is taken over.
      const stopped = new AbortController()
      void runOperation(operation.id, { deps: deps(effects), signal: stopped.signal, onFailure: () => {} })
      await cut
      jobs = await start()
      expect(await finished(operation.id)).toMatchObject({ status: 'succeeded' })
      expect(await albums(ref)).toBe(3000)
      const names = await clusterOf(ref).admin('template1')<{ name: string }[]>`
        select datname as name from pg_database where datname like 'cascata%'`
      expect(names).toEqual([])
      await clusterOf(ref).stop()
      clusters.delete(ref)
    },
  )
})

/** The instance's database is killed right when the effect is to happen, and is back before anybody writes that down. */
function storeAwayAt(step: string): { effects: JobDeps['effects']; failed: () => unknown } {
  let failure: unknown
  const effects: JobDeps['effects'] = {
    async run(name, effect) {
      if (!name.endsWith(`.${step}`) || failure !== undefined) return effect()
      await docker('kill', meta.container)
      try {
        return await effect()
      } catch (error) {
        failure = error
        throw error
      } finally {
        await docker('start', meta.container)
        await expect
          .poll(
            () =>
              store.ping().then(
                () => true,
                () => false,
              ),
            { timeout: 20_000 },
          )
          .toBe(true)
      }
    },
  }
  return { effects, failed: () => failure }
}

describe('while the instance’s database is away, nothing has failed', () => {
  test.each(['backup.create', 'project.import', 'backup.restore'] as const)('%s', async (kind) => {
    const ref = kind === 'project.import' ? 'store-away' : 'shop'
    if (kind === 'project.import') clusters.set(ref, await startPostgres())
    jobs ??= await start()
    const { id, path } = await backUp()
    await jobs.close()
    const { effects, failed } = storeAwayAt('operation.succeed')
    jobs = await start(effects)
    const next = newBackupId()
    const operation = newOperationId()
    if (kind === 'backup.create') await store.backups.insert({ id: next, ref, operation })
    const asked =
      kind === 'project.import'
        ? await upload(path, ref)
        : await ask(kind, ref, { backup: kind === 'backup.create' ? next : id, recipients: [] }, operation)
    expect(await finished(asked.id)).toMatchObject({ status: 'succeeded' })
    expect(failed()).toMatchObject({ code: 'store-unavailable' })
    expect(await albums(ref)).toBe(3000)
    await jobs.close()
    jobs = undefined
  })
})
