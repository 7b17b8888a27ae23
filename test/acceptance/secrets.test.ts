/** Where a project's secrets may not stand: in no log, no container's configuration, and not in the clear in meta. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { cliFor } from '../harness/cli.ts'
import { containersOf } from '../harness/docker.ts'
import { localFetch } from '../harness/local-fetch.ts'
import { output, run } from '../harness/run.ts'
import { BackupFacts, Created } from './shapes.ts'

const { name: instance, profile, home, httpPort } = inject('instance')
const cli = cliFor(profile)
const fetch = localFetch(httpPort)

let secrets: Record<string, string>

beforeAll(async () => {
  const project = await cli.json(
    Created,
    'projects',
    'create',
    'Vault',
    '--ref',
    'vault',
    '--template',
    'todo',
    '--wait',
  )
  const document = JSON.parse(await readFile(join(home, 'run/vault/project.json'), 'utf8')) as {
    jwtSecret: string
    database: { password: string }
  }
  const { token } = JSON.parse(await readFile(profile, 'utf8')) as { token: string }
  secrets = {
    'the anon key': project.anon_key,
    'the service key': project.service_role_key,
    'the signing secret': document.jwtSecret,
    "the authenticator's password": document.database.password,
    "the owner's token": token,
    'the master key': (await readFile(join(home, 'control/master.key'), 'utf8')).trim(),
    'a passphrase in SQL': 'correct-horse-battery-staple-77',
  }
  const headers = { apikey: project.service_role_key, authorization: `Bearer ${project.service_role_key}` }
  await fetch(`${project.url}/rest/v1/todos?select=*`, { headers })
  await fetch(`${project.url}/rest/v1/todos?apikey=${project.anon_key}`)
  await fetch(`${project.url}/rest/v1/absent`, { headers })
  await cli.run(
    'db',
    'query',
    `select * from nowhere where x = '${secrets['a passphrase in SQL']}'`,
    '--project',
    'vault',
  )
  await cli.run(
    'db',
    'query',
    `create role app login password '${secrets['a passphrase in SQL']}'`,
    '--project',
    'vault',
  )
  await cli.json(BackupFacts, 'backups', 'create', 'vault', '--wait')
})

afterAll(async () => {
  await cli.run('projects', 'delete', 'vault', '--yes')
})

const found = (text: string) => Object.keys(secrets).filter((name) => text.includes(secrets[name] ?? ''))

test('no log of any container holds one', async () => {
  const containers = await containersOf(instance)
  expect(containers.length).toBeGreaterThanOrEqual(6)
  for (const { name } of containers) {
    const { stdout, stderr } = await run('docker', ['logs', name])
    expect(found(stdout.toString() + stderr), name).toEqual([])
  }
})

test('no configuration of any container holds one', async () => {
  for (const { name } of await containersOf(instance)) {
    expect(found(await output('docker', ['inspect', name])), name).toEqual([])
  }
})

test('meta holds none in the clear, and the dump of it does hold the project', async () => {
  // Root in a container of its own: in meta's, root has no capability that lets it at the socket.
  const image = (await output('docker', ['inspect', '-f', '{{.Config.Image}}', `${instance}-meta`])).trim()
  const socket = `${join(home, 'run/_meta/db')}:/run/postgresql`
  const dump = ['pg_dump', '--host=/run/postgresql', '--username=supabase_admin', '--dbname=cascata']
  const asRoot = ['run', '--rm', '--network=none', '--user=0:0', `--volume=${socket}`, image]
  const text = await output('docker', [...asRoot, ...dump])
  expect(text).toContain('vault')
  expect(found(text)).toEqual([])
})

test('files that hold some are readable to those who need them alone', async () => {
  const modes = await Promise.all(
    ['control/master.key', 'run/vault/project.json'].map(async (file) =>
      ((await stat(join(home, file))).mode & 0o777).toString(8),
    ),
  )
  expect(modes).toEqual(['600', '640'])
  expect(((await stat(profile)).mode & 0o777).toString(8)).toBe('600')
})
