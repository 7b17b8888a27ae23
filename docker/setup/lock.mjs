/** Lets one set-up at a time work in a checkout. The lock of a process that is gone counts for nothing. */
import { readFileSync, rmSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { config } from './config.mjs'

const file = join(config.state, 'lock')

/** Resolves once the lock is held, to the function that gives it back. */
export async function takeLock(report) {
  await mkdir(config.state, { recursive: true })
  for (;;) {
    const held = await writeFile(file, String(process.pid), { flag: 'wx' }).catch((error) => error)
    if (held === undefined) return dropLock
    if (held.code !== 'EEXIST') throw held
    const holder = Number(await readFile(file, 'utf8').catch(() => ''))
    if (isSetUp(holder)) {
      report(`another set-up is under way here (process ${holder}); waiting for it`)
      await wait(1000)
    } else await rm(file, { force: true })
  }
}

/** Numbers of processes are used again: it must be one of ours. */
function isSetUp(pid) {
  try {
    return pid > 0 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('docker/setup/')
  } catch {
    return false
  }
}

/** Gives the lock back, at once and in whatever state the process is; another's is left. */
export function dropLock() {
  try {
    if (readFileSync(file, 'utf8') === String(process.pid)) rmSync(file)
  } catch {
    // It was not held.
  }
}
