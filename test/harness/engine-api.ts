/** The Docker engine asked over its socket: a program for each call would be most of a short test's time. */
import { request } from 'node:http'
import { testConfig } from './config.ts'

export type EngineAnswer = { status: number; text: string }

/** @throws for an answer of failure that is not among `fine`. */
export async function askEngine(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  { body, fine = [] }: { body?: unknown; fine?: readonly number[] } = {},
): Promise<EngineAnswer> {
  const answer = await send(method, path, body === undefined ? undefined : JSON.stringify(body))
  if (answer.status >= 400 && !fine.includes(answer.status))
    throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`)
  return answer
}

function send(method: string, path: string, text: string | undefined): Promise<EngineAnswer> {
  const headers = text === undefined ? {} : { 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: testConfig.dockerSocket, method, path, headers }, (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString() }),
      )
    })
    asked.on('error', reject).end(text)
  })
}
