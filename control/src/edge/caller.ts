/**
 * Who called, and by what: what the connection says of itself, and what a proxy says that the operator trusts. Whether
 * it is such a proxy is asked of the connection: `$remote_addr` is the caller's by then.
 */
import type { EdgeSite } from './site.ts'

export const caller = (site: EdgeSite): string => [proxies(site), SCHEME, ports(site)].join('\n\n')

/** Their word on who called is taken, and nobody else's. */
function proxies({ trustedProxies }: EdgeSite): string {
  if (trustedProxies.length === 0) return "map '' $is_proxy {\n  default '';\n}"
  return [
    ...trustedProxies.map((network) => `set_real_ip_from ${network};`),
    'real_ip_header X-Forwarded-For;',
    'real_ip_recursive on;',
    'geo $realip_remote_addr $is_proxy {',
    ...trustedProxies.map((network) => `  ${network} 1;`),
    '}',
  ].join('\n')
}

/** A proxy that ends TLS passes plain HTTP on: what counts is what it was asked by. Only `https` is worth a word. */
const SCHEME = `map $http_x_forwarded_proto $said_scheme {
  default $scheme;
  https https;
}
map $is_proxy $asked_scheme {
  default $scheme;
  1 $said_scheme;
}

# Sent on to HTTPS, where a site has nothing else: all but what an authority looks for.
map $asked_scheme $is_plain {
  http $is_no_proof;
}
map $uri $is_no_proof {
  default 1;
  ~^/\\.well-known/acme-challenge/[A-Za-z0-9_-]+$ '';
}

# Browsers must not be told by plain HTTP (RFC 6797, 7.2). Set where a project wants it.
map '' $hsts_rule {
  default '';
}
map $asked_scheme $hsts {
  https $hsts_rule;
}`

const portText = (port: number, standard: number) => (port === standard ? "''" : `':${port}'`)

/**
 * What stands behind a host in a URL that leads here. People see the ports of a proxy, not ours: the one they asked
 * for, and for HTTPS the usual one.
 */
const ports = ({ httpPort, httpsPort }: EdgeSite): string => `map $asked_scheme $listened_port {
  http ${portText(httpPort, 80)};
  https ${portText(httpsPort, 443)};
}
map $is_proxy $own_port {
  default $listened_port;
  1 $is_request_port$request_port;
}
map $is_proxy $https_port {
  default ${portText(httpsPort, 443)};
  1 '';
}`
