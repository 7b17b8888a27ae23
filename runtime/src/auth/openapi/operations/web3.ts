/** What `POST /token` takes of who has the key of a wallet. */
import { oneOf, text } from '../operation.ts'

export const WEB3 = {
  grant: 'web3',
  told: '`web3` `chain`, `message` and `signature`',
  fields: {
    chain: oneOf(['ethereum', 'solana'], 'Of which the wallet is.'),
    message: text(
      'What was signed: for this site, of now, as EIP-4361 has it; good once.',
      'shop.example.com wants you to sign in with your Ethereum account:',
    ),
    signature: text('Of the message: 0x and hex of Ethereum, base64 of Solana.', '0x2f4a'),
  },
  errors: { 400: ['web3_unsupported_chain'], 422: ['web3_provider_disabled'] },
} as const
