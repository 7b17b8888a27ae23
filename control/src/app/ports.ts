/** What the use cases need from outside, and the little they know of the instance. */
import type { Clock } from '@cascata/shared/clock'
import type { ApiQuery } from '@cascata/shared/contract/descriptions'
import type { ProjectReplicas } from '@cascata/shared/contract/replicas'
import type { Migration, SqlResult } from '@cascata/shared/contract/sql'
import type { Status } from '@cascata/shared/contract/status'
import type { PairFault } from '../acme/pair.ts'
import type { Seal } from '../adapters/seal.ts'
import type { Store } from '../store/open.ts'
import type { CertificateRow } from '../store/tables/certificates.ts'
import type { OperationRow } from '../store/tables/operations.ts'
import type { ProjectRow } from '../store/tables/projects.ts'
import type { Catalog } from '../typegen/catalog.ts'

export type Instance = {
  version: string
  /** Release of the images that new projects are made from. */
  imageTag: string
  domain: string
  /** `CASCATA_HOME`. */
  home: string
  /** Without a trailing slash. */
  controlUrl: string
  edgeUrl: string
  projectUrl(ref: string): string
  /** Of a name of a project's own. */
  urlAt(host: string): string
  /** IP addresses that lead here, as far as they are known. */
  addresses(): readonly string[]
  /** What a project takes on the disk; undefined when it was not measured. */
  diskOf(ref: string): { usedBytes: number; at: number; state: 'ok' | 'nearly-full' | 'full' } | undefined
  /** Where the pooler is reached, while any project is. */
  direct: { host: string; sessionPort: number; transactionPort: number }
}

/** Runs SQL in a project's database as its `postgres` role. Failures of the SQL are `Problem`s. */
export type ProjectSql = {
  run(ref: string, sql: string, options: { timeoutMs: number }): Promise<SqlResult>
  /** Applies and records it in one transaction; one of the same version is left alone. */
  migrate(
    ref: string,
    migration: { version: string; name: string; sql: string },
  ): Promise<{ applied: boolean }>
  migrations(ref: string): Promise<Migration[]>
  /** What there is in these schemas, or in those of them that exist. */
  catalog(ref: string, schemas: readonly string[]): Promise<Catalog>
}

/** As GoTrue has it, below `/auth/v1`. */
export type AuthCall = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  query?: Record<string, string>
  body?: unknown
}
/** Of a list, `total` is how many there are. */
export type AuthReply = { body: unknown; total: number | undefined }

export type LogRole = 'db' | 'runtime'
export type LogOptions = { tail: number; follow: boolean; signal?: AbortSignal }

export type CertificateDamage = {
  row: CertificateRow
  fault: PairFault
  /** They can be written anew from what is kept. */
  isKept: boolean
}

export type AppDeps = {
  store: Store
  seal: Seal
  clock: Clock
  instance: Instance
  /** Names of the starters there are. */
  templates: ReadonlySet<string>
  sql: ProjectSql
  /** What a project's API offers a role, as OpenAPI 3.0: asked of its runtime. Throws the problem of one that cannot say. */
  describeApi(ref: string, asked: ApiQuery): Promise<Record<string, unknown>>
  /** Asks a project's auth with the rights of its service role. Throws the problem of one that refuses or cannot. */
  askAuth(ref: string, call: AuthCall): Promise<AuthReply>
  /** Lines of a project's container. */
  logs(ref: string, role: LogRole, options: LogOptions): AsyncIterable<string>
  /** Reads all of an archive and says what is in it; throws the problem of one that is not whole or cannot be opened. */
  verifyArchive(
    file: string,
    keys: { passphrase?: string | undefined; identity?: string | undefined },
  ): Promise<Record<string, unknown>>
  /** A project's runtimes, and how many there should be. */
  replicas(project: ProjectRow): Promise<ProjectReplicas>
  /** The instance's own containers. */
  system(): Promise<Status['system']>
  /** Commits what is asked of a project; the crash matrix cuts here. */
  commit<Result>(ref: string, transaction: () => Promise<Result>): Promise<Result>
  /** Keeps a project from falling asleep; returns how to let go. */
  hold(ref: string): () => void
  /** Settles when a project that slept answers. @throws the problem of one that does not come up. */
  wake(ref: string): Promise<unknown>
  acme: {
    /** A certificate authority is asked at all. */
    isOn: boolean
  }
  /** Those of them whose files are not as they were written. */
  damagedCertificates(held: readonly CertificateRow[]): Promise<CertificateDamage[]>
  /** Something about certificates was changed: look at them. */
  kickCertificates(): void
  /** The operation is committed: wake whoever carries it out. A lost call costs only time. */
  kick(operation: Pick<OperationRow, 'id' | 'kind' | 'ref'>): void
  /** A name was claimed, changed or given up. */
  domainsChanged(): void
}
