import { describe, expect, test } from 'vitest'
import { createEgress, hasDefaultRoute } from './egress.ts'

const HEAD = 'Iface\tDestination\tGateway \tFlags\n'
const LOCAL = `${HEAD}eth0\t0000FEA9\t00000000\t0001\n`
const ROUTED = `${HEAD}eth0\t00000000\t010011AC\t0003\neth0\t000011AC\t00000000\t0001\n`

test.each([
  ['none where nothing is listed', HEAD, false],
  ['none where only what is near can be reached', LOCAL, false],
  ['one where everything else goes somewhere', ROUTED, true],
])('a default route: %s', (_sentence, table, expected) => {
  expect(hasDefaultRoute(table)).toBe(expected)
})

describe('the way out', () => {
  test('is waited for, once', async () => {
    let looks = 0
    const egress = createEgress({
      read: async () => {
        looks += 1
        return looks < 3 ? HEAD : ROUTED
      },
    })
    await Promise.all([egress.ready(), egress.ready()])
    await egress.ready()
    expect(looks).toBe(3)
  })

  test('is not waited for for ever, nor where there is no such list', async () => {
    await createEgress({ read: async () => HEAD, waitMsMax: 50 }).ready()
    await createEgress({ read: () => Promise.reject(new Error('no such file')) }).ready()
  })
})
