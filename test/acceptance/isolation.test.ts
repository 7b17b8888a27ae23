/**
 * What a tenant's containers can reach, tried from inside them: nothing but their own files, their own Postgres and
 * the way out. Only this project's own containers are probed, and no address outside them is dialled: what cannot be
 * reached is shown by what is not there (interfaces, sockets, files, capabilities).
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { cliFor } from '../harness/cli.ts'
import { inside } from '../harness/docker.ts'
import { output } from '../harness/run.ts'
import { Created } from './shapes.ts'

const { name: instance, profile, home } = inject('instance')
const cli = cliFor(profile)
const runtime = `${instance}-cell-runtime-1`
const db = `${instance}-cell-db`

beforeAll(async () => {
  await Promise.all([
    cli.json(Created, 'projects', 'create', 'Cell', '--ref', 'cell', '--template', 'todo', '--wait'),
    cli.json(
      Created,
      'projects',
      'create',
      'Neighbour',
      '--ref',
      'neighbour',
      '--template',
      'todo',
      '--wait',
    ),
  ])
})

afterAll(async () => {
  for (const ref of ['cell', 'neighbour']) await cli.run('projects', 'delete', ref, '--yes')
})

/** Runs a script in the runtime's own Node, under the runtime's uid and limits. */
async function script(source: string): Promise<unknown> {
  const { code, stdout, stderr } = await inside(runtime, 'node', '--input-type=module', '-e', source)
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

describe.each([
  ['runtime', () => runtime],
  ['db', () => db],
])('the %s container', (role, container) => {
  test('sees no file of another project, of control or of the instance', async () => {
    const { stdout } = await inside(container(), 'cat', '/proc/self/mountinfo')
    for (const other of [
      'neighbour',
      '/control',
      '_control',
      '_meta',
      ...(role === 'db' ? ['_redis'] : []),
      'backups',
      'imports',
      'docker.sock',
    ]) {
      const lines = stdout.split('\n').filter((line) => line.includes(`${home}/`) && line.includes(other))
      expect(lines, other).toEqual([])
    }
  })

  test('holds no unix socket but its own', async () => {
    const { stdout } = await inside(container(), 'find', '/run', '/var', '/tmp', '/etc', '-type', 's')
    const own = role === 'runtime' ? ['/run/counters/redis.sock'] : []
    const sockets = stdout.split('\n').filter((line) => line !== '' && !own.includes(line))
    expect(sockets.every((socket) => /\/(\.s\.PGSQL\.5432|\d+\.sock)$/.test(socket))).toBe(true)
    expect(sockets.some((socket) => socket.includes('docker') || socket.includes('redis'))).toBe(false)
  })

  test('cannot write outside its own places', async () => {
    for (const place of ['/', '/etc', '/usr', '/opt']) {
      expect((await inside(container(), 'touch', `${place}/probe`)).code, place).not.toBe(0)
    }
  })

  test('has no capability, no privilege to gain and a uid of its own', async () => {
    const { stdout } = await inside(container(), 'cat', '/proc/self/status')
    expect(stdout).toMatch(/CapEff:\s+0{16}/)
    expect(stdout).toMatch(/CapBnd:\s+0{16}/)
    expect(stdout).toMatch(/NoNewPrivs:\s+1/)
    expect(stdout).toMatch(/Seccomp:\s+2/)
    expect(Number(/Uid:\s+(\d+)/.exec(stdout)?.[1])).toBeGreaterThanOrEqual(200_000)
  })

  test('sees only its own processes', async () => {
    const { stdout } = await inside(container(), 'find', '/proc', '-maxdepth', '1', '-name', '[0-9]*')
    expect(stdout.trim().split('\n').length).toBeLessThan(30)
  })
})

describe('Redis, as a runtime reaches it', () => {
  test('is a socket in a folder with nothing else, which no runtime may change', async () => {
    const { stdout } = await inside(runtime, 'find', '/run/counters')
    expect(stdout.trim().split('\n')).toEqual(['/run/counters', '/run/counters/redis.sock'])
    expect((await inside(runtime, 'rm', '/run/counters/redis.sock')).code).not.toBe(0)
    expect((await inside(runtime, 'touch', '/run/counters/x')).code).not.toBe(0)
  })

  test('answers nobody without a name, and lets the runtime count in its own keys alone', async () => {
    const outcome = await script(`
      import net from 'node:net'
      import { createHash, createHmac } from 'node:crypto'
      import { readFileSync } from 'node:fs'
      const { ref, database } = JSON.parse(readFileSync('/run/cascata/project.json', 'utf8'))
      const password = createHmac('sha256', database.password).update('counters:' + ref).digest('base64url')
      const user = 'gate:' + ref + ':' + createHash('sha256').update(password).digest('hex').slice(0, 12)
      const say = (commands) => new Promise((resolve, reject) => {
        const socket = net.connect('/run/counters/redis.sock')
        let text = ''
        socket.on('data', (data) => { text += data; if (text.split('\\r\\n').length > commands.length) { socket.destroy(); resolve(text.trim().split('\\r\\n').map((line) => line.slice(0, 7))) } })
        socket.on('error', reject)
        socket.write(commands.map((each) => each + '\\r\\n').join(''))
      })
      const auth = 'AUTH ' + user + ' ' + password
      console.log(JSON.stringify({
        nobody: await say(['PING']),
        own: await say([auth, 'PSETEX ' + user + ':probe 1000 1']),
        others: await say([auth, 'GET bull:operations:meta', 'GET gate:neighbour:x', 'CONFIG GET dir', 'FLUSHALL']),
      }))
    `)
    const no = '-NOPERM'
    expect(outcome).toEqual({ nobody: ['-NOAUTH'], own: ['+OK', '+OK'], others: ['+OK', no, no, no, no] })
  })

  test('is out of reach of the edge', async () => {
    const { code, stderr } = await inside(`${instance}-edge`, 'ls', '/run/cascata/_redis')
    expect([code === 0, stderr]).toEqual([false, expect.stringMatching(/[Pp]ermission denied/)])
  })
})

test("two projects have two uids, and none may read the other's files", async () => {
  const uidOf = async (ref: string) =>
    (await output('docker', ['inspect', '-f', '{{.Config.User}}', `${instance}-${ref}-db`])).trim()
  const [cell, neighbour] = [await uidOf('cell'), await uidOf('neighbour')]
  expect(cell).not.toBe(neighbour)
  // Group and mode: the document is root's, readable to its project's group; others read nothing.
  const modes = await output('stat', [
    '-c',
    '%g %a',
    `${home}/run/neighbour/project.json`,
    `${home}/run/neighbour/db`,
  ])
  const group = neighbour.split(':')[1]
  expect(modes.trim().split('\n')).toEqual([`${group} 640`, `${group} 750`])
})

describe('the network', () => {
  test('a database has none but its loopback', async () => {
    const { stdout } = await inside(db, 'cat', '/proc/net/dev')
    const interfaces = stdout
      .split('\n')
      .filter((line) => line.includes(':'))
      .map((line) => line.split(':')[0]?.trim())
    expect(interfaces).toEqual(['lo'])
    expect((await inside(db, 'cat', '/proc/net/tcp')).stdout.trim().split('\n')).toHaveLength(1)
  })

  test('a runtime listens on no port, and its bridge lets no neighbour through', async () => {
    const { stdout } = await inside(runtime, 'cat', '/proc/net/tcp', '/proc/net/tcp6')
    const listening = stdout.split('\n').filter((line) => /^\s*\d+:\s+\S+\s+\S+\s+0A\s/.test(line))
    // 127.0.0.11, in hexadecimal: the engine's own name server inside the container's namespace.
    expect(listening.filter((line) => !/\s0B00007F:/.test(line))).toEqual([])
    const icc = await output('docker', [
      'network',
      'inspect',
      '-f',
      '{{index .Options "com.docker.network.bridge.enable_icc"}}',
      `${instance}-egress`,
    ])
    expect(icc.trim()).toBe('false')
  })

  test('meta and redis have no network at all', async () => {
    for (const role of ['meta', 'redis']) {
      const mode = await output('docker', [
        'inspect',
        '-f',
        '{{.HostConfig.NetworkMode}}',
        `${instance}-${role}`,
      ])
      expect(mode.trim()).toBe('none')
    }
  })
})

describe('the database', () => {
  test("lets the project's own uid in under no name without a password", async () => {
    const outcome = await script(`
      import net from 'node:net'
      const tryUser = (user) => new Promise((resolve) => {
        const socket = net.connect('/run/cascata/db/.s.PGSQL.5432')
        const fields = Buffer.from('user\\0' + user + '\\0database\\0postgres\\0\\0')
        const head = Buffer.alloc(8); head.writeInt32BE(fields.length + 8, 0); head.writeInt32BE(196608, 4)
        socket.write(Buffer.concat([head, fields]))
        socket.once('data', (data) => { socket.destroy(); resolve(data[0] === 0x52 ? 'auth ' + data.readInt32BE(5) : String.fromCharCode(data[0])) })
        socket.once('error', (error) => resolve(error.code))
      })
      const out = {}
      for (const user of ['supabase_admin', 'postgres', 'authenticator', 'root']) out[user] = await tryUser(user)
      console.log(JSON.stringify(out))
    `)
    // "auth 0" would be a login without a password; 10 asks for SCRAM, "E" refuses.
    for (const answer of Object.values(outcome as Record<string, string>))
      expect(['auth 10', 'E']).toContain(answer)
  })

  test('gives a tenant no way to files, programs or a superuser', async () => {
    for (const sql of [
      "copy (select 1) to program 'id'",
      "select pg_read_file('/etc/passwd')",
      'alter role postgres superuser',
      'set role supabase_admin',
      "select lo_import('/etc/passwd')",
      'create extension plpython3u',
      "copy (select 1) to '/tmp/x'",
      "select dblink_connect('host=/run/postgresql user=supabase_admin')",
    ]) {
      expect((await cli.run('db', 'query', sql, '--project', 'cell')).code, sql).not.toBe(0)
    }
  })
})
