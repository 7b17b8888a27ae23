/** Wallets as auth-js speaks to them, with keys of their own. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

function toBase58(bytes: Buffer): string {
  let [value, text] = [BigInt(`0x${bytes.toString('hex') || '0'}`), '']
  for (; value > 0n; value /= 58n) text = `${ALPHABET[Number(value % 58n)]}${text}`
  const zeros = bytes.findIndex((byte) => byte !== 0)
  return '1'.repeat(zeros < 0 ? bytes.length : zeros) + text
}

export type EthereumWallet = {
  address: string
  /** `0x` and 65 bytes, the last 27 or 28. */
  sign(text: string): `0x${string}`
  /** As `window.ethereum` is. */
  provider: { request(asked: { method: string; params?: unknown }): Promise<unknown> }
}

export function createEthereumWallet(): EthereumWallet {
  const { secretKey, publicKey } = secp256k1.keygen()
  const key = secp256k1.Point.fromBytes(publicKey).toBytes(false)
  const address = `0x${Buffer.from(keccak_256(key.subarray(1)).subarray(-20)).toString('hex')}`
  const sign = (text: string): `0x${string}` => {
    const bytes = Buffer.from(text)
    const hash = keccak_256(
      Buffer.concat([Buffer.from(`\x19Ethereum Signed Message:\n${bytes.length}`), bytes]),
    )
    const signed = secp256k1.sign(hash, secretKey, { prehash: false, format: 'recovered' })
    const last = Buffer.from([27 + (signed[0] ?? 0)])
    return `0x${Buffer.concat([signed.subarray(1), last]).toString('hex')}`
  }
  const provider = {
    async request({ method, params }: { method: string; params?: unknown }): Promise<unknown> {
      if (method === 'eth_requestAccounts') return [address]
      if (method === 'eth_chainId') return '0x1'
      const [hex = ''] = params as string[]
      return sign(Buffer.from(hex.slice(2), 'hex').toString())
    },
  }
  return { address, sign, provider }
}

export type SolanaWallet = {
  address: string
  sign(text: string): Uint8Array<ArrayBuffer>
  /** As `window.solana` is. */
  provider: {
    publicKey: { toBase58(): string }
    signMessage(message: Uint8Array): Promise<Uint8Array<ArrayBuffer>>
  }
}

export function createSolanaWallet(): SolanaWallet {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const address = toBase58(Buffer.from(String(publicKey.export({ format: 'jwk' }).x), 'base64url'))
  const signed = (message: Uint8Array) => new Uint8Array(sign(null, message, privateKey))
  return {
    ...{ address, sign: (text) => signed(Buffer.from(text)) },
    provider: { publicKey: { toBase58: () => address }, signMessage: async (message) => signed(message) },
  }
}
