/** The version of this release: of the packages, the images' tags and what `status` answers. test/law keeps them equal. */
export const VERSION = '0.1.0'
