/** Jobs on a real queue, a real store and real clusters; what the reconciler would do is done by hand. */
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { newSecrets, openSecrets, sealSecrets } from '@cascata/control/adapters/project-secrets'
import { sealWith } from '@cascata/control/adapters/seal'
import { openInput, sealInput } from '@cascata/control/app/sealed-input'
import type { InstanceKeys } from '@cascata/control/archive/keys'
import { dockerEngine } from '@cascata/control/engine/docker/engine'
import type { JobDeps } from '@cascata/control/jobs/deps'
import { type Jobs, startJobs } from '@cascata/control/jobs/queue'
import { runOperation } from '@cascata/control/jobs/run'
import { pathsOf } from '@cascata/control/paths'
import { openStore, type Store } from '@cascata/control/store/open'
import { upgradeWorld } from '@cascata/control/wiring/jobs'
import { takeOut } from '@cascata/shared/auth/secrets'
import { systemClock } from '@cascata/shared/clock'
import type { OperationKind } from '@cascata/shared/contract/operations'
import { ProjectLimits, ProjectSettings } from '@cascata/shared/contract/projects'
import { newBackupId, newOperationId } from '@cascata/shared/ids'
import { sourceFolder, templatesAt } from '@cascata/templates'
import { expect } from 'vitest'
import { newInstanceKeys } from './archives.ts'
import { testConfig } from './config.ts'
import { type TakenTools, takePgTools } from './pg-tools.ts'
import { docker, startPostgres, type TestPostgres } from './postgres.ts'

const migrations = fileURLToPath(new URL('../../control/src/store/migrations', import.meta.url))
const straight: JobDeps['effects'] = { run: (_name, effect) => effect() }
const ALBUMS = 'create table public.album as select n as id from generate_series(1, 3000) n'

export const seal = sealWith(Buffer.alloc(32, 7))

/** As the API keeps them. */
export const auth = takeOut({
  siteUrl: 'https://shop.example',
  smtp: { host: 'h', password: 'p', senderEmail: 'a@shop.example' },
  jwt: { keys: [{ kty: 'oct', kid: 'k', alg: 'HS256', k: 'a2V5', key_ops: ['sign'] }] },
})

type Given = {
  home: string
  keys: InstanceKeys
  tools: TakenTools
  meta: TestPostgres
  redis: { container: string; socket: string }
  store: Store
}

/** With one project, `shop`, that has 3,000 albums. */
export class JobsPlace {
  readonly home: string
  readonly keys: InstanceKeys
  readonly meta: TestPostgres
  readonly store: Store
  readonly #tools: TakenTools
  readonly #redis: Given['redis']
  readonly #clusters = new Map<string, TestPostgres>()
  readonly #failures: unknown[] = []
  #jobs: Jobs | undefined

  private constructor({ home, keys, tools, meta, redis, store }: Given) {
    this.home = home
    this.keys = keys
    this.meta = meta
    this.store = store
    this.#tools = tools
    this.#redis = redis
  }

  static async open(): Promise<JobsPlace> {
    const home = await mkdtemp(join(tmpdir(), 'cascata-jobs-'))
    await mkdir(join(home, 'imports'))
    const [tools, meta, redis] = await Promise.all([takePgTools(), startPostgres(), startRedis(home)])
    const store = await openStore({
      socketDir: meta.socketDir,
      user: 'supabase_admin',
      database: 'cascata',
      migrations,
    })
    const place = new JobsPlace({ home, keys: await newInstanceKeys(), tools, meta, redis, store })
    await place.addCluster('shop')
    await place.#addProject('shop')
    await place.clusterOf('shop').as('postgres').unsafe(ALBUMS)
    return place
  }

