/**
 * What an upgrade counts is what its snapshot has: clients that write straight to Postgres, as the pooler's user, and
 * never stop, are put out before. On a real container of the real image, by the job's own steps.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { nodeFiles } from '@cascata/control/adapters/files'
import { connectAdmin } from '@cascata/control/adapters/project-database'
import { lossesOf, readFacts } from '@cascata/control/adapters/project-facts'
import { newSecrets } from '@cascata/control/adapters/project-secrets'
import { dockerEngine } from '@cascata/control/engine/docker/engine'
import { dbSpec, type ProjectShape, type Site } from '@cascata/control/engine/spec'
import type { JobRun } from '@cascata/control/jobs/deps'
import { stopAll } from '@cascata/control/jobs/upgrade/containers'
import { POOLER_UID, pathsOf } from '@cascata/control/paths'
import { upgradeWorld } from '@cascata/control/wiring/jobs'
import { ProjectLimits } from '@cascata/shared/contract/projects'
import { sourceFolder, templatesAt } from '@cascata/templates'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testConfig } from '../harness/config.ts'
import { type TakenTools, takePgTools } from '../harness/pg-tools.ts'

const INSTANCE = `cascata-writers-${process.pid}`
const REF = 'shop'
const WRITERS = 4
const ROUNDS = 3

let home: string
let site: Site
let tools: TakenTools
const shape: ProjectShape = {
  ...{ ref: REF, uid: 270_123, limits: ProjectLimits.parse({}), restarts: 0, dbRestarts: 0 },
  imageTag: testConfig.imageTag,
}
const engine = dockerEngine({ socket: testConfig.dockerSocket, instance: INSTANCE })

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'cascata-writers-'))
  await chmod(home, 0o711)
  site = {
    ...{ instance: INSTANCE, imageTag: testConfig.imageTag, paths: pathsOf(home), bind: ['127.0.0.1'] },
    ...{ httpPort: 0, httpsPort: 0, dbSessionPort: 0, dbTransactionPort: 0 },
  }
  tools = await takePgTools(`cascata-postgres:${testConfig.imageTag}`)
  const [loader = ''] = tools.argv.psql
  for (let folder = dirname(loader); folder !== tmpdir(); folder = dirname(folder)) await chmod(folder, 0o755)
})

afterAll(async () => {
  await engine.stop(dbSpec(site, shape).name).catch(() => {})
  await engine.remove(dbSpec(site, shape).name).catch(() => {})
  await tools?.remove()
  if (home) await rm(home, { recursive: true, force: true })
})

/** Puts rows in and takes older ones out, as fast as it is answered, over whatever connection it gets. */
class Writer {
  readonly kept = new Set<number>()
  readonly gone = new Set<number>()
  readonly #begins: number
  readonly #login: { socketDir: string; password: string }
  #next: number
  #psql: ChildProcess | undefined
  #isOver = false

  constructor(begins: number, login: { socketDir: string; password: string }) {
    this.#begins = begins
    this.#next = begins
    this.#login = login
  }

  async run(): Promise<void> {
    while (!this.#isOver) {
      await this.#connect()
      await pause(5)
    }
  }

  stop(): void {
    this.#isOver = true
    this.#psql?.kill('SIGKILL')
  }

