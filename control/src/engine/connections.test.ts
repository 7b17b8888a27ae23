import { REPLICAS_MAX } from '@cascata/shared/contract/replica-settings'
import { describe, expect, test } from 'vitest'
import { connectionSettings, connectionShare, FOR_RUNTIMES } from './connections.ts'

const COUNTS = Array.from({ length: REPLICAS_MAX }, (_, at) => at + 1)

describe('connections', () => {
  test.each(COUNTS)('%i replicas and one that takes over keep within what is theirs', (count) => {
    const { poolSize, spareConnections } = connectionShare(count)
    expect((count + 1) * (poolSize + spareConnections + 1)).toBeLessThanOrEqual(FOR_RUNTIMES)
    expect(poolSize).toBeGreaterThan(0)
    expect(spareConnections).toBeGreaterThan(0)
  })

  test('one replica, or two, have what a runtime by itself takes', () => {
    expect(connectionShare(1)).toEqual({ poolSize: 4, spareConnections: 4 })
    expect(connectionShare(2)).toEqual({ poolSize: 4, spareConnections: 4 })
  })

  test('all runtimes at their limit leave connections to the tenant', () => {
    const {
      max_connections: all,
      superuser_reserved_connections: own,
      reserved_connections: kept,
    } = connectionSettings
    expect(Number(all) - Number(own) - Number(kept) - FOR_RUNTIMES).toBeGreaterThanOrEqual(20)
  })
})