  async close(): Promise<void> {
    await this.stop()
    await this.store.close()
    await Promise.all([...this.#clusters.values()].map((cluster) => cluster.stop()))
    await this.meta.stop()
    await docker('rm', '--force', '--volumes', this.#redis.container)
    await this.#tools.remove()
    await rm(this.home, { recursive: true, force: true })
  }

  /** Those that run already go on, unless others are asked for. */
  async start(effects?: JobDeps['effects']): Promise<void> {
    if (effects === undefined && this.#jobs) return
    await this.stop()
    this.#jobs = await startJobs({
      redis: { path: this.#redis.socket },
      store: this.store,
      run: (id, signal) =>
        runOperation(id, {
          deps: this.deps(effects),
          signal,
          onFailure: (_operation, error) => this.#failures.push(error),
        }),
      onError: (error) => this.#failures.push(error),
      lookEveryMs: 300,
    })
  }

  async stop(): Promise<void> {
    await this.#jobs?.close()
    this.#jobs = undefined
  }

  async addCluster(ref: string): Promise<void> {
    this.#clusters.set(ref, await startPostgres())
  }

  async removeCluster(ref: string): Promise<void> {
    await this.clusterOf(ref).stop()
    this.#clusters.delete(ref)
  }

  clusterOf(ref: string): TestPostgres {
    const cluster = this.#clusters.get(ref)
    if (!cluster) throw new Error(`no cluster was started for ${ref}`)
    return cluster
  }

  deps(effects = straight): JobDeps {
    return {
      store: this.store,
      openInput: (operation) => openInput(seal, operation),
      secrets: {
        fresh: (ref) => newSecrets(ref, 1_700_000_000),
        seal: (ref, secrets) => sealSecrets(seal, ref, secrets),
        open: (project) => openSecrets(seal, project),
      },
      paths: {
        home: this.home,
        backups: join(this.home, 'backups'),
        imports: join(this.home, 'imports'),
        project: (ref) => ({ dbSocketDir: this.#clusters.get(ref)?.socketDir ?? join(this.home, 'nowhere') }),
      },
      effects,
      keys: this.keys,
      tools: { dump: this.#tools.argv.pg_dump, restore: this.#tools.argv.pg_restore },
      origin: { cascata: '0.1.0', instance: 'test' },
      upgrade: upgradeWorld({
        site: {
          ...{ instance: 'test', imageTag: testConfig.imageTag, paths: pathsOf(this.home) },
          ...{ bind: ['127.0.0.1'], httpPort: 0, httpsPort: 0, dbSessionPort: 0, dbTransactionPort: 0 },
        },
        engine: dockerEngine({ socket: testConfig.dockerSocket, instance: 'test' }),
        templates: templatesAt(sourceFolder),
      }),
      clock: systemClock,
      hold: () => () => {},
      wake: async () => {},
      kick: (ref) => void this.#observe(ref),
    }
  }

  /** What the reconciler would see: a project is what its row asks for as soon as anybody looks. */
  async #observe(ref: string): Promise<void> {
    const row = await this.store.projects.find(ref)
    if (row?.desired !== 'running') return
    const state = row.importing === null ? 'running' : 'importing'
    await this.store.projects.recordObserved(ref, { generation: row.generation, state, problem: null })
  }

  async #addProject(ref: string): Promise<void> {
    await this.store.projects.insert({
      ref,
      name: ref,
      template: 'empty',
      desired: 'running',
      limits: ProjectLimits.parse({}),
      settings: ProjectSettings.parse({ auth: auth.open }),
      secrets: sealSecrets(seal, ref, { ...(await newSecrets(ref, 1_700_000_000)), auth: auth.secrets }),
    })
    await this.#observe(ref)
  }

  /** @returns the operation's id */
  async ask(
    kind: OperationKind,
    ref: string,
    input: Record<string, unknown>,
    id = newOperationId(),
  ): Promise<string> {
    const operation = await this.store.operations.insert({ id, kind, ref, input, actor: 'test' })
    this.#jobs?.kick(operation)
    return id
  }

  async askForBackup(more: { passphrase?: string } = {}): Promise<{ id: string; operation: string }> {
    const [id, operation] = [newBackupId(), newOperationId()]
    await this.store.backups.insert({ id, ref: 'shop', operation })
    const input = { backup: id, recipients: [], ...sealInput(seal, operation, more) }
    await this.ask('backup.create', 'shop', input, operation)
    return { id, operation }
  }

  async backUp(more: { passphrase?: string } = {}): Promise<{ id: string; path: string }> {
    const { id, operation } = await this.askForBackup(more)
    expect(await this.finished(operation), String(this.#failures.at(-1))).toMatchObject({
      status: 'succeeded',
      progress: 1,
      result: { id, ref: 'shop' },
    })
    return { id, path: join(this.home, 'backups', 'shop', `${id}.caf`) }
  }

  /** As the API leaves it: the file is uploaded, the row is committed. */
  async upload(
    path: string,
    ref: string,
    { keys = 'fresh', passphrase }: { keys?: string; passphrase?: string } = {},
  ): Promise<string> {
    const id = newOperationId()
    await copyFile(path, join(this.home, 'imports', `${id}.caf`))
    const input = { name: null, keys, ...sealInput(seal, id, { passphrase }) }
    return this.ask('project.import', ref, input, id)
  }

  /** Ended one way or the other; the row says which. */
  async finished(id: string) {
    const finishedAt = async () =>
      (await this.store.operations.find(id).catch(() => undefined))?.finishedAt ?? null
    await expect.poll(finishedAt, { timeout: 60_000, interval: 50 }).not.toBeNull()
    return this.store.operations.get(id)
  }

  async albums(ref: string): Promise<number> {
    const sql = this.clusterOf(ref).fresh()
    const [row] = await sql<{ n: number }[]>`select count(*)::int as n from public.album`
    return row?.n ?? -1
  }
}

async function startRedis(folder: string): Promise<Given['redis']> {
  const run = join(folder, 'redis')
  await mkdir(run)
  const container = await docker(
    ...['run', '--detach', '--network=none', `--volume=${run}:/run/redis`, 'cascata-redis:0.1.0'],
  )
  return { container, socket: join(run, 'redis.sock') }
}