  #connect(): Promise<void> {
    const [program = '', ...argv] = tools.argv.psql
    const { socketDir, password } = this.#login
    const how = [
      '--no-psqlrc',
      '--quiet',
      '--tuples-only',
      '--no-align',
      '-h',
      socketDir,
      '-U',
      'postgres',
      'postgres',
    ]
    const psql = spawn(program, [...argv, ...how], {
      ...{ uid: POOLER_UID, gid: POOLER_UID, env: { PGPASSWORD: password }, cwd: '/' },
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    this.#psql = psql
    psql.stdin.on('error', () => {})
    let said = ''
    psql.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const lines = said.split('\n')
      said = lines.pop() ?? ''
      for (const line of lines) this.#answered(Number(line))
      if (lines.length > 0) this.#ask(psql)
    })
    this.#ask(psql)
    return new Promise((resolve) => psql.on('close', () => resolve()))
  }

  /** What is asked to go may be gone without an answer: it is in neither list until there is one. */
  #ask(psql: ChildProcess): void {
    const id = this.#next++
    const old = id - 10
    if (old <= this.#begins)
      return void psql.stdin?.write(`insert into public.note values (${id}) returning id;\n`)
    this.kept.delete(old)
    psql.stdin?.write(
      `insert into public.note values (${id}) returning id;\ndelete from public.note where id = ${old} returning -id;\n`,
    )
  }

  #answered(id: number): void {
    if (id > 0 && id > this.#next - 10) this.kept.add(id)
    if (id < 0) this.gone.add(-id)
  }
}

test('every row that is counted is in the snapshot, and every write that was answered', {
  timeout: 120_000,
}, async () => {
  const paths = site.paths.project(REF)
  const secrets = await newSecrets(REF, 1_700_000_000)
  const world = upgradeWorld({ site, engine, templates: templatesAt(sourceFolder) })
  const directories = [
    { path: paths.run, uid: shape.uid, gid: shape.uid, mode: 0o751 },
    { path: paths.dbSocketDir, uid: shape.uid, gid: POOLER_UID, mode: 0o2750 },
    { path: paths.dbFiles, uid: shape.uid, gid: shape.uid, mode: 0o700 },
  ]
  const row = { ...shape, settings: {}, observedState: 'upgrading' }
  const run = {
    deps: {
      store: { projects: { find: async () => row } },
      secrets: { open: () => secrets },
      effects: { run: (_name: string, effect: () => Promise<unknown>) => effect() },
      upgrade: world,
    },
    signal: new AbortController().signal,
  } as unknown as JobRun
  const upgrade = { run, ref: REF, from: testConfig.imageTag, to: testConfig.imageTag, place: '' }
  const spec = dbSpec(site, shape)
  const ready = () =>
    world.database.waitUntilReady(paths.dbSocketDir, { timeoutMs: 30_000, signal: run.signal })

  for (const directory of directories) await nodeFiles.ensureDirectory(directory)
  await engine.create(spec)
  await engine.start(spec.name)
  await ready()
  await world.database.bootstrap(paths.dbSocketDir, secrets.passwords, {
    readOnly: false,
    release: 'control',
  })
  const admin = connectAdmin(paths.dbSocketDir)
  await admin.unsafe('create table public.note (id int primary key); grant all on public.note to postgres')
  await admin.end()

  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const directory of directories) await nodeFiles.ensureDirectory(directory)
    const login = { socketDir: paths.dbSocketDir, password: secrets.passwords.postgres }
    const writers = Array.from(
      { length: WRITERS },
      (_, at) => new Writer((round * 10 + at) * 1_000_000, login),
    )
    const ended = Promise.all(writers.map((writer) => writer.run()))
    await expect.poll(() => writers.every(({ gone }) => gone.size > 50), { timeout: 20_000 }).toBe(true)

    // As `shut` does: the way through the folder, for everybody but control and the project itself.
    await nodeFiles.ensureDirectory({ path: paths.run, uid: shape.uid, gid: shape.uid, mode: 0o750 })
    const { facts } = await stopAll(upgrade)
    await engine.start(spec.name)
    await ready()
    const found = await readFacts(paths.dbSocketDir)
    for (const writer of writers) writer.stop()
    await ended

    expect(found).toEqual(facts)
    expect(lossesOf(facts, found)).toEqual([])
    const look = connectAdmin(paths.dbSocketDir)
    const ids = new Set((await look<{ id: number }[]>`select id from public.note`).map(({ id }) => id))
    await look.end()
    for (const { kept, gone } of writers) {
      expect([...kept].filter((id) => !ids.has(id))).toEqual([])
      expect([...gone].filter((id) => ids.has(id))).toEqual([])
    }
  }
})
