/** What the projects reconciler asks of a tenant's Postgres, each on a connection of its own that it ends. */
import { StarterUnknown } from '@cascata/shared/problems/database'
import type { Templates } from '@cascata/templates'
import { connectAdmin, waitUntilReady } from './project-database.ts'
import { applyStarter } from './project-migrations.ts'
import { SqlSession } from './sql-session.ts'
import { bootstrap, type RolePasswords } from './tenant-bootstrap.ts'

export const tenantDatabase = (templates: Templates) => ({
  waitUntilReady: (socketDir: string, timeoutMs: number) => waitUntilReady(socketDir, { timeoutMs }),

  async bootstrap(socketDir: string, passwords: RolePasswords): Promise<void> {
    const admin = connectAdmin(socketDir)
    try {
      await bootstrap(admin, { migrations: await templates.tenantMigrations(), passwords })
    } finally {
      await admin.end()
    }
  },

  async applyStarter(socketDir: string, passwords: RolePasswords, name: string): Promise<void> {
    const starter = await templates.findStarter(name)
    if (!starter) throw StarterUnknown(name)
    const session = await SqlSession.open(socketDir, { user: 'postgres', password: passwords.postgres })
    try {
      await applyStarter(session, starter)
    } finally {
      await session.close()
    }
  },
})
