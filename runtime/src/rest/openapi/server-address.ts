/** Where callers find this API: what a document names as its server. */
import type { RestSettings } from '@cascata/shared/project-document'

export type ServerAddress = {
  scheme: 'http' | 'https'
  /** Always with its port, as PostgREST has it. */
  host: string
  /** Without a slash at its end, unless it is nothing else or the setting had one. */
  basePath: string
}

export type Surroundings = {
  settings: Pick<RestSettings, 'openapiServerProxyUri' | 'trustForwarded'>
  /** Of the request, in lower case. */
  headers: Readonly<Record<string, string>>
  /** The URL that this API has when nobody says otherwise. */
  url: string
}

/** What is configured, then what a proxy in front says (where it is believed), then our own. */
export function serverAddressOf({ settings, headers, url }: Surroundings): ServerAddress {
  if (settings.openapiServerProxyUri !== null) return parse(settings.openapiServerProxyUri)
  const own = parse(url)
  const forwarded = settings.trustForwarded ? firstOf(headers['x-forwarded-host']) : undefined
  const scheme = firstOf(headers['x-forwarded-proto']) === 'https' ? 'https' : 'http'
  const there = `${scheme}://${forwarded}`
  if (forwarded === undefined || !HOST.test(forwarded) || !URL.canParse(there)) return own
  return { ...parse(there), basePath: own.basePath }
}

/** A name or an address, with a port or not: what else stands there is no host. */
const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?$/i

/** Each proxy adds its own at the end. */
const firstOf = (header: string | undefined): string | undefined => header?.split(',')[0]?.trim()

/** PostgREST's words for "any address". */
const ANY_HOST = /^[*!][46]?$/

function parse(url: string): ServerAddress {
  const { protocol, hostname, port, pathname } = new URL(url)
  const scheme = protocol === 'https:' ? 'https' : 'http'
  const host = ANY_HOST.test(hostname) ? '0.0.0.0' : hostname
  return { scheme, host: `${host}:${port || (scheme === 'https' ? 443 : 80)}`, basePath: pathname }
}
