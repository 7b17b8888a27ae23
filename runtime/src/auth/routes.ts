/** Every endpoint: who may call it and what it does. A path's `:name` is a parameter. */
import type { Access } from './access.ts'
import type { Context } from './context.ts'
import type { AddressRate } from './rates/rate-limits.ts'
import type { AuthAnswer, AuthRequest } from './request.ts'
import {
  deleteCustomProvider,
  getCustomProvider,
  getCustomProviders,
  postCustomProvider,
  putCustomProvider,
} from './routes/admin-custom-providers.ts'
import { deleteAdminFactor, getAdminFactors, putAdminFactor } from './routes/admin-factors.ts'
import { getAudit, postGenerateLink, postInvite } from './routes/admin-links.ts'
import { postAdminLogout } from './routes/admin-logout.ts'
import {
  deleteClient,
  getClient,
  getClients,
  postClient,
  postClientSecret,
  putClient,
} from './routes/admin-oauth-clients.ts'
import { deleteAdminPasskey, getAdminPasskeys } from './routes/admin-passkeys.ts'
import {
  dropSsoProvider,
  getSsoProvider,
  getSsoProviders,
  postSsoProvider,
  putSsoProvider,
} from './routes/admin-sso.ts'
import { deleteAdminUser, getAdminUser, getUsers, postAdminUser, putAdminUser } from './routes/admin-users.ts'
import {
  deleteOwnFactor,
  postChallenge,
  postFactor,
  postFactorVerify,
  postRecoveryCodes,
} from './routes/factors.ts'
import { postMagicLink, postOtp, postRecover, postResend } from './routes/letters.ts'
import { postLogout } from './routes/logout.ts'
import { callback, deleteIdentity, getAuthorize, getLinkIdentity } from './routes/oauth.ts'
import { deleteGrant, getGrants } from './routes/oauth-grants.ts'
import {
  authorize,
  getAuthorization,
  getServerMetadata,
  postConsent,
  postRegistration,
  userinfo,
} from './routes/oauth-server.ts'
import { postOAuthToken } from './routes/oauth-token.ts'
import {
  deleteOwnPasskey,
  getPasskeys,
  patchPasskey,
  postAuthenticationOptions,
  postAuthenticationVerify,
  postRegistrationOptions,
  postRegistrationVerify,
} from './routes/passkeys.ts'
import { getHealth, getKeys, getOpenIdConfiguration, getSettings } from './routes/public.ts'
import { deleteSession, getSessions } from './routes/sessions.ts'
import { postSignUp } from './routes/sign-up.ts'
import { getSamlMetadata, postSamlAcs, postSso } from './routes/sso.ts'
import { postToken } from './routes/token.ts'
import { getUnlock, postAdminUnlock } from './routes/unlock.ts'
import { getReauthenticate, getUser, putUser } from './routes/user.ts'
import { getVerify, postVerify } from './routes/verify.ts'

export type Route = {
  access: Access
  /** Of which budget of a client's address a call takes. */
  rate?: AddressRate
  /** Sends nothing and asks nobody outside, whatever the settings are. */
  staysInside?: true
  run: (context: Context, request: AuthRequest) => AuthAnswer | Promise<AuthAnswer>
}

