import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { parseStat, processMeter } from './meters.ts'

describe('parseStat', () => {
  test('adds up a process and those it has waited for, in user and in kernel', () => {
    const text = '1248 (bash) S 1244 1248 1248 0 -1 4194560 5446 243720 0 139 4 5 1008 544 20 0 1 0 1242762'
    expect(parseStat(text)).toEqual([{ pid: 1248, parent: 1244, ticks: 4 + 5 + 1008 + 544 }])
  })

  test('is not misled by a name with blanks and brackets', () => {
    const text = '7 (a) b (c)) R 1 7 7 0 -1 0 0 0 0 0 1 2 3 4 20 0'
    expect(parseStat(text)).toEqual([{ pid: 7, parent: 1, ticks: 10 }])
  })

  test('finds nothing of a process that has ended meanwhile', () => {
    expect(parseStat('')).toEqual([])
  })
})

test('a process is measured with those it started', async () => {
  const idle = 'setInterval(() => {}, 1000)'
  const parent = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(idle)}], { stdio: 'inherit' }); console.log('up'); ${idle}`
  const child = spawn(process.execPath, ['-e', parent], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  try {
    await once(child.stdout, 'data')
    const both = processMeter(child.pid ?? 0)
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
    const aloneMb = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024
    await expect.poll(() => both.rssMb(), { timeout: 30_000 }).toBeGreaterThan(aloneMb * 1.5)
    expect(await both.cpuUs()).toBeGreaterThan(0)
  } finally {
    process.kill(-(child.pid ?? 0), 'SIGKILL')
  }
})
