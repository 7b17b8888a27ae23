/** Asks a claimed name itself, by plain HTTP, whether it leads to this instance: also through whatever stands before it. */
import { request } from 'node:http'
import { isIPv6 } from 'node:net'
import { PROOF_PATH } from '@cascata/shared/contract/domains'

const ASK_TIMEOUT_MS = 5_000
const ANSWER_BYTES_MAX = 256
const HTTP_PORT = 80

export type NameProof = (name: string, address: string, proof: string) => Promise<boolean>

/** Never throws: no answer is no proof. No redirect is followed. */
export const nameProof =
  (port = HTTP_PORT): NameProof =>
  (name, address, proof) =>
    new Promise((resolve) => {
      const sent = request(
        {
          ...{ host: address, family: isIPv6(address) ? 6 : 4, port, path: `${PROOF_PATH}${proof}` },
          ...{ headers: { host: name }, agent: false, signal: AbortSignal.timeout(ASK_TIMEOUT_MS) },
        },
        (answer) => {
          let text = ''
          answer.setEncoding('latin1')
          answer.on('data', (chunk: string) => {
            text += chunk
            if (text.length > ANSWER_BYTES_MAX) answer.destroy()
          })
          answer.on('close', () => resolve(answer.statusCode === 200 && text === proof))
        },
      )
      sent.on('error', () => resolve(false))
      sent.end()
    })
