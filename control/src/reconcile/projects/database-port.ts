/** What the reconciler asks of a tenant's Postgres, over its socket. Each may be asked twice: what was applied is recorded in the database. */
import type { ProjectSecrets } from '@cascata/shared/contract/projects'

export type Waiting = { timeoutMs: number; signal: AbortSignal }

/** Whose migrations: control's own, or those in the image that this database's container was made from. */
export type MigrationsOf = 'control' | { container: string }

export type TenantDatabase = {
  /** Until it answers a query. @throws when it has not within the time. */
  waitUntilReady(socketDir: string, options: Waiting): Promise<void>
  /** Passwords of the login roles, the migrations of the project's release, and whether its clients may write. */
  bootstrap(
    socketDir: string,
    passwords: ProjectSecrets['passwords'],
    options: { readOnly: boolean; release: MigrationsOf },
  ): Promise<void>
  /** The project's starter template, once in its life. */
  applyStarter(socketDir: string, passwords: ProjectSecrets['passwords'], template: string): Promise<void>
}

/** Whether a runtime answers `/health/ready` on its socket. */
export type Readiness = {
  isReady(socket: string): Promise<boolean>
  /** @throws when it has not become ready within the time. */
  waitUntilReady(socket: string, options: Waiting): Promise<void>
}
