/** A project's Postgres as its reconciler asks for it: awake, up to date, and begun with its starter. */
import { TemplateUnknown } from '@cascata/shared/problems/projects'
import type { Templates } from '@cascata/templates'
import { connectAdmin, waitUntilReady } from './project-database.ts'
import { applyStarter } from './project-migrations.ts'
import { SqlSession } from './sql-session.ts'
import { endSessions } from './tenant-access.ts'
import { bootstrap, type RolePasswords } from './tenant-bootstrap.ts'

export function tenantDatabase(templates: Templates) {
  return {
    waitUntilReady,

    async bootstrap(
      socketDir: string,
      passwords: RolePasswords,
      { readOnly }: { readOnly: boolean },
    ): Promise<void> {
      const migrations = await templates.tenantMigrations()
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
