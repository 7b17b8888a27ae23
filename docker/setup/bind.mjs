/** At which of the machine's addresses an instance is reached. Pure; control itself sees only the inside of its container. */

/**
 * The loopback, or with a domain all addresses; of IPv6 too, where the machine has it. Where proxies in front are
 * named, IPv4 alone: Docker shows whoever comes over IPv6 as an address of its own, which may be one of them.
 *
 * @param interfaces as `os.networkInterfaces()` tells them
 */
export function bindOf({ named, local, hasProxies }, interfaces) {
  if (named) return named.split(',').flatMap((each) => each.trim() || [])
  const own = Object.values(interfaces).flatMap((addresses) => addresses ?? [])
  const six = own.filter(({ family }) => family === 'IPv6')
  if (local) return ['127.0.0.1', ...(six.some(({ address }) => address === '::1') ? ['::1'] : [])]
  // One of a link alone is nobody's who comes from elsewhere.
  const isReached = six.some(({ internal, address }) => !internal && !/^fe[89ab]/i.test(address))
  return ['0.0.0.0', ...(isReached && !hasProxies ? ['::'] : [])]
}

/** Where this machine reaches the edge. */
export function hostAt(bind) {
  const first = bind.find((each) => !each.includes(':')) ?? bind[0]
  if (first === '0.0.0.0') return '127.0.0.1'
  return first === '::' ? '::1' : first
}
