/** Requests that node:http has read, and their answers through it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { readBody } from '../gate/budget.ts'
import { leaving } from '../gate/caller.ts'
import type { App } from './app.ts'
import { send } from './send.ts'

export function serveByNode(app: App): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const exchange = app.begin({
      method: request.method ?? 'GET',
      url: request.url ?? '/',
      headers: request.headers,
      gone: leaving(request.socket),
      body: (budget) => readBody(request, budget),
    })
    let bytes = 0
    response.once('close', () => {
      app.record(exchange, { status: response.statusCode, bytes, aborted: !response.writableFinished })
    })
    void app.answer(exchange).then((reply) => {
      if (reply === undefined || response.destroyed) {
        response.destroy()
        return
      }
      const { answer, common, close } = reply
      // A body we did not read to its end must not be taken for the next request.
      const unread = !request.complete && hasBody(request)
      bytes = send(response, answer, { common, close: close || unread })
    })
  }
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
