/**
 * The database of the moment. When the document names another password, place or pool size, a new pool takes
 * over and the old one ends after its last turn: callers hold one `Database` and notice nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProjectDocument } from '@cascata/shared/project-document'
import type { Database } from './database.ts'
import { LISTEN_RETRY_MS } from './limits.ts'
import type { Project } from './project.ts'

type DatabaseSettings = ProjectDocument['database']

type Listener = {
  channel: string
  onNotify: (payload: string | null) => void
  /** Ends what listens now; settles when it does. */
  current: Promise<{ close(): Promise<void> }>
}

export function createPool(
  project: Project,
  { open, onError }: { open: (document: ProjectDocument) => Database; onError: (error: unknown) => void },
): Database {
  let database = open(project.current())
  const listeners = new Set<Listener>()

  const unsubscribe = project.subscribe((next, previous) => {
    if (isSame(next.database, previous.database)) return
    const retired = database
    database = open(next)
    const isWanted = (listener: Listener) => database === to && listeners.has(listener)
    const to = database
    const moved = [...listeners].map((listener) => move(listener, { to, isWanted, onError }))
    Promise.all(moved)
      .then(() => retired.close())
      .catch(onError)
  })

  return {
    run: (turn, signal) => database.run(turn, signal),
    async listen(channel, onNotify) {
      const listener: Listener = { channel, onNotify, current: database.listen(channel, onNotify) }
      listeners.add(listener)
      await listener.current.catch((error: unknown) => {
        listeners.delete(listener)
        throw error
      })
      return {
        close: async () => {
          listeners.delete(listener)
          await (await listener.current).close()
        },
      }
    },
    close() {
      unsubscribe()
      return database.close()
    },
  }
}

type Move = { to: Database; isWanted: (listener: Listener) => boolean; onError: (error: unknown) => void }

/** Listens anew before the old ear closes, then says that something may have been missed. */
async function move(listener: Listener, { to, isWanted, onError }: Move): Promise<void> {
  const before = listener.current
  while (isWanted(listener)) {
    try {
      const next = await to.listen(listener.channel, listener.onNotify)
      listener.current = Promise.resolve(next)
      listener.onNotify(null)
      break
    } catch (error) {
      // The document may be ahead of the server: the old ear stays open until the new one hears.
      onError(error)
      await sleep(LISTEN_RETRY_MS)
    }
  }
  await (await before).close()
}

const isSame = (one: DatabaseSettings, other: DatabaseSettings): boolean =>
  (Object.keys(one) as (keyof DatabaseSettings)[]).every((key) => one[key] === other[key])
