/** The OpenID Connect provider that the suites sign in with: a tool of tests, in which nothing of the product is. */
export {
  CLIENT,
  makeKey,
  type OidcHarness,
  REDIRECT_URI,
  type SigningJwk,
  sign,
  startOidc,
  walk,
} from '@cascata/runtime/auth/providers/oidc-harness'
