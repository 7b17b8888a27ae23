/** The version of this release: of the packages, the images' tags and what `status` answers. test/law keeps them equal. */
export const VERSION = '0.1.0'

/** The PostgREST whose API `/rest/v1` speaks. */
export const POSTGREST_VERSION = '14.17'
