/** Whether a message was signed with the key of its address. The libraries are loaded with the first such sign-in. */
import { createPublicKey, verify } from 'node:crypto'
import { fromBase58 } from './base58.ts'

const SOLANA_KEY_BYTES = 32
const ETHEREUM = /^0x[0-9a-f]{130}$/i
/** 64 bytes, with and without padding, in either alphabet. */
const SOLANA = /^[A-Za-z0-9+/_-]{86}(?:==)?$/

export const SIGNATURES = {
  ethereum: { form: ETHEREUM, words: '65 bytes in hexadecimal digits, after 0x' },
  solana: { form: SOLANA, words: '64 bytes in Base64' },
} as const

type Signed = { text: string; address: string; signature: string }

export const isSignedBy = (chain: 'ethereum' | 'solana', signed: Signed): Promise<boolean> =>
  chain === 'ethereum' ? isSignedByEthereum(signed) : Promise.resolve(isSignedBySolana(signed))

/** An address of Solana is the Ed25519 key itself. */
function isSignedBySolana({ text, address, signature }: Signed): boolean {
  const key = fromBase58(address)
  if (key?.length !== SOLANA_KEY_BYTES) return false
  try {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: key.toString('base64url') }
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' })
    return verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'base64url'))
  } catch {
    // No point of the curve.
    return false
  }
}

/** ERC-191: what wallets put before a text, so that no text is a transaction. */
const prefixed = (text: string): Buffer => {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from(`\x19Ethereum Signed Message:\n${bytes.length}`), bytes])
}

/**
 * The key follows from the signature, and the address from the key. Contracts that are wallets (ERC-1271) would have to be
 * asked on their chain: they are refused.
 */
async function isSignedByEthereum({ text, address, signature }: Signed): Promise<boolean> {
  const [{ secp256k1 }, { keccak_256 }] = await Promise.all([
    import('@noble/curves/secp256k1.js'),
    import('@noble/hashes/sha3.js'),
  ])
  const bytes = Buffer.from(signature.slice(2), 'hex')
  const last = bytes[64] ?? -1
  const recovery = last >= 27 ? last - 27 : last
  if (recovery !== 0 && recovery !== 1) return false
  try {
    const parsed = secp256k1.Signature.fromBytes(bytes.subarray(0, 64), 'compact')
    // The other of two signatures that are worth the same: no wallet writes it.
    if (parsed.hasHighS()) return false
    const key = parsed
      .addRecoveryBit(recovery)
      .recoverPublicKey(keccak_256(prefixed(text)))
      .toBytes(false)
    const owner = Buffer.from(keccak_256(key.subarray(1)).subarray(-20)).toString('hex')
    return `0x${owner}` === address
  } catch {
    // No signature of any key.
    return false
  }
}
