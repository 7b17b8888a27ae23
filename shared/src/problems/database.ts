/** What a project's database may answer to control: to a person's SQL, a migration, the bootstrap. */
import { problem } from '../problem.ts'

/** `where` is ` at line 3` or nothing; `said` is Postgres' own message and detail. */
export const SqlFailed = problem('sql-failed', {
  status: 422,
  title: 'Postgres refused the statement',
  detail: (failure: { sqlstate: string; where: string; said: string }) =>
    `${failure.sqlstate}${failure.where}: ${failure.said}`,
  hint: 'Nothing of the text was kept, unless it ended transactions by itself.',
})

export const SqlTimeout = problem('sql-timeout', {
  status: 422,
  title: 'The statements took too long',
  detail: (timeoutMs: number) => `The statements did not end within ${timeoutMs} ms and were cancelled.`,
})

export const SqlResultTooLarge = problem('sql-result-too-large', {
  status: 422,
  title: 'The answer is too large',
  detail: (bytesMax: number) => `Postgres sent more than ${bytesMax} bytes; the statements were cancelled.`,
  hint: 'Ask for fewer rows or columns: add a limit.',
})

export const SqlCopyRefused = problem('sql-copy-refused', {
  status: 422,
  title: 'COPY is not possible here',
  detail: () => 'COPY from stdin or to stdout needs a client on the other end; here there is none.',
  hint: 'Use INSERT, or dump with `pg_dump --inserts`.',
})

export const SchemaUnknown = problem('schema-unknown', {
  status: 422,
  title: 'The database has no such schema',
  detail: (names: readonly string[]) => `Not in the database of this project: ${names.join(', ')}.`,
  hint: 'Names are case-sensitive; separate several with commas.',
})

export const DatabaseUnreachable = problem('database-unreachable', {
  status: 503,
  title: 'The database cannot be reached',
  detail: () => 'The database of this project does not answer.',
  hint: 'See whether the project is running; a paused one must be resumed first.',
})

export const MigrationChanged = problem('migration-changed', {
  status: 409,
  title: 'This migration was applied with another content',
  detail: (version: string) =>
    `Version ${version} is recorded already, and its statements differ from these.`,
  hint: 'A migration is never edited once applied: write a new one.',
})

export const MigrationEndsTransaction = problem('migration-ends-transaction', {
  status: 422,
  title: 'A migration may not begin or end transactions',
  detail: (line: number, word: string) =>
    `Line ${line} says ${word}; a migration is applied and recorded in one transaction, all of it or nothing.`,
  hint: 'Take the statement out: the transaction is there already.',
})

export const TenantMigrationChanged = problem('tenant-migration-changed', {
  status: 500,
  title: 'A built-in migration differs from the applied one',
  detail: (name: string) => `The database holds ${name} with another content than this version of Cascata.`,
  hint: 'The postgres image and control are of different builds: make both again.',
})
