/**
 * The tenant migrations that a database's image carries: what a release expects of a cluster travels with it, so that
 * control can bring a project to any release whose images are here, its own or not.
 */
import { createHash } from 'node:crypto'
import type { TenantMigration } from '@cascata/templates'
import type { Engine } from '../engine/engine.ts'

const FOLDER = '/usr/share/cascata/tenant'
const FILE_BYTES_MAX = '1M'

/** @throws when the container does not run, or its image has none. */
export async function imageMigrations(
  engine: Pick<Engine, 'exec'>,
  container: string,
): Promise<TenantMigration[]> {
  const files = ['-name', '*.sql', '-type', 'f']
  const read = ['-exec', 'head', '--verbose', `--bytes=${FILE_BYTES_MAX}`, '{}', '+']
  const { exitCode, stdout, stderr } = await engine.exec(container, ['find', FOLDER, ...files, ...read])
  const found = exitCode === 0 ? parseHeads(stdout) : []
  if (found.length === 0) throw new Error(`no migrations in ${container}: ${stderr.trim() || exitCode}`)
  return found
}

const HEAD = /(?:^|\n)==> \/usr\/share\/cascata\/tenant\/(\d{4}_\w+)\.sql <==\n/

/** What `head --verbose` says of several files: before each but the first it puts a line's end of its own. */
export function parseHeads(text: string): TenantMigration[] {
  const [, ...parts] = text.split(HEAD)
  const found: TenantMigration[] = []
  for (let at = 0; at < parts.length; at += 2) {
    const [name = '', sql = ''] = parts.slice(at, at + 2)
    found.push({ name, sql, sha256: createHash('sha256').update(sql).digest('hex') })
  }
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
