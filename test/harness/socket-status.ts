/** What a GET on a unix socket is answered with; undefined when nobody answers. */
import { request } from 'node:http'

export const statusOn = async (socketPath: string, path: string): Promise<number | undefined> =>
  (await answerOn(socketPath, path))?.status

export const answerOn = (
  socketPath: string,
  path: string,
): Promise<{ status: number | undefined; text: string } | undefined> =>
  new Promise((resolve) => {
    const asked = request({ socketPath, path, timeout: 2_000 }, (response) => {
      let text = ''
      response.on('data', (piece: Buffer) => {
        text += piece
      })
      response.on('end', () => resolve({ status: response.statusCode, text }))
    })
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(undefined)).end()
  })
