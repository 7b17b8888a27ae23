/**
 * The database image's own client programs on this machine: taken out of the image with the libraries they load, so
 * that their bytes come through a plain pipe, as in control's container (through `docker exec` they take three
 * times as long), whatever this machine has installed.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const exec = promisify(execFile)
const BIN = '/usr/lib/postgresql/17/bin'
const NAMES = ['pg_dump', 'pg_restore', 'psql', 'pgbench'] as const
type Name = (typeof NAMES)[number]

export type TakenTools = {
  /** argv of each program, to be followed by its arguments. */
  argv: Record<Name, string[]>
  remove(): Promise<void>
}

export async function takePgTools(image = 'cascata-postgres:0.1.0'): Promise<TakenTools> {
  const folder = await mkdtemp(join(tmpdir(), 'cascata-tools-'))
  const programs = NAMES.map((name) => `${BIN}/${name}`)
  const { stdout } = await exec('docker', [
    'run',
    '--rm',
    '--network=none',
    '--entrypoint=ldd',
    image,
    ...programs,
  ])
  const libraries = [...new Set([...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path))]
  const loader = libraries.find((path) => /\/ld-[^/]+$/.test(path))
  if (!loader) throw new Error(`no loader among the libraries of ${programs[0]}:\n${stdout}`)
  await copyOut(image, [...programs, ...libraries], folder)
  const folders = [...new Set(libraries.map((path) => join(folder, dirname(path))))].join(':')
  const argvOf = (name: Name) => [join(folder, loader), '--library-path', folders, join(folder, BIN, name)]
  return {
    argv: {
      pg_dump: argvOf('pg_dump'),
      pg_restore: argvOf('pg_restore'),
      psql: argvOf('psql'),
      pgbench: argvOf('pgbench'),
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Links are followed: what arrives are files. */
async function copyOut(image: string, paths: readonly string[], folder: string): Promise<void> {
  const packing = ['run', '--rm', '--network=none', '--entrypoint=tar', image, '-chf', '-', ...paths]
  const pack = spawn('docker', packing, { stdio: ['ignore', 'pipe', 'ignore'] })
  const unpack = spawn('tar', ['-xf', '-', '-C', folder], { stdio: [pack.stdout, 'ignore', 'inherit'] })
  const codes = await Promise.all([once(pack, 'exit'), once(unpack, 'exit')])
  if (codes.some(([code]) => code !== 0)) throw new Error(`the programs could not be taken out of ${image}`)
}
