/**
 * A whole machine in memory: Docker, files, tables, and what would run inside the containers (Postgres, the runtime,
 * nginx), together with the real reconcilers. Control can die and be started again; the rest stays.
 */

import type { Look } from '@cascata/control/adapters/readiness'
import { sealWith } from '@cascata/control/adapters/seal'
import { dbName, runtimeName, type Site, slotOf } from '@cascata/control/engine/spec'
import { pathsOf } from '@cascata/control/paths'
import { certificatePairs } from '@cascata/control/reconcile/certificates/pairs'
import { edgeTask, servedNow } from '@cascata/control/reconcile/edge/task'
import type { Readiness, TenantDatabase } from '@cascata/control/reconcile/projects/database-port'
import { type ProjectsTask, projectsTask } from '@cascata/control/reconcile/projects/task'
import { createPulses } from '@cascata/control/reconcile/pulse/pulses'
import { pulseTask } from '@cascata/control/reconcile/pulse/task'
import { createTargets } from '@cascata/control/reconcile/scale/targets'
import { type Holds, openHolds } from '@cascata/control/reconcile/sleep/holds'
import { sleepTask } from '@cascata/control/reconcile/sleep/task'
import { systemTask } from '@cascata/control/reconcile/system/task'
import type { Task } from '@cascata/control/reconcile/task'
import type { CertificateRow } from '@cascata/control/store/tables/certificates'
import { Domain } from '@cascata/shared/domain'
import type { Problem } from '@cascata/shared/problem'
import { chanceOf } from './seeded.ts'
import { SimulatedDocker } from './simulated-engine.ts'
import { type Life, Trouble } from './simulated-faults.ts'
import { SimulatedFiles } from './simulated-files.ts'
import { SimulatedStore } from './simulated-store.ts'

export const site: Site = {
  instance: 'sim',
  imageTag: '0.1.0',
  paths: pathsOf('/home'),
  bind: ['127.0.0.1'],
  httpPort: 8080,
  httpsPort: 8443,
  dbSessionPort: 15_432,
  dbTransactionPort: 16_543,
}

const SOCKET = /\/run\/([^/]+)\/http\/(\d+)\.sock$/

export const seal = sealWith(Buffer.alloc(32, 7))

/** Between the pauses of a history and those of its end. */
const SLEEP_AFTER_MINUTES = 50
const log = { info: () => {}, warn: () => {}, error: () => {} }

export type SimulatedControl = {
  life: Life
  projects: ProjectsTask
  tasks: readonly Task[]
  holds: Holds
  abort: AbortController
}

export class SimulatedWorld {
  readonly trouble: Trouble
  readonly docker: SimulatedDocker
  readonly files: SimulatedFiles
  readonly store: SimulatedStore
  /** Passwords by ref: what the database was given. */
  readonly databases = new Map<string, string>()
  /** When each project was last in use, as its runtime writes it down. */
  readonly activity = new Map<string, number>()
  /** Names of containers that run and do nothing. */
  readonly hung = new Set<string>()
  readonly certificates: CertificateRow[] = []
  readonly pooler: { serves: boolean; trouble: Problem | null } = { serves: true, trouble: null }
  /** Name of a pair of files that nginx does not take, for whatever reason. */
  refusedPair: string | null = null
  /** What must never happen, and did. */
  readonly violations: string[] = []
  nowMs = Date.parse('2026-01-01T00:00:00Z')
  /** Digest of the configuration nginx has loaded. */
  #nginx: string | null = null
  /** What it gave up at, and when. */
  readonly #said: { at: number; line: string }[] = []

