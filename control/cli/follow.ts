/** Waits for an operation and shows how far it is. Control may be restarted meanwhile: we ask again. */
import { setTimeout as pause } from 'node:timers/promises'
import { Operation } from '@cascata/shared/contract/operations'
import type { Client } from './client.ts'
import { eventData } from './events.ts'
import { EXIT, Failure } from './failure.ts'
import type { Output } from './output.ts'

const GIVE_UP_AFTER_MS = 60_000

/** @throws Failure with the operation's problem when it failed. */
export async function follow(client: Client, output: Output, id: string): Promise<Operation> {
  let unreachableSince: number | undefined
  for (;;) {
    try {
      for await (const operation of changes(client, id)) {
        unreachableSince = undefined
        output.progress(operation)
        if (operation.status === 'succeeded') return operation
        if (operation.status === 'failed') throw failed(operation)
      }
    } catch (error) {
      const lost =
        !(error instanceof Failure) || error.code === 'control-unreachable' || error.code.startsWith('http-5')
      if (!lost) throw error
      unreachableSince ??= Date.now()
      if (Date.now() - unreachableSince > GIVE_UP_AFTER_MS) throw error
    }
    await pause(250)
  }
}

async function* changes(client: Client, id: string): AsyncGenerator<Operation> {
  const response = await client.open(`/v1/operations/${id}/events`, {
    headers: { accept: 'text/event-stream' },
  })
  if (!response.body) return
  for await (const data of eventData(response.body)) yield Operation.parse(JSON.parse(data))
}

function failed(operation: Operation): Failure {
  const { code, detail, title } = operation.problem ?? {
    code: 'operation-failed',
    title: 'failed',
    detail: '',
  }
  return new Failure(EXIT.failed, code, `${operation.kind} of ${operation.ref} failed: ${detail || title}`)
}
