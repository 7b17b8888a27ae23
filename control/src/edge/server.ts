/** What every server block of a site has in common: where it listens, what it shows of itself, where it sends people. */
import { ACME_CHALLENGE } from './challenges.ts'
import type { EdgeCertificate, EdgeSite } from './site.ts'

/** Where plain HTTP is, an authority may look for a proof: also for a name that is sent on to HTTPS. */
export const HTTP = `listen 8080;\n${ACME_CHALLENGE}`

/** @param more of the one that answers for unknown names: it opens the sockets for all. */
export const https = ({ http3 }: EdgeSite, more = ''): string =>
  [`listen 8443 ssl${more};`, ...(http3 ? [`listen 8443 quic${more && `${more} reuseport`};`] : [])].join(
    '\n',
  )

/** Where the same is to be had over HTTP/3; people's port, not ours. */
export const alternative = ({ http3, httpsPort }: EdgeSite): string[] =>
  http3 ? [`add_header Alt-Svc 'h3=":${httpsPort}"; ma=86400' always;`] : []

export const certificateOf = ({
  name,
}: EdgeCertificate): string => `ssl_certificate /etc/cascata/certs/${name}.crt;
ssl_certificate_key /etc/cascata/certs/${name}.key;`

/**
 * The `type` of a problem is relative, and so on the host that answered with it; the pages are control's. The code is
 * what the pattern let through, never the path: that may hold a line's end.
 */
export const problemPages = ({
  controlUrl,
}: EdgeSite): string => `location ~ ^/problems/(?<code>[a-z0-9-]+)$ {
  return 302 ${controlUrl}/problems/$code;
}`

/** The method and the body stay (308); to the same place under another name. */
export const sentOnTo = (host: string): string => `location / {
  return 308 $asked_scheme://${host}$own_port$request_uri;
}`

/** Before anything else is looked at. */
export const sentToHttps = (host: string): string => `if ($is_plain) {
  return 308 https://${host}$https_port$request_uri;
}`
