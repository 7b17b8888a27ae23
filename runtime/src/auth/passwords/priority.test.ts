import { readdir, readFile } from 'node:fs/promises'
import { getPriority } from 'node:os'
import { expect, test } from 'vitest'
import { lowerPool } from './priority.ts'

test('threads that hash step back, and no others', async () => {
  const before = getPriority(process.pid)
  expect(await lowerPool()).toBeGreaterThanOrEqual(4)
  for (const id of await readdir('/proc/self/task')) {
    const name = await readFile(`/proc/self/task/${id}/comm`, 'utf8')
    if (name === 'libuv-worker\n') expect(getPriority(Number(id))).toBe(10)
  }
  expect(getPriority(process.pid)).toBe(before)
})
