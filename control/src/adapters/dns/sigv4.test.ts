import { expect, test } from 'vitest'
import { signV4 } from './sigv4.ts'

/** AWS publishes these with the signature they must come to (its test suite for Signature Version 4). */
test.each([
  ['a plain request', '/', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  [
    'a query in another order',
    '/?Param2=value2&Param1=value1',
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
])('signs %s as AWS does', (_sentence, path, signature) => {
  const credentials = {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  }
  const { authorization } = signV4(credentials, {
    ...{ method: 'GET', url: new URL(`https://example.amazonaws.com${path}`), body: '' },
    ...{ region: 'us-east-1', service: 'service', now: Date.parse('2015-08-30T12:36:00Z') },
  })
  expect(authorization).toContain('Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request')
  expect(authorization).toContain(`Signature=${signature}`)
})
