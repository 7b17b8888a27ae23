/** An archive on its way to control: its bytes, and the keys that open it. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { Call } from './client.ts'
import { EXIT, Failure } from './failure.ts'
import type { Output } from './output.ts'
import { readSecretFile } from './secrets.ts'

export async function keyHeaders(options: {
  passphraseFile?: string
  identityFile?: string
}): Promise<Record<string, string>> {
  const headers: Record<string, string> = {}
  // Base64: a passphrase may hold what a header may not.
  const encoded = async (file: string) => Buffer.from(await readSecretFile(file)).toString('base64')
  if (options.passphraseFile) headers['x-cascata-passphrase'] = await encoded(options.passphraseFile)
  if (options.identityFile) headers['x-cascata-identity'] = await encoded(options.identityFile)
  return headers
}

export async function upload(file: string, output: Output): Promise<Call> {
  const found = await stat(file).catch(() => undefined)
  if (!found?.isFile())
    throw new Failure(EXIT.usage, 'file-not-found', `${file} is not a file that can be read`)
  let sent = 0
  const source = createReadStream(file, { highWaterMark: 1 << 20 })
  source.on('data', (chunk) => {
    sent += chunk.length
    output.bytes(`upload ${file}`, sent, found.size)
  })
  return { stream: { bytes: Readable.toWeb(source) as ReadableStream<Uint8Array>, length: found.size } }
}
