/** Signs a request to AWS (Signature Version 4). Pure. */
import { createHash, createHmac } from 'node:crypto'

export type AwsCredentials = { accessKeyId: string; secretAccessKey: string }
export type AwsRequest = {
  method: string
  url: URL
  body: string
  region: string
  service: string
  now: number
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
/** As AWS has it: more than JavaScript escapes. */
const escaped = (text: string) =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** Headers to send beside the host's own. */
export function signV4(
  { accessKeyId, secretAccessKey }: AwsCredentials,
  { method, url, body, region, service, now }: AwsRequest,
): Record<string, string> {
  const at = new Date(now).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  const day = at.slice(0, 8)
  const query = [...url.searchParams]
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
    .toSorted()
    .join('&')
  const signed = 'host;x-amz-date'
  const canonical = [
    method,
    url.pathname,
    query,
    `host:${url.host}`,
    `x-amz-date:${at}`,
    '',
    signed,
    sha256(body),
  ]
  const scope = `${day}/${region}/${service}/aws4_request`
  const text = ['AWS4-HMAC-SHA256', at, scope, sha256(canonical.join('\n'))].join('\n')
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`)
  const signature = createHmac('sha256', key).update(text).digest('hex')
  const credential = `Credential=${accessKeyId}/${scope}`
  return {
    'x-amz-date': at,
    authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${signed}, Signature=${signature}`,
  }
}
