/** Paths that need no key. They stand apart from the routes, so that asking for one of another service loads none of them. */

const OPEN: Readonly<Record<string, readonly string[]>> = {
  GET: [
    ...['/health', '/.well-known/jwks.json', '/.well-known/openid-configuration', '/verify', '/unlock'],
    ...['/authorize', '/callback', '/sso/saml/metadata'],
    ...['/.well-known/oauth-authorization-server', '/oauth/authorize'],
  ],
  POST: [
    ...['/callback', '/sso/saml/acs'],
    ...['/oauth/authorize', '/oauth/token', '/oauth/clients/register'],
  ],
}

export const isOpenPath = (method: string, path: string): boolean => OPEN[method]?.includes(path) === true
