import { encode } from 'uqr'
import { expect, test } from 'vitest'
import { qrCodeSvg } from './qr-code.ts'
import { totpUri } from './totp.ts'

const uri = totpUri({
  secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
  issuer: 'shop',
  account: 'ada@example.com',
})

/** Paints what the path says, as a browser would. */
function painted(svg: string, size: number): boolean[][] {
  const modules = Array.from({ length: size }, () => Array<boolean>(size).fill(false))
  for (const [, x, y, length] of svg.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g))
    for (let at = Number(x); at < Number(x) + Number(length); at += 1) {
      const row = modules[Number(y)]
      if (row) row[at] = true
    }
  return modules
}

test('draws the modules of the code, with four white ones around it', async () => {
  const svg = await qrCodeSvg(uri)
  const size = Number(/viewBox="0 0 (\d+) \1"/.exec(svg)?.[1])
  const modules = painted(svg, size)
  expect(modules).toEqual(encode(uri, { ecc: 'M', border: 4 }).data)
  expect(modules.slice(0, 4).flat()).not.toContain(true)
  expect(modules[4]?.slice(4, 11)).toEqual(Array(7).fill(true))
})

test('stays whole as a data address, which auth-js makes of it without encoding anything', async () => {
  const svg = await qrCodeSvg(uri)
  expect(svg).not.toMatch(/[#%\r\n]/)
  const address = new URL(`data:image/svg+xml;utf-8,${svg}`)
  expect([address.hash, address.search]).toEqual(['', ''])
})
