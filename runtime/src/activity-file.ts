/** Where a project's activity is written down: beside its socket, in the one folder that control and it share. */
import { closeSync, futimesSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ACTIVITY_FILE } from '@cascata/shared/http'
import { type Activity, createActivity } from './gate/activity.ts'
import type { Endpoint } from './http/door.ts'

/** A runtime by itself, on a port, has nobody to tell. */
export function activityIn(listen: Endpoint): Activity {
  if (!('socket' in listen)) return createActivity(() => {})
  const file = join(dirname(listen.socket), ACTIVITY_FILE)
  const touch = () => touchFile(file)
  // A start counts: a project that was just made, resumed or woken is not asleep again before its first request.
  touch()
  return createActivity(touch)
}

/** Synchronous, some 20 us every few seconds: it never waits behind file work, and needs no end to wait for. */
function touchFile(file: string): void {
  try {
    const descriptor = openSync(file, 'a', 0o640)
    try {
      const now = new Date()
      futimesSync(descriptor, now, now)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    // A full disk must not cost an answer: the project falls asleep early, and wakes again.
  }
}