  constructor(seed: number) {
    this.trouble = new Trouble(chanceOf(seed))
    this.docker = new SimulatedDocker(this.trouble)
    this.files = new SimulatedFiles(this.trouble)
    this.store = new SimulatedStore(this.trouble, () => this.nowMs)
    // One that starts ends where it refuses something; one that runs goes on with what it has.
    const load = (refused: () => void) => {
      const current = '/home/edge/current/nginx.conf'
      const [digest, line] = [this.#digestIn(current), this.#refusalOf(current)]
      if (digest !== null && line === null) this.#nginx = digest
      else {
        this.#said.push({ at: this.nowMs, line: line ?? 'nginx: [emerg] open() failed (2: No such file)' })
        refused()
      }
    }
    this.docker.onStart = ({ role, project, name }) => {
      this.hung.delete(name)
      if (role === 'edge') load(() => this.docker.killByHand(name))
      if (role === 'runtime') this.activity.set(project, this.nowMs)
    }
    this.docker.onSignal = ({ role }) => role === 'edge' && load(() => {})
    this.docker.onLogs = ({ role }, sinceMs) =>
      role === 'edge' ? this.#said.filter(({ at }) => at >= sinceMs).map(({ line }) => line) : []
    this.docker.onStop = ({ role }) => {
      if (role === 'edge') this.#nginx = null
    }
    this.docker.onExec = (_spec, argv) => {
      const conf = (argv.at(-1) ?? '').replace('/etc/cascata', '/home/edge')
      const refusal = this.#refusalOf(conf)
      if (refusal !== null) return { exitCode: 1, stdout: '', stderr: refusal }
      return { exitCode: this.#digestIn(conf) === null ? 1 : 0, stdout: '', stderr: '' }
    }
  }

  isUp(name: string): boolean {
    return this.docker.containers.get(name)?.container.state === 'running'
  }

  /** The runtime answers: it has its document, and its database knows its password. */
  answers(ref: string, slot: number): boolean {
    return (
      this.isUp(runtimeName(site, ref, slot)) &&
      !this.hung.has(runtimeName(site, ref, slot)) &&
      this.isUp(dbName(site, ref)) &&
      this.#hasDatabase(ref) &&
      this.files.text(site.paths.project(ref).document) !== null
    )
  }

  /** Any of its runtimes does. */
  isServed(ref: string): boolean {
    const own = [...this.docker.containers.values()].filter(({ container }) => container.project === ref)
    return own.some(({ spec: { name } }) => this.answers(ref, slotOf(name) ?? 0))
  }

  /** Slots that the loaded configuration sends requests to. */
  routes(): Record<string, readonly number[]> {
    for (const [path, { text }] of this.files.nodes) {
      if (!path.endsWith('/manifest.json')) continue
      // A test may have cut it.
      if (!text.endsWith('}')) continue
      const manifest = JSON.parse(text) as { digest: string; routes: Record<string, number[]> }
      if (manifest.digest === this.#nginx) return manifest.routes
    }
    return {}
  }

  /** Configurations of the edge that lie on disk. */
  candidates(): string[] {
    const names = [...this.files.nodes.keys()].map((path) => /^\/home\/edge\/(candidate-\d+)/.exec(path)?.[1])
    return [...new Set(names.filter((name) => name !== undefined))]
  }

  start(): SimulatedControl {
    const life: Life = { alive: true }
    const { trouble } = this
    const edge = {
      engine: this.docker.engine(life),
      files: this.files.files(life),
      probe: {
        digest: () => trouble.call(life, 'probe', () => this.#nginx),
        waitFor: (digest: string) => trouble.call(life, 'probe', () => this.#nginx === digest),
      },
      site,
      domain: Domain.parse('localhost'),
      controlUrl: 'http://localhost:8080',
      trustedProxies: [],
      makeCertificate: () => trouble.call(life, 'openssl', () => ({ certificate: 'crt', key: 'key' })),
    }
    const clock = { now: () => this.nowMs }
    const common = {
      ...edge,
      store: {
        ...this.store.port(life),
        domains: { list: () => trouble.call(life, 'domains', () => []) },
        certificates: { list: () => trouble.call(life, 'certificates', () => this.certificates) },
      },
      pairs: certificatePairs({
        ...{ files: edge.files, paths: site.paths, log, clock },
        ...{ seal, judge: () => ({ fault: null, names: ['localhost'] }) },
      }),
      readiness: this.#readiness(life),
      effects: {
        run: <Result>(name: string, work: () => Promise<Result>) => trouble.effect(life, name, work),
      },
      targets: createTargets(),
      pulses: createPulses(),
      isFull: () => undefined,
      changed: () => {},
      holds: openHolds((ref) => this.activity.set(ref, this.nowMs)),
      clock,
      control: { username: 'control', password: 'its own' },
      random: () => trouble.chance.next(),
    }
    const edgeReconciler = edgeTask(common)
    const projects = projectsTask({
      ...common,
      database: this.#database(life),
      openSecrets: ({ ref, secrets }) => ({
        jwtSecret: secrets.padEnd(40, '.'),
        anonKey: 'anon',
        serviceRoleKey: 'service',
        passwords: { supabase_admin: ref, authenticator: secrets, postgres: ref },
      }),
      urlOf: (ref) => `http://${ref}.localhost:8080`,
      served: () => servedNow(edge),
      edgeTrouble: edgeReconciler.trouble,
      pooler: { serves: () => this.pooler.serves, trouble: () => this.pooler.trouble },
      log,
    })
    const activity = {
      lastActiveAt: (ref: string) => trouble.call(life, 'activity', () => this.activity.get(ref) ?? null),
      touch: async () => {},
    }
    const pulse = pulseTask({ ...common, activity, lookAt: (socket) => this.#lookAt(life, socket) })
    const sleep = sleepTask({
      ...common,
      activity,
      usual: SLEEP_AFTER_MINUTES,
      log,
    })
    return {
      life,
      projects,
      holds: common.holds,
      // It looks more often than the others: as often as it takes to find out who hangs.
      tasks: [systemTask(common), projects, edgeReconciler, sleep, pulse, pulse, pulse],
      abort: new AbortController(),
    }
  }

  #database(life: Life): TenantDatabase {
    const inside = (what: string, socketDir: string, work: (ref: string) => void) =>
      this.trouble.call(life, what, () => {
        const ref = socketDir.split('/').at(-2) ?? ''
        if (!this.isUp(dbName(site, ref))) throw new Error(`no server in ${socketDir}`)
        work(ref)
      })
    return {
      waitUntilReady: (socketDir) => inside('db ready', socketDir, () => {}),
      bootstrap: (socketDir, passwords) =>
        inside('bootstrap', socketDir, (ref) => {
          this.trouble.mutations.push(`bootstrap ${ref}`)
          this.databases.set(ref, passwords.authenticator)
        }),
      applyStarter: (socketDir) => inside('starter', socketDir, () => {}),
    }
  }

  #lookAt(life: Life, socket: string): Promise<Look> {
    return this.trouble.call(life, 'pulse', () => {
      const [, ref = '', slot = ''] = SOCKET.exec(socket) ?? []
      const name = runtimeName(site, ref, Number(slot))
      if (!this.isUp(name)) return 'absent'
      return this.hung.has(name) ? 'silent' : 'answered'
    })
  }

  #readiness(life: Life): Readiness {
    const answers = (socket: string) => {
      const [, ref = '', slot = ''] = SOCKET.exec(socket) ?? []
      return this.answers(ref, Number(slot))
    }
    return {
      isReady: (socket) => this.trouble.call(life, 'ready', () => answers(socket)),
      waitUntilReady: (socket) =>
        this.trouble.call(life, 'ready', () => {
          if (!answers(socket)) throw new Error(`nobody answers on ${socket}`)
        }),
    }
  }

  /** Its roles and passwords went with its files, if those went. */
  #hasDatabase(ref: string): boolean {
    if (!this.files.nodes.has(site.paths.project(ref).dbFiles)) this.databases.delete(ref)
    return this.databases.has(ref)
  }

  /** What nginx says of a configuration that names the pair it does not take. */
  #refusalOf(conf: string): string | null {
    const pair = `/etc/cascata/certs/${this.refusedPair}.crt`
    const isNamed = this.files.text(conf)?.includes(`${pair};`) === true
    return isNamed ? `nginx: [emerg] cannot load certificate "${pair}": no` : null
  }

  #digestIn(path: string): string | null {
    return /return 200 '([0-9a-f]{32})'/.exec(this.files.text(path) ?? '')?.[1] ?? null
  }
}