export const ROUTES: Readonly<Record<string, Route>> = {
  'GET /health': { access: 'open', staysInside: true, run: getHealth },
  'GET /settings': { access: 'key', staysInside: true, run: getSettings },
  'GET /.well-known/jwks.json': { access: 'open', staysInside: true, run: getKeys },
  'GET /.well-known/openid-configuration': { access: 'open', staysInside: true, run: getOpenIdConfiguration },
  'GET /.well-known/oauth-authorization-server': {
    access: 'open',
    staysInside: true,
    run: getServerMetadata,
  },
  'POST /signup': { access: 'key', rate: 'otp', run: postSignUp },
  'POST /token': { access: 'key', run: postToken },
  'POST /otp': { access: 'key', rate: 'otp', run: postOtp },
  'POST /magiclink': { access: 'key', rate: 'otp', run: postMagicLink },
  'POST /recover': { access: 'key', rate: 'otp', run: postRecover },
  'POST /resend': { access: 'key', rate: 'otp', run: postResend },
  'POST /verify': { access: 'key', rate: 'verify', run: postVerify },
  'GET /verify': { access: 'open', rate: 'verify', run: getVerify },
  'GET /unlock': { access: 'open', rate: 'verify', staysInside: true, run: getUnlock },
  'GET /authorize': { access: 'open', run: getAuthorize },
  'GET /callback': { access: 'open', run: callback },
  'POST /callback': { access: 'open', run: callback },
  'GET /user/identities/authorize': { access: 'user', run: getLinkIdentity },
  'DELETE /user/identities/:id': { access: 'user', run: deleteIdentity },
  'GET /user/sessions': { access: 'user', staysInside: true, run: getSessions },
  'DELETE /user/sessions/:id': { access: 'user', staysInside: true, run: deleteSession },
  'GET /user/oauth/grants': { access: 'user', staysInside: true, run: getGrants },
  'DELETE /user/oauth/grants': { access: 'user', staysInside: true, run: deleteGrant },
  'GET /oauth/authorize': { access: 'open', rate: 'authorization', staysInside: true, run: authorize },
  'POST /oauth/authorize': { access: 'open', rate: 'authorization', staysInside: true, run: authorize },
  'GET /oauth/authorizations/:id': { access: 'user', staysInside: true, run: getAuthorization },
  'POST /oauth/authorizations/:id/consent': { access: 'user', staysInside: true, run: postConsent },
  'POST /oauth/token': { access: 'open', run: postOAuthToken },
  'GET /oauth/userinfo': { access: 'user', staysInside: true, run: userinfo },
  'POST /oauth/userinfo': { access: 'user', staysInside: true, run: userinfo },
  'POST /oauth/clients/register': {
    access: 'open',
    rate: 'registration',
    staysInside: true,
    run: postRegistration,
  },
  'POST /logout': { access: 'user', staysInside: true, run: postLogout },
  'GET /user': { access: 'user', staysInside: true, run: getUser },
  'PUT /user': { access: 'user', rate: 'otp', run: putUser },
  'GET /reauthenticate': { access: 'user', rate: 'otp', run: getReauthenticate },
  'POST /factors': { access: 'user', rate: 'verify', run: postFactor },
  'POST /factors/recovery-codes': { access: 'user', rate: 'verify', run: postRecoveryCodes },
  'POST /factors/:id/challenge': { access: 'user', rate: 'verify', run: postChallenge },
  'POST /factors/:id/verify': { access: 'user', rate: 'verify', run: postFactorVerify },
  'DELETE /factors/:id': { access: 'user', run: deleteOwnFactor },
  'POST /passkeys/registration/options': { access: 'user', rate: 'passkey', run: postRegistrationOptions },
  'POST /passkeys/registration/verify': { access: 'user', rate: 'passkey', run: postRegistrationVerify },
  'POST /passkeys/authentication/options': { access: 'key', rate: 'passkey', run: postAuthenticationOptions },
  'POST /passkeys/authentication/verify': { access: 'key', rate: 'passkey', run: postAuthenticationVerify },
  'GET /passkeys': { access: 'user', run: getPasskeys },
  'PATCH /passkeys/:id': { access: 'user', run: patchPasskey },
  'DELETE /passkeys/:id': { access: 'user', run: deleteOwnPasskey },
  'POST /sso': { access: 'key', rate: 'sso', run: postSso },
  'GET /sso/saml/metadata': { access: 'open', staysInside: true, run: getSamlMetadata },
  'POST /sso/saml/acs': { access: 'open', rate: 'assertion', run: postSamlAcs },
  'POST /invite': { access: 'admin', run: postInvite },
  'POST /admin/generate_link': { access: 'admin', run: postGenerateLink },
  'GET /admin/audit': { access: 'admin', run: getAudit },
  'GET /admin/users': { access: 'admin', run: getUsers },
  'POST /admin/users': { access: 'admin', run: postAdminUser },
  'GET /admin/users/:id': { access: 'admin', run: getAdminUser },
  'PUT /admin/users/:id': { access: 'admin', run: putAdminUser },
  'DELETE /admin/users/:id': { access: 'admin', run: deleteAdminUser },
  'POST /admin/users/:id/logout': { access: 'admin', staysInside: true, run: postAdminLogout },
  'POST /admin/users/:id/unlock': { access: 'admin', staysInside: true, run: postAdminUnlock },
  'GET /admin/users/:id/factors': { access: 'admin', run: getAdminFactors },
  'PUT /admin/users/:id/factors/:factor': { access: 'admin', run: putAdminFactor },
  'DELETE /admin/users/:id/factors/:factor': { access: 'admin', run: deleteAdminFactor },
  'GET /admin/oauth/clients': { access: 'admin', staysInside: true, run: getClients },
  'POST /admin/oauth/clients': { access: 'admin', staysInside: true, run: postClient },
  'GET /admin/oauth/clients/:id': { access: 'admin', staysInside: true, run: getClient },
  'PUT /admin/oauth/clients/:id': { access: 'admin', staysInside: true, run: putClient },
  'DELETE /admin/oauth/clients/:id': { access: 'admin', staysInside: true, run: deleteClient },
  'POST /admin/oauth/clients/:id/regenerate_secret': {
    access: 'admin',
    staysInside: true,
    run: postClientSecret,
  },
  'GET /admin/custom-providers': { access: 'admin', staysInside: true, run: getCustomProviders },
  'POST /admin/custom-providers': { access: 'admin', run: postCustomProvider },
  'GET /admin/custom-providers/:id': { access: 'admin', staysInside: true, run: getCustomProvider },
  'PUT /admin/custom-providers/:id': { access: 'admin', run: putCustomProvider },
  'DELETE /admin/custom-providers/:id': { access: 'admin', staysInside: true, run: deleteCustomProvider },
  'GET /admin/users/:id/passkeys': { access: 'admin', run: getAdminPasskeys },
  'DELETE /admin/users/:id/passkeys/:passkey': { access: 'admin', run: deleteAdminPasskey },
  'GET /admin/sso/providers': { access: 'admin', staysInside: true, run: getSsoProviders },
  'POST /admin/sso/providers': { access: 'admin', run: postSsoProvider },
  'GET /admin/sso/providers/:id': { access: 'admin', staysInside: true, run: getSsoProvider },
  'PUT /admin/sso/providers/:id': { access: 'admin', run: putSsoProvider },
  'DELETE /admin/sso/providers/:id': { access: 'admin', staysInside: true, run: dropSsoProvider },
}
