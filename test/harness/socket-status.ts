/** The status that a GET on a unix socket is answered with; undefined when nobody answers. */
import { request } from 'node:http'

export const statusOn = (socketPath: string, path: string): Promise<number | undefined> =>
  new Promise((resolve) => {
    const asked = request({ socketPath, path, timeout: 2_000 }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode))
    })
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(undefined)).end()
  })
