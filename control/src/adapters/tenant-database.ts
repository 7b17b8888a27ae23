/** A project's Postgres as its reconciler asks for it: awake, up to date, and begun with its starter. */
import { TemplateUnknown } from '@cascata/shared/problems/projects'
import type { Templates, TenantMigration } from '@cascata/templates'
import type { Engine } from '../engine/engine.ts'
import { imageMigrations } from './image-migrations.ts'
import { connectAdmin, waitUntilReady } from './project-database.ts'
import { applyStarter } from './project-migrations.ts'
import { SqlSession } from './sql-session.ts'
import { endEverySession, endSessions } from './tenant-access.ts'
import { bootstrap, type RolePasswords } from './tenant-bootstrap.ts'

/** Whose migrations to apply: control's own, or those in the image of this container. */
type MigrationsOf = 'control' | { container: string }

export function tenantDatabase(templates: Templates, engine: Pick<Engine, 'exec'>) {
  const migrationsOf = (release: MigrationsOf): Promise<TenantMigration[]> =>
    release === 'control' ? templates.tenantMigrations() : imageMigrations(engine, release.container)

  return {
    waitUntilReady,

    async bootstrap(
      socketDir: string,
      passwords: RolePasswords,
      { readOnly, release }: { readOnly: boolean; release: MigrationsOf },
    ): Promise<void> {
      const migrations = await migrationsOf(release)
      const admin = connectAdmin(socketDir)
      try {
        await bootstrap(admin, { migrations, passwords, readOnly })
      } finally {
        await admin.end({ timeout: 5 })
      }
    },

    /** Ends what the tenant's clients are doing. */
    async endSessions(socketDir: string): Promise<void> {
      const admin = connectAdmin(socketDir)
      try {
        await endSessions(admin)
      } finally {
        await admin.end({ timeout: 5 })
      }
    },

    /** Of everybody's but control's, in every database; returns once they have ended. */
    async endEverySession(socketDir: string): Promise<void> {
      const admin = connectAdmin(socketDir)
      try {
        await endEverySession(admin)
      } finally {
        await admin.end({ timeout: 5 })
      }
    },

    async applyStarter(socketDir: string, passwords: RolePasswords, template: string): Promise<void> {
      const starter = await templates.findStarter(template)
      if (!starter) throw TemplateUnknown(template)
      const session = await SqlSession.open(socketDir, { user: 'postgres', password: passwords.postgres })
      try {
        await applyStarter(session, starter)
      } finally {
        await session.close()
      }
    },
  }
}
