/** A DNS provider as we need it: one TXT value put up beside whatever else there is, and taken down again. */

export type TxtRecord = {
  /** `_acme-challenge.shop.example`, without a dot at the end. */
  name: string
  value: string
}

/** Both may be repeated: a value that stands, or is gone, is fine. Failures are `DnsProviderFailed`. */
export type DnsProvider = {
  present(record: TxtRecord): Promise<void>
  cleanup(record: TxtRecord): Promise<void>
  /** What the world needs to see a change. */
  propagationMs: number
}

/** How often what we put up may be asked for again: the least that providers take. */
export const TTL_S = 60

/** `_acme-challenge.a.shop.example` lies in one of these zones, the longest that exists. */
export function zonesAbove(name: string): string[] {
  const labels = name.split('.')
  // The last one is a top-level domain: nobody's zone.
  return labels.slice(0, -1).map((_, at) => labels.slice(at).join('.'))
}

/** The name as it is called within its zone. */
export const within = (name: string, zone: string): string =>
  name === zone ? '@' : name.slice(0, -zone.length - 1)
