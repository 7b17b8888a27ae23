/**
 * Lists what this folder holds and reads it. The folder is an argument, as a bundled program carries a copy of it
 * somewhere else than beside its code.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where the templates are when this file runs from source. */
export const sourceFolder = import.meta.dirname

/** One step of what Cascata puts into a tenant's cluster; `name` is `0002_roles`. */
export type TenantMigration = { name: string; sql: string; sha256: string }

/** What a new project may begin with. `sql` runs once, as the tenant's own `postgres` role. */
export type Starter = { name: string; title: string; description: string; sql: string }

export type Templates = {
  /** In the order they apply. */
  tenantMigrations(): Promise<TenantMigration[]>
  starterNames(): Promise<string[]>
  findStarter(name: string): Promise<Starter | undefined>
}

export function templatesAt(folder: string): Templates {
  const starters = join(folder, 'starters')
  const starterNames = async () => (await readdir(starters)).sort()
  return {
    tenantMigrations: () => readTenantMigrations(join(folder, 'tenant')),
    starterNames,
    async findStarter(name) {
      // Looked up among what is there, so a name never becomes a path.
      return (await starterNames()).includes(name) ? readStarter(starters, name) : undefined
    },
  }
}

async function readTenantMigrations(folder: string): Promise<TenantMigration[]> {
  const files = (await readdir(folder)).filter((file) => /^\d{4}_\w+\.sql$/.test(file)).sort()
  return Promise.all(
    files.map(async (file) => {
      const bytes = await readFile(join(folder, file))
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      return { name: file.slice(0, -'.sql'.length), sql: bytes.toString('utf8'), sha256 }
    }),
  )
}

async function readStarter(starters: string, name: string): Promise<Starter> {
  const [about, sql] = await Promise.all([
    readFile(join(starters, name, 'starter.json'), 'utf8'),
    readFile(join(starters, name, 'schema.sql'), 'utf8'),
  ])
  const { title, description } = JSON.parse(about) as { title: string; description: string }
  return { name, title, description, sql }
}
