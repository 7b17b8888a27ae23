/** Asks a claimed name itself, by plain HTTP, whether it leads to this instance: also through whatever stands before it. */
import { request } from 'node:http'
import { isIPv6 } from 'node:net'
import { PROOF_PATH } from '@cascata/shared/contract/domains'
import { isPublicAddress } from './public-address.ts'

const ASK_TIMEOUT_MS = 5_000
const ANSWER_BYTES_MAX = 256
const HTTP_PORT = 80

export type NameProof = (name: string, address: string, proof: string) => Promise<boolean>

/**
 * `isAsked`: an address that is none of this instance's own is asked at all. What a tenant's name leads to is the tenant's
 * to say: without a bound it would have control knock at port 80 of anything that only this machine can reach.
 */
export type AskOptions = { isAsked?(address: string): boolean; port?: number }

/** Never throws: no answer is no proof. No redirect is followed. */
export const nameProof =
  ({ isAsked = isPublicAddress, port = HTTP_PORT }: AskOptions = {}): NameProof =>
  (name, address, proof) =>
    new Promise((resolve) => {
      if (!isAsked(address)) return resolve(false)
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
