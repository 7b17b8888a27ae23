/** Identity providers of a project, as the control API shows and takes them: in GoTrue's own words. */
import { z } from 'zod'

const Url = z.url().max(2_048)
/** As long as auth takes it; control's bound of a body lies above. */
const Xml = z
  .string()
  .min(1)
  .max(512 * 1024)
const Domain = z.string().trim().min(1).max(253)

/** What is here is always there; more may be, as the project's release has it. */
export const AuthSsoProvider = z
  .looseObject({
    id: z.uuid(),
    resource_id: z.string().optional(),
    disabled: z.boolean(),
    saml: z.looseObject({
      entity_id: z.string(),
      /** Not in a list. */
      metadata_xml: z.string().optional(),
      metadata_url: z.string().optional(),
      attribute_mapping: z.record(z.string(), z.unknown()),
      name_id_format: z.string().optional(),
    }),
    domains: z.array(z.looseObject({ domain: z.string() })),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'AuthSsoProvider' })
export type AuthSsoProvider = z.infer<typeof AuthSsoProvider>

export const AuthSsoProviders = z.object({ items: z.array(AuthSsoProvider) }).meta({ id: 'AuthSsoProviders' })

const given = {
  /** Read again from time to time; or the metadata themselves, in its place. */
  metadata_url: Url.optional(),
  metadata_xml: Xml.optional(),
  domains: z.array(Domain).max(500).optional(),
  attribute_mapping: z.record(z.string(), z.unknown()).optional(),
  name_id_format: z.string().min(1).max(200).optional(),
  resource_id: z.string().min(1).max(1_000).optional(),
  disabled: z.boolean().optional(),
}

export const CreateAuthSsoProvider = z.strictObject(given).meta({
  id: 'CreateAuthSsoProvider',
  examples: [{ metadata_url: 'https://idp.example.com/metadata', domains: ['example.com'] }],
})
export type CreateAuthSsoProvider = z.infer<typeof CreateAuthSsoProvider>

/** What is not named stays; the entity id always does. */
export const ChangeAuthSsoProvider = z
  .strictObject(given)
  .meta({ id: 'ChangeAuthSsoProvider', examples: [{ domains: ['example.com'] }] })
export type ChangeAuthSsoProvider = z.infer<typeof ChangeAuthSsoProvider>
