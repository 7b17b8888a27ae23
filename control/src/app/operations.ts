/** Operations: shown, listed, followed until they end. */
import type { Operation } from '@cascata/shared/contract/operations'
import { OperationNotFound } from '@cascata/shared/problems/operations'
import type { PageRequest } from '../store/cursor.ts'
import type { OperationRow } from '../store/tables/operations.ts'
import { assertSees, type Caller, seesPast } from './caller.ts'
import { FOLLOW_REREAD_MS } from './limits.ts'
import type { AppDeps } from './ports.ts'
import { viewOperation, viewPage } from './view.ts'

/** One listener on the database, however many follow. */
function changeHub(store: AppDeps['store']) {
  const waiting = new Map<string, Set<() => void>>()
  let listening: Promise<unknown> | undefined

  const listen = () => {
    listening ??= store
      .watchOperations((id) => {
        const wakes = waiting.get(id)
        waiting.delete(id)
        for (const wake of wakes ?? []) wake()
      })
      .catch((error: unknown) => {
        listening = undefined
        throw error
      })
    return listening
  }

  return {
    listen,
    /** Resolves at the operation's next change, at the latest after `ms`, or when the caller has gone. */
    next(id: string, ms: number, signal: AbortSignal): Promise<void> {
      return new Promise((resolve) => {
        const wakes = waiting.get(id) ?? new Set()
        const wake = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', wake)
          wakes.delete(wake)
          if (wakes.size === 0 && waiting.get(id) === wakes) waiting.delete(id)
          resolve()
        }
        const timer = setTimeout(wake, ms)
        signal.addEventListener('abort', wake)
        waiting.set(id, wakes.add(wake))
        if (signal.aborted) wake()
      })
    },
  }
}

export function operationCases({ store }: AppDeps) {
  const hub = changeHub(store)

  async function getRow(caller: Caller, id: string): Promise<OperationRow> {
    const row = await store.operations.find(id)
    if (!row || !(await seesPast(store, caller, row))) throw OperationNotFound()
    return row
  }

  return {
    get: async (caller: Caller, id: string): Promise<Operation> => viewOperation(await getRow(caller, id)),

    async list(caller: Caller, request: PageRequest & { ref?: string | undefined }) {
      if (request.ref !== undefined) assertSees(caller, request.ref)
      if (caller.projectRef === null) return viewPage(await store.operations.page(request), viewOperation)
      const { ref, createdAt: since } = await store.projects.get(caller.projectRef)
      return viewPage(await store.operations.page({ ...request, ref, since }), viewOperation)
    },

    /** The operation at each change until it ends; null when nothing happened for a while. */
    async *follow(caller: Caller, id: string, signal: AbortSignal): AsyncGenerator<Operation | null> {
      await hub.listen()
      let seen: string | undefined
      while (!signal.aborted) {
        // Waits from before the reading on: a change between the two would be missed.
        const changed = hub.next(id, FOLLOW_REREAD_MS, signal)
        const row = await getRow(caller, id)
        yield row.updatedAt === seen ? null : viewOperation(row)
        seen = row.updatedAt
        if (row.finishedAt !== null) return
        await changed
      }
    },
  }
}
