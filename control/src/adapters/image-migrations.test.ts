import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { sourceFolder, templatesAt } from '@cascata/templates'
import { expect, test } from 'vitest'
import { imageMigrations } from './image-migrations.ts'

/** What runs in the container is run here, on the folder that the image is made from. */
const here = (folder: string) => ({
  exec: async (_name: string, [program = '', ...argv]: readonly string[]) => {
    const told = argv.map((word) => (word === '/usr/share/cascata/tenant' ? folder : word))
    const stdout = execFileSync(program, told, { encoding: 'utf8' })
    return { exitCode: 0, stderr: '', stdout: stdout.replaceAll(folder, '/usr/share/cascata/tenant') }
  },
})

test('the migrations in an image are read as they were written, byte for byte and in order', async () => {
  const own = await templatesAt(sourceFolder).tenantMigrations()
  expect(await imageMigrations(here(join(sourceFolder, 'tenant')), 'shop-db')).toEqual(own)
})

test('an image without any is told apart from one that lacks none', async () => {
  const none = { exec: async () => ({ exitCode: 1, stdout: '', stderr: 'No such file or directory' }) }
  await expect(imageMigrations(none, 'shop-db')).rejects.toThrow(/no migrations in shop-db: No such file/)
})
