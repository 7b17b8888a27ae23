import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serialize } from 'pg-protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openStandIn, type StandInOf } from './stand-in.ts'

let socketDir = ''
const opened: (() => void)[] = []

beforeEach(async () => {
  socketDir = await mkdtemp(join(tmpdir(), 'stand-in-'))
})

afterEach(async () => {
  for (const close of opened.splice(0)) close()
  await rm(socketDir, { recursive: true })
})

const place = () => join(socketDir, '.s.PGSQL.5432')

async function standIn(more: Partial<StandInOf> = {}) {
  const passed: string[] = []
  const open = await openStandIn({
    ...{ socketDir, refusal: null, wake: async () => {}, passedOn: () => passed.push('passed on') },
    isFree: async () => true,
    ...more,
  })
  if (open) opened.push(open.close)
  return { open, passed }
}

/** Says who it is, and gathers what is said until the other side hangs up, or until `enough` is in it. */
function say(user: string, enough?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const socket = connect(place(), () => socket.write(serialize.startup({ user, database: 'postgres' })))
    socket.on('data', (chunk) => {
      said += chunk.toString('latin1')
      if (enough !== undefined && said.includes(enough)) socket.end()
    })
    socket.on('close', () => resolve(said))
    socket.on('error', reject)
  })
}

/** A server that says back what it was told; it takes the name as Postgres does. */
async function server(): Promise<Server> {
  await rm(place(), { force: true })
  const echo = createServer((socket) => socket.pipe(socket))
  opened.push(() => echo.close())
  await new Promise<void>((resolve) => echo.listen(place(), resolve))
  return echo
}

describe('who stands in', () => {
  test('holds a client, has the server woken once it is known who comes, and passes on every byte', async () => {
    const { passed } = await standIn({ wake: async () => void (await server()) })
    expect(await say('postgres', 'database')).toContain('user\0postgres')
    expect(passed).toEqual(['passed on'])
  })

  test('passes nothing on to a server that is in somebody’s hand by then: what it accepts may be undone', async () => {
    const heard: string[] = []
    const trial = async () => {
      const opened = await server()
      opened.on('connection', (socket) => socket.on('data', (chunk) => heard.push(chunk.toString('latin1'))))
    }
    const { passed } = await standIn({ wake: trial, isFree: async () => false })
    expect(await say('postgres')).toContain('C57P03\0')
    expect([passed, heard]).toEqual([[], []])
  })

  test('tells anybody else what a starting server says: whoever looks for the server goes on looking', async () => {
    const woken: string[] = []
    await standIn({ wake: async () => void woken.push('woken') })
    expect(await say('supabase_admin')).toContain('C57P03\0')
    expect(woken).toEqual([])
  })

  test('refuses with the reason where there is one', async () => {
    await standIn({ refusal: 'The project shop is paused.' })
    expect(await say('postgres')).toMatch(/^E.*FATAL\0C08004\0MThe project shop is paused\.\0\0$/s)
  })

  test('refuses when the server does not come', async () => {
    await standIn({ wake: () => Promise.reject(new Error('no')) })
    expect(await say('postgres')).toContain('Mthe database did not start')
  })

  test('does not call itself when a wake was none', async () => {
    await standIn()
    expect(await say('postgres')).toContain('Mthe database did not start')
  })

  test('hangs up on what is no word of the protocol', async () => {
    await standIn()
    const said = await new Promise<string>((resolve) => {
      let heard = ''
      const socket = connect(place(), () => socket.write('GET / HTTP/1.1\r\n\r\n'))
      socket.on('data', (chunk) => (heard += chunk)).on('close', () => resolve(heard))
    })
    expect(said).toBe('')
  })
})

describe('the place', () => {
  test('is never taken from one that listens', async () => {
    await server()
    expect((await standIn()).open).toBeUndefined()
    expect(await say('postgres', 'user')).toContain('user')
  })

  test('is taken over from one that died, and from one that was killed', async () => {
    const first = await standIn()
    first.open?.close()
    expect(await first.open?.isFound()).toBe(true)
    const second = await standIn({ refusal: 'here' })
    expect(await say('postgres')).toContain('Mhere')
    expect(await first.open?.isFound()).toBe(false)
    expect(await second.open?.isFound()).toBe(true)
  })

  test('is left to a server that took it, also when the stand-in closes', async () => {
    const { open } = await standIn()
    await server()
    expect(await open?.isFound()).toBe(false)
    open?.close()
    expect(await say('postgres', 'user')).toContain('user')
  })

  test('is found although an earlier one was cut off between two steps', async () => {
    await writeFile(join(socketDir, '.stand-in'), '')
    await writeFile(join(socketDir, '.stand-in.old'), '')
    expect((await standIn()).open).toBeDefined()
  })
})
